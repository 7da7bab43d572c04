/**
 * What the binding adds to the engine: the addon's raw functions beside the same calls from Rust, and `SharedCache` on
 * top. 10 k string keys in the same order in all of them; needs Cargo, for benchmark/engine.rs.
 *
 * A number and a string need no encoding in JavaScript, so their set is all binding.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { SharedCache } from '../dist/index.js'
import { ANSWER, CACHE, call, KIND, MAKE, native, number } from '../dist/native.js'
import { argument, type Bar, benchmark, type Figures, nanoseconds } from './_harness.mjs'
import { COUNT, KEYS, key as keyAt } from './_workload.mjs'

const MAX_BYTES = 256 * 2 ** 20
const STRING = 'x'.repeat(64)
/** The kinds of value as lib/codecs.ts has them. */
const NUMBER_KIND = 4
const STRING_KIND = 5

/** The keys as they are read, lying in memory in that order, each in one piece: as benchmark/engine.rs has them. */
const ORDER = KEYS.map((_, i) => Buffer.from(keyAt(i)).toString('latin1'))
const key = (index: number): string => ORDER[index % COUNT] as string

/** The engine as fast as a loop in Rust can drive it, or one operation after the other. */
function measureEngine(which: 'driven' | 'in turn'): Figures {
  const { stdout, stderr, status } = spawnSync('cargo', cargo('run'), { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  const [driven, inTurn] = JSON.parse(stdout) as [Figures, Figures]
  return which === 'driven' ? driven : inTurn
}

function cargo(command: string): string[] {
  return [command, '--quiet', '--release', '--no-default-features', '--example', 'engine']
}

/** Nothing ends, and nothing is kept stale. */
const SPANS: Parameters<typeof native.create>[5] = [Infinity, Infinity, 0, 0, 0]

function measureAddon(): Figures {
  const make = (): number => native.create(undefined, MAKE, MAX_BYTES, Infinity, 0, SPANS, 'structured')
  const [numbers, strings] = [make(), make()]
  const at = (cache: number): typeof native => {
    call[CACHE] = cache
    return native
  }
  const setNumber = (key: string, value: number): void => {
    call[KIND] = NUMBER_KIND
    number[0] = value
    at(numbers).set(key, undefined)
  }
  const setString = (key: string): void => {
    call[KIND] = STRING_KIND
    at(strings).set(key, STRING)
  }
  for (const each of KEYS) {
    setNumber(each, 1.5)
    setString(each)
  }
  return {
    has: nanoseconds((index) => at(numbers).has(key(index)) ?? call[ANSWER]),
    'get, number': nanoseconds((index) => at(numbers).get(key(index)) ?? number[0]),
    'get, string of 64': nanoseconds((index) => at(strings).get(key(index))),
    'set, number': nanoseconds((index) => setNumber(key(index), index)),
    'set, string of 64': nanoseconds((index) => setString(key(index))),
  }
}

function measureClass(): Figures {
  const numbers = new SharedCache<number, string>({ maxBytes: MAX_BYTES })
  const strings = new SharedCache<string, string>({ maxBytes: MAX_BYTES })
  for (const each of KEYS) {
    numbers.set(each, 1.5)
    strings.set(each, STRING)
  }
  return {
    has: nanoseconds((index) => numbers.has(key(index))),
    'get, number': nanoseconds((index) => numbers.get(key(index))),
    'get, string of 64': nanoseconds((index) => strings.get(key(index))),
    'set, number': nanoseconds((index) => numbers.set(key(index), index)),
    'set, string of 64': nanoseconds((index) => strings.set(key(index), STRING)),
  }
}

const bar = (measurement: string, more: number): Bar => ({
  measurement,
  rival: 'addon',
  against: 'engine',
  more,
})

if (argument('--rival') === undefined) {
  const { status } = spawnSync('cargo', cargo('build'), { stdio: 'inherit' })
  if (status !== 0)
    throw new Error('The engine could not be built; `cargo` says why above, or is not installed.')
}

await benchmark(
  fileURLToPath(import.meta.url),
  {
    engine: () => measureEngine('driven'),
    'engine, in turn': () => measureEngine('in turn'),
    addon: measureAddon,
    SharedCache: measureClass,
  },
  [
    bar('has', 60),
    bar('get, number', 60),
    bar('get, string of 64', 130),
    bar('set, number', 100),
    bar('set, string of 64', 100),
  ],
)

/**
 * What `Cache` costs beside the caches that are used in its place, and beside a Map that has no limit.
 *
 * All keys are held and the cache is full, so every `hit` is one. A prebuilt key is the very string that was stored, so a
 * Map compares a pointer and knows the hash; a freshly built one is `'user:' + id` anew for each operation, which counts
 * too. `insert at capacity` stores keys that were never there before and never come again, after all the reads.
 *
 * It is processor time that counts, of all threads of the process, so the garbage collector's too.
 *
 * What favours others: lru-cache asks the clock once and takes its word until the event loop turns, which it does not
 * here; transitory clears up in a timer too, and meanwhile holds more than its limit; quick-lru may hold twice as much as
 * it says. lru.min has no ttl.
 *
 * Options: --rounds N (5), --part NAME (part of a part's name, such as '1 M'), --rivals NAME,NAME.
 */
import { fileURLToPath } from 'node:url'
import { MAKE, type Make, type Operations } from './_cache-rivals.mjs'
import {
  ABSENT,
  freshKey,
  HELD,
  intKey,
  type KeyOf,
  NEW,
  SEQUENCE,
  stringKey,
  valueAt,
  zipfSequence,
} from './_cache-workload.mjs'
import { argument, type Bar, benchmark, type Figures, median } from './_harness.mjs'

const HOUR = 3600e3
const LAST = SEQUENCE - 1

/** How often the whole sequence runs: first unmeasured, then measured. */
const WARM_UPS = 1
const PASSES = 3

/** What is measured in one process. */
interface Part {
  name: string
  count: number
  keyOf: KeyOf
  ttl?: number
  /** How many times lru-cache's insert at capacity may take. */
  insert: number
}

const SMALL = { count: 10_000, insert: 2 }
const LARGE = { count: 1_000_000, insert: 1.3 }
const PARTS: Part[] = [
  { name: '10 k strings', ...SMALL, keyOf: stringKey },
  { name: '10 k strings, ttl of 1 h', ...SMALL, keyOf: stringKey, ttl: HOUR },
  { name: '10 k ints', ...SMALL, keyOf: intKey },
  { name: '1 M strings', ...LARGE, keyOf: stringKey },
  { name: '1 M strings, ttl of 1 h', ...LARGE, keyOf: stringKey, ttl: HOUR },
  { name: '1 M ints', ...LARGE, keyOf: intKey },
]

function measure({ count, keyOf, ttl }: Part, make: Make): Figures {
  const cache = make(count, ttl)
  if (cache === undefined) return {}
  const ids = zipfSequence(count)
  const held = Array.from({ length: count }, (_, id) => keyOf(HELD, id))
  for (const [id, key] of held.entries()) cache.set(key, valueAt(id))
  const asked = Array.from(ids, (id) => held[id]!)
  const figures: Figures = {
    hit: nanoseconds((index) => cache.get(asked[index & LAST]!), true),
  }
  if (ttl === undefined) {
    const absent = Array.from({ length: count }, (_, id) => keyOf(ABSENT, id))
    const sought = Array.from(ids, (id) => absent[id]!)
    figures.miss = nanoseconds((index) => cache.get(sought[index & LAST]!), false)
    if (keyOf === stringKey) {
      figures['hit, freshly built key'] = nanoseconds(
        (index) => cache.get(freshKey(HELD, ids[index & LAST]!)),
        true,
      )
    }
  }
  figures.update = nanoseconds((index) => cache.set(asked[index & LAST]!, valueAt(index)))
  if (ttl === undefined) figures['insert at capacity'] = nanosecondsOfInserts(cache, count, keyOf)
  cache.end?.()
  return figures
}

/**
 * Nanoseconds that all threads of the process have worked so far, those of the garbage collector too: what else runs on
 * the machine is left out.
 */
function worked(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

/** Nanoseconds an operation in the best pass; `found` says of all whether they have to find something. */
function nanoseconds(operation: (index: number) => unknown, found?: boolean): number {
  const loop = loopOf(operation)
  let best = Number.POSITIVE_INFINITY
  for (let pass = 0; pass < WARM_UPS + PASSES; pass++) {
    const start = worked()
    const finds = loop(pass * SEQUENCE, (pass + 1) * SEQUENCE)
    const spent = worked() - start
    if (found !== undefined && finds !== (found ? SEQUENCE : 0)) {
      throw new Error(`${finds} of ${SEQUENCE} operations found something`)
    }
    if (pass >= WARM_UPS) best = Math.min(best, spent / SEQUENCE)
  }
  return best
}

/**
 * Nanoseconds that an insert of a key takes that was never there. The median of slices, each of which replaces all
 * entries of an LRU at least once, so that the Map's rehashing is in each of them.
 */
function nanosecondsOfInserts(cache: Operations, count: number, keyOf: KeyOf): number {
  const slice = Math.max(count, 100_000)
  const slices = count > 100_000 ? 4 : 10
  const keys = Array.from({ length: slice * slices }, (_, id) => keyOf(NEW, id))
  const loop = loopOf((index) => cache.set(keys[index]!, valueAt(index)))
  const figures: number[] = []
  for (let at = 0; at < slices; at++) {
    const start = worked()
    loop(at * slice, (at + 1) * slice)
    figures.push((worked() - start) / slice)
  }
  return median(figures.slice(1)) // the first warms up
}

type Loop = (from: number, to: number) => number

let loops = 0

/**
 * A loop over `operation`, compiled for it alone: one that had run another before could not inline it. It counts what the
 * operation finds, so that none can be left out.
 */
function loopOf(operation: (index: number) => unknown): Loop {
  loops++ // V8 would take the code of an equal source, and what it learnt of its calls
  const source = `
    return function loop${loops}(from, to) {
      let found = 0
      for (let index = from; index < to; index++) if (operation(index) != null) found++
      return found
    }`
  return new Function('operation', source)(operation)
}

/** The bars of a part: those on figures that it does not have are left out. */
const barsOf = ({ insert }: Part): Bar[] => {
  const bar = (measurement: string, times: number, rival = 'mokapot'): Bar => ({
    measurement,
    rival,
    against: 'lru-cache',
    times,
  })
  return [
    bar('hit', 1),
    bar('miss', 1.5),
    bar('hit, freshly built key', 1),
    bar('update', 1),
    bar('insert at capacity', insert),
    bar('hit', 1.2, 'mokapot lru'),
  ]
}

const inChild = argument('--rival') !== undefined
const names = argument('--rivals')?.split(',') ?? Object.keys(MAKE)
for (const part of PARTS) {
  const chosen = argument('--part') ?? ''
  if (inChild ? part.name !== chosen : !part.name.includes(chosen)) continue
  if (!inChild) console.log(`\n${part.name}`)
  const rivals = Object.fromEntries(names.map((name) => [name, () => measure(part, MAKE[name] as Make)]))
  await benchmark(fileURLToPath(import.meta.url), rivals, barsOf(part), {
    unit: 'ns of processor time an operation',
    part: part.name,
    args: ['--part', part.name],
  })
}

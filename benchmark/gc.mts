/**
 * What a large cache costs the garbage collector, and so everything else in the process: a million and three million
 * values of 1 KiB, and a million small objects, in caches that are full.
 *
 * - A forced full collection while all is held; the row `nothing held` is what one takes by itself.
 * - Under churn, for some seconds: each turn of the event loop reads and replaces some entries, with values made for it.
 *   The longest pause of the collector, and how late the event loop is.
 * - Resident memory an entry, after collections.
 *
 * All get the same heap flag, which a heap with three million Buffers needs. lru-cache, Map and `Cache` hold references;
 * SharedCache holds bytes and gives out copies. The Map has no limit: its churn replaces entries that it has.
 *
 * Options: --rounds N (3), --part NAME (part of a part's name), --seconds N of churn (4).
 */
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LRUCache } from 'lru-cache'
import { Cache, SharedCache } from '../dist/index.js'
import { argument, type Bar, benchmark, type Figures, median } from './_harness.mjs'

type Value = Buffer | { id: number; name: string; email: string; tags: string[]; active: boolean }

/** What is measured in one process. */
interface Part {
  name: string
  count: number
  codec: 'bytes' | 'structured'
  /** A new value. */
  make(id: number): Value
}

const bytes = (id: number): Value => Buffer.alloc(1024, id)
const object = (id: number): Value => ({
  id,
  name: `user ${id}`,
  email: `user${id}@example.org`,
  tags: ['admin', 'author'],
  active: true,
})

const PARTS: Part[] = [
  { name: '1 M values of 1 KiB', count: 1e6, codec: 'bytes', make: bytes },
  { name: '3 M values of 1 KiB', count: 3e6, codec: 'bytes', make: bytes },
  { name: '1 M small objects', count: 1e6, codec: 'structured', make: object },
]

const FLAGS = ['--max-old-space-size=12288']

const GC = 'forced full GC, ms'
const OWN_GC = 'forced full GC less that of nothing held, ms'
const PAUSE = 'churn: longest GC pause, ms'
const P99 = 'churn: event loop delay, p99, ms'
const LONGEST = 'churn: event loop delay, longest, ms'
const RESIDENT = 'resident bytes an entry'

/** How often a collection is forced; the median counts. */
const COLLECTIONS = 5

/** In each turn of the event loop so many entries are read and replaced. */
const READS = 50
const WRITES = 10

interface Store {
  get(key: string): unknown
  set(key: string, value: Value): unknown
}

type Make = (part: Part) => Store | undefined

/** What an entry of a SharedCache counts, as the cache itself tells. */
function costOf(part: Part, policy: 'tinylfu' | 'lru'): number {
  const cache = new SharedCache<Value, string>({ maxBytes: '64mb', codec: part.codec, policy })
  const { bytes } = cache.set(keyOf(part.count), part.make(part.count))
  cache.close()
  return bytes
}

const shared =
  (policy: 'tinylfu' | 'lru'): Make =>
  (part) =>
    new SharedCache<Value, string>({
      maxBytes: part.count * costOf(part, policy),
      codec: part.codec,
      policy,
    })

const RIVALS: Record<string, Make> = {
  SharedCache: shared('tinylfu'),
  'SharedCache, lru': shared('lru'),
  Cache: ({ count }) => new Cache<string, Value>({ max: count }),
  'lru-cache': ({ count }) => new LRUCache<string, Value>({ max: count }),
  Map: () => new Map<string, Value>(),
  'nothing held': () => undefined,
}

const keyOf = (id: number): string => `key:${id}`

async function measure(part: Part, name: string): Promise<Figures> {
  const make = RIVALS[name] as Make
  const { count } = part
  settle()
  const before = process.memoryUsage().rss
  const store = make(part)
  if (store !== undefined) {
    for (let id = 0; id < count; id++) store.set(keyOf(id), part.make(id))
  }
  await wait(1500) // what was freed on the way is given back
  settle()
  const held = process.memoryUsage().rss - before
  const figures: Figures = { [GC]: median(Array.from({ length: COLLECTIONS }, forced)) }
  if (store === undefined) return { ...figures, ...(await churn(part, new Map(), 1)) }
  const limit = name === 'Map' ? count : Number.POSITIVE_INFINITY
  return { ...figures, ...(await churn(part, store, limit)), [RESIDENT]: held / count }
}

/** Reads and writes in turns of the event loop; new keys unless there are to be no more than `limit`. */
async function churn(part: Part, store: Store, limit: number): Promise<Figures> {
  let longest = 0
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration)
  })
  observer.observe({ entryTypes: ['gc'] })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const end = performance.now() + Number(argument('--seconds') ?? 4) * 1000
  let next = part.count
  while (performance.now() < end) {
    for (let i = 0; i < READS; i++) store.get(keyOf((next * 7919 + i * 104_729) % part.count))
    for (let i = 0; i < WRITES; i++, next++) store.set(keyOf(next % limit), part.make(next))
    await turn()
  }
  delay.disable()
  await wait(10) // what the collector did last is told to the observer
  observer.disconnect()
  return { [PAUSE]: longest, [P99]: delay.percentile(99) / 1e6, [LONGEST]: delay.max / 1e6 }
}

/** The milliseconds of one full collection. */
function forced(): number {
  const start = performance.now()
  globalThis.gc?.()
  return performance.now() - start
}

function settle(): void {
  for (let i = 0; i < 4; i++) globalThis.gc?.()
}

const bars: Bar[] = [
  { measurement: OWN_GC, rival: 'SharedCache', against: 'lru-cache', times: 0.05 },
  { measurement: PAUSE, rival: 'SharedCache', most: 20 },
  { measurement: RESIDENT, rival: 'SharedCache', most: 1400 },
]

/** What holds something makes a collection longer than it is anyhow by so much. */
function ownShare(results: Map<string, Figures>): void {
  const anyhow = results.get('nothing held')?.[GC]
  if (anyhow === undefined) return
  for (const figures of results.values()) figures[OWN_GC] = Math.max(0, (figures[GC] as number) - anyhow)
}

const inChild = argument('--rival') !== undefined
for (const part of PARTS) {
  const chosen = argument('--part') ?? ''
  if (inChild ? part.name !== chosen : !part.name.includes(chosen)) continue
  if (!inChild) console.log(`\n${part.name}`)
  const rivals = Object.fromEntries(Object.keys(RIVALS).map((name) => [name, () => measure(part, name)]))
  await benchmark(fileURLToPath(import.meta.url), rivals, bars, {
    unit: 'as each row says',
    part: part.name,
    args: ['--part', part.name],
    flags: FLAGS,
    derive: ownShare,
    rounds: 3,
  })
}

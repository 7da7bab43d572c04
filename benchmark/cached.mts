/**
 * What a call answered from a cache costs, beside other ways to memoize: synchronous hits by the kind of arguments at 10 k and
 * 100 k keys, and awaited hits at 10 k.
 *
 * What the others do not do: memoize, fast-memoize and p-memoize hold all they are given. memoize looks at the first argument
 * alone unless it is told how to make a key; it is told to join the arguments, or to write them as JSON, where that is needed.
 * micro-memoize and moize compare with each key they hold, and so are left out where there are 100 k, and where keys are
 * objects, which takes them half a millisecond a call. lru-cache is called with
 * a key made by the caller. async-cache-dedupe, cacheable and bentocache are made for promises; bentocache is asked for its
 * memory layer alone.
 */
import { fileURLToPath } from 'node:url'
import { createCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Cacheable } from 'cacheable'
import fastMemoize from 'fast-memoize'
import { LRUCache } from 'lru-cache'
import memoize from 'memoize'
import { memoize as microMemoize } from 'micro-memoize'
import moize from 'moize'
import pMemoize from 'p-memoize'
import { Cache, cached, SharedCache } from '../dist/index.js'
import {
  type Bar,
  benchmark,
  type Figures,
  nanoseconds,
  nanosecondsAwaited,
  type Rival,
} from './_harness.mjs'

/** How many keys there are, and their names in the table. */
const FEW = 10_000
const MANY = 100_000
const COUNTS = [
  [FEW, '10 k'],
  [MANY, '100 k'],
] as const
/**
 * How often each key is read before: a `Cache` tells its policy of an entry's first reads one by one (the 1st, 2nd, 4th and so
 * on), later of one in 128. At 100 k keys a measurement is too short to get there by itself.
 */
const WARM_READS = 20
/** How many calls are awaited in a batch, one after the other, and how many batches there are. */
const BATCH = 10_000
const BATCHES = 20

interface Arguments {
  int: [number]
  string: [string]
  two: [string, number]
  object: [{ id: number; name: string; active: boolean }]
}
type Kind = keyof Arguments
const NAMES: Record<Kind, string> = {
  int: 'one int',
  string: 'one string',
  two: 'string and int',
  object: 'small object',
}
const KINDS = Object.keys(NAMES) as Kind[]

// biome-ignore lint/suspicious/noExplicitAny: the kinds of arguments are measured one by one
type Fn = (...args: any[]) => unknown

/** Arguments in an order that is not theirs. */
function argumentsOf(kind: Kind, count: number): unknown[][] {
  const make: { [K in Kind]: (i: number) => Arguments[K] } = {
    int: (i) => [i],
    string: (i) => [`user:profile:${i}`],
    two: (i) => [`user:profile:${i % 100}`, i],
    object: (i) => [{ id: i, name: `user ${i}`, active: true }],
  }
  return Array.from({ length: count }, (_, i) => make[kind]((i * 7919) % count))
}

const identity: Fn = (first, second) => second ?? first

/** Hits of what `make` makes for a kind of arguments and a number of keys; undefined where it is left out. */
function hits(make: (kind: Kind, count: number) => Fn | undefined, isSlow = false): Rival {
  return async () => {
    const figures: Figures = {}
    for (const kind of KINDS) {
      for (const [count, name] of COUNTS) {
        const fn = make(kind, count)
        if (fn === undefined) continue
        const calls = argumentsOf(kind, count)
        for (let i = 0; i <= (isSlow ? 0 : WARM_READS); i++) for (const args of calls) fn(...args)
        const firsts = calls.map(([first]) => first)
        const seconds = calls.map(([, second]) => second)
        const call =
          kind === 'two'
            ? (index: number) => fn(firsts[index % count], seconds[index % count])
            : (index: number) => fn(firsts[index % count])
        figures[`${NAMES[kind]}, ${name}`] = isSlow ? await nanosecondsOfFew(call) : nanoseconds(call)
      }
      const [few, many] = COUNTS.map(([, name]) => figures[`${NAMES[kind]}, ${name}`])
      if (few !== undefined && many !== undefined) figures[`${NAMES[kind]}, more with 100 k`] = many - few
    }
    return figures
  }
}

/** For calls that take so long that a few of them tell. */
function nanosecondsOfFew(call: (index: number) => unknown): Promise<number> {
  const batch = async (first: number, count: number): Promise<void> => {
    for (let i = first; i < first + count; i++) call(i)
  }
  return nanosecondsAwaited(batch, 500, 3)
}

type Ask = (key: string) => Promise<unknown>

/** Awaited hits. */
function awaited(make: () => Record<string, Ask>): Rival {
  return async () => {
    const figures: Figures = {}
    const keys = argumentsOf('string', FEW).map(([key]) => key as string)
    for (const [name, ask] of Object.entries(make())) {
      for (const key of keys) await ask(key)
      const batch = async (first: number, count: number): Promise<void> => {
        for (let i = first; i < first + count; i++) await ask(keys[i % FEW] as string)
      }
      figures[name] = await nanosecondsAwaited(batch, BATCH, BATCHES)
    }
    return figures
  }
}

const both =
  (first: Rival, second: Rival): Rival =>
  async () => ({ ...(await first()), ...(await second()) })

/** What a CommonJS package exports as default, whose types say it is a module. */
const callable = (imported: unknown): ((fn: Fn, options?: { maxSize: number }) => Fn) => imported as () => Fn

const AWAITED = 'hit, awaited'
const SHARED = 'hit by getOrSet, awaited'
const load = async (key: string): Promise<{ key: string }> => ({ key })

const cacheKeys: Partial<Record<Kind, (args: unknown[]) => string>> = {
  two: (args) => args.join(','),
  object: JSON.stringify,
}

const rivals: Record<string, Rival> = {
  mokapot: both(
    hits((_, count) => cached(identity, { max: count })),
    awaited(() => {
      const cache = new Cache<string, unknown>({ max: FEW })
      const shared = new SharedCache<unknown, string>({ maxBytes: '64mb' })
      return {
        [AWAITED]: cached(load, { max: FEW }),
        [`${AWAITED}, Cache.getOrSet`]: (key) => cache.getOrSet(key, load),
        [SHARED]: (key) => shared.getOrSet(key, load),
      }
    }),
  ),
  memoize: hits((kind) => {
    const cacheKey = cacheKeys[kind]
    return cacheKey === undefined ? memoize(identity) : memoize(identity, { cacheKey })
  }),
  'micro-memoize': hits(
    (kind, count) =>
      count === FEW && kind !== 'object' ? microMemoize(identity, { maxSize: count }) : undefined,
    true,
  ),
  moize: hits(
    (kind, count) =>
      count === FEW && kind !== 'object' ? callable(moize)(identity, { maxSize: count }) : undefined,
    true,
  ),
  'fast-memoize': hits(() => callable(fastMemoize)(identity)),
  'lru-cache memo': both(
    hits((kind, max) => {
      const cache = new LRUCache<NonNullable<unknown>, NonNullable<unknown>>({
        max,
        memoMethod: (key) => key,
      })
      const cacheKey = cacheKeys[kind]
      return cacheKey === undefined
        ? (first) => cache.memo(first)
        : kind === 'two'
          ? (first, second) => cache.memo(`${first},${second}`)
          : (first) => cache.memo(cacheKey([first]))
    }),
    awaited(() => {
      const cache = new LRUCache<string, { key: string }>({ max: FEW, fetchMethod: load })
      return {
        [AWAITED]: (key) => cache.fetch(key),
        [`${AWAITED}, Cache.getOrSet`]: (key) => cache.fetch(key),
      }
    }),
  ),
  'p-memoize': awaited(() => ({ [AWAITED]: pMemoize(load) })),
  'async-cache-dedupe': awaited(() => {
    const cache = createCache({ ttl: 3600, storage: { type: 'memory', options: { size: FEW } } })
    return { [AWAITED]: cache.define('load', load).load }
  }),
  'cacheable wrap': awaited(() => ({
    [AWAITED]: new Cacheable().wrap(load, { ttl: '1h', keyPrefix: 'load' }) as Ask,
  })),
  bentocache: awaited(() => {
    const store = bentostore().useL1Layer(memoryDriver({ maxItems: FEW }))
    const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
    const ask: Ask = (key) => bento.getOrSet({ key, factory: () => load(key), ttl: '1h' })
    return { [AWAITED]: ask, [SHARED]: ask }
  }),
}

const bar = (measurement: string, against: string, times: number): Bar => ({
  measurement,
  rival: 'mokapot',
  against,
  times,
})

await benchmark(fileURLToPath(import.meta.url), rivals, [
  ...KINDS.flatMap((kind) =>
    ['10 k', '100 k', 'more with 100 k'].map((name) => bar(`${NAMES[kind]}, ${name}`, 'memoize', 1)),
  ),
  bar(`${AWAITED}, Cache.getOrSet`, 'lru-cache memo', 1.5),
  bar(AWAITED, 'lru-cache memo', 1.5),
  bar(SHARED, 'bentocache', 1 / 5),
])

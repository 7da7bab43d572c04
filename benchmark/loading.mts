/**
 * What `getOrSet` costs a caller who awaits it, one after another, when the value is there and when it is to be loaded:
 * a `Cache` and a `SharedCache` beside lru-cache's `fetch`, bentocache and async-cache-dedupe. 10 k string keys; the load is a function
 * that returns at once.
 *
 * What the others do not do: each belongs to one thread and, as `Cache` does, hands all callers the same object.
 */
import { createCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { LRUCache } from 'lru-cache'
import { Cache, SharedCache } from '../dist/index.js'
import { type Bar, benchmark, type Figures, nanosecondsAwaited } from './_harness.mjs'
import { COUNT, KEYS, key } from './_workload.mjs'

/** How often all keys are asked for; the quickest time counts. */
const BATCHES = 10

const load = (key: string): { name: string } => ({ name: key })

async function measure(
  ask: (key: string) => Promise<unknown>,
  forget: () => unknown,
  withOptions?: (key: string) => Promise<unknown>,
): Promise<Figures> {
  const each = (ask: (key: string) => Promise<unknown>) => async (first: number, count: number) => {
    for (let i = first; i < first + count; i++) await ask(key(i))
  }
  const missing = async (first: number, count: number): Promise<void> => {
    await forget()
    await each(ask)(first, count)
  }
  const miss = await nanosecondsAwaited(missing, COUNT, BATCHES)
  for (const key of KEYS) await ask(key)
  const hit = await nanosecondsAwaited(each(ask), COUNT, BATCHES)
  if (withOptions === undefined) return { hit, miss }
  return { hit, 'hit, with options': await nanosecondsAwaited(each(withOptions), COUNT, BATCHES), miss }
}

function measureOwn(
  cache: Cache<string, { name: string }> | SharedCache<{ name: string }, string>,
): Promise<Figures> {
  return measure(
    (key) => cache.getOrSet(key, load),
    () => cache.clear(),
    (key) => cache.getOrSet(key, load, { ttl: '5m', staleIfError: '1h' }),
  )
}

function measureLru(): Promise<Figures> {
  const fetchMethod = (key: string): { name: string } => load(key)
  const cache = new LRUCache<string, { name: string }>({ max: 2 * COUNT, ttl: 3_600_000, fetchMethod })
  return measure(
    (key) => cache.fetch(key),
    () => cache.clear(),
    (key) => cache.fetch(key, { ttl: 300_000, allowStaleOnFetchRejection: true }),
  )
}

function measureBento(): Promise<Figures> {
  const store = bentostore().useL1Layer(memoryDriver({ maxItems: 2 * COUNT }))
  const cache = new BentoCache({ default: 'memory', stores: { memory: store }, ttl: '1h' })
  return measure(
    (key) => cache.getOrSet({ key, factory: () => load(key) }),
    () => cache.clear(),
    (key) => cache.getOrSet({ key, factory: () => load(key), ttl: '5m', grace: '1h' }),
  )
}

function measureDedupe(): Promise<Figures> {
  const cache = createCache({
    ttl: 3600,
    storage: { type: 'memory', options: { size: 2 * COUNT } },
  }).define('load', async (key: string) => load(key))
  return measure(
    (key) => cache.load(key),
    () => cache.clear(),
  )
}

const bar = (measurement: string, rival: string, against: string, times: number): Bar => ({
  measurement,
  rival,
  against,
  times,
})

const bars = ['hit', 'hit, with options'].flatMap((measurement) => [
  bar(measurement, 'Cache', 'lru-cache', 1.5),
  bar(measurement, 'SharedCache', 'bentocache', 1 / 5),
])

await benchmark(
  import.meta.filename,
  {
    Cache: () => measureOwn(new Cache({ max: 2 * COUNT, ttl: '1h' })),
    SharedCache: () => measureOwn(new SharedCache({ maxBytes: '256mb', ttl: '1h' })),
    bentocache: measureBento,
    'async-cache-dedupe': measureDedupe,
    'lru-cache': measureLru,
  },
  bars,
)

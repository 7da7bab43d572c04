/**
 * A stampede: a thousand callers ask for the same key at once, which is not there, and whose load takes 20 ms. How often
 * it is loaded, and when all have the value; in one thread, and in four with a quarter of the callers each.
 *
 * Also how many callers fail because the first of them no longer waits, where a caller can say so by a signal.
 *
 * What belongs to one thread is loaded once in each. `get, then set` is what one writes without any of these.
 */
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { createCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Cacheable } from 'cacheable'
import { LRUCache } from 'lru-cache'
import pMemoize from 'p-memoize'
import { Cache, SharedCache } from '../dist/index.js'
import { type Bar, benchmark, type Figures, median, type Rival } from './_harness.mjs'

const CALLERS = 1000
const THREADS = 4
const LOAD = 20
const ROUNDS = 10

const LOADS = 'loads'
const TIME = 'until all have it, ms'
const FAILED = 'callers that fail when the first leaves'
const THREAD_LOADS = `loads in ${THREADS} threads`

type Ask = (key: string, signal?: AbortSignal) => Promise<unknown>
type Make = (load: (key: string) => Promise<object>) => Ask

const MAKE: Record<string, Make> = {
  Cache: (load) => {
    const cache = new Cache<string, object>({ max: 100 })
    return (key, signal) => cache.getOrSet(key, load, signal && { signal })
  },
  SharedCache: (load) => {
    const cache = new SharedCache<object, string>({ maxBytes: '1mb' })
    return (key, signal) => cache.getOrSet(key, load, signal && { signal })
  },
  'lru-cache': (load) => {
    const cache = new LRUCache<string, object>({ max: 100, fetchMethod: (key) => load(key) })
    return (key, signal) => cache.fetch(key, signal && { signal })
  },
  'async-cache-dedupe': (load) =>
    createCache({ ttl: 60, storage: { type: 'memory' } }).define('load', load).load,
  bentocache: (load) => {
    const store = bentostore().useL1Layer(memoryDriver({ maxItems: 100 }))
    const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
    return (key) => bento.getOrSet({ key, factory: () => load(key), ttl: '1h' })
  },
  'cacheable wrap': (load) => new Cacheable().wrap(load, { ttl: '1h', keyPrefix: 'load' }) as Ask,
  'p-memoize': (load) => pMemoize(load),
  'get, then set': (load) => {
    const map = new Map<string, object>()
    return async (key) => {
      const held = map.get(key)
      if (held !== undefined) return held
      const value = await load(key)
      map.set(key, value)
      return value
    }
  },
}

/** Those that take a signal. */
const CANCELLABLE = ['Cache', 'SharedCache', 'lru-cache']

async function measure(name: string): Promise<Figures> {
  let loads = 0
  const load = async (key: string): Promise<object> => {
    loads++
    await wait(LOAD)
    return { key }
  }
  const ask = (MAKE[name] as Make)(load)
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    await Promise.all(Array.from({ length: CALLERS }, () => ask(`key ${round}`)))
    times.push(performance.now() - start)
  }
  const figures: Figures = { [LOADS]: loads / ROUNDS, [TIME]: median(times) }
  if (CANCELLABLE.includes(name)) figures[FAILED] = await failures(ask)
  if (name === 'SharedCache') figures[THREAD_LOADS] = await inThreads()
  else figures[THREAD_LOADS] = figures[LOADS]! * THREADS
  return figures
}

/** How many of the others fail when the first caller's signal is aborted. */
async function failures(ask: Ask): Promise<number> {
  const first = new AbortController()
  const callers = Array.from({ length: CALLERS }, (_, i) =>
    ask('left', i === 0 ? first.signal : new AbortController().signal),
  )
  await wait(LOAD / 4)
  first.abort()
  const settled = await Promise.allSettled(callers)
  return settled.slice(1).filter(({ status }) => status === 'rejected').length
}

/** The loads that workers of one cache run together for a key. */
async function inThreads(): Promise<number> {
  const cache = new SharedCache<object, string>({ maxBytes: '1mb' })
  const workerData = { handle: cache.handle, callers: CALLERS / THREADS, rounds: ROUNDS, load: LOAD }
  const workers = Array.from(
    { length: THREADS },
    () => new Worker(new URL('_stampede-worker.mjs', import.meta.url), { workerData }),
  )
  await Promise.all(workers.map((worker) => once(worker, 'message'))) // that it is ready
  let loads = 0
  for (let round = 0; round < ROUNDS; round++) {
    const answers = workers.map(async (worker) => (await once(worker, 'message'))[0] as number)
    for (const worker of workers) worker.postMessage(round)
    for (const answer of await Promise.all(answers)) loads += answer
  }
  return loads / ROUNDS
}

const bars: Bar[] = ['Cache', 'SharedCache'].flatMap((rival) => [
  { measurement: LOADS, rival, most: 1 },
  { measurement: FAILED, rival, most: 0 },
])
bars.push({ measurement: THREAD_LOADS, rival: 'SharedCache', most: 1 })

const rivals: Record<string, Rival> = Object.fromEntries(
  Object.keys(MAKE).map((name) => [name, () => measure(name)]),
)
await benchmark(fileURLToPath(import.meta.url), rivals, bars, { unit: 'as each row says', rounds: 3 })

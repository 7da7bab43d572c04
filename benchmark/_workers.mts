/**
 * What a `SharedCache` get of a 90-character string costs a worker alone, and each of two at once: in one cache, and for
 * comparison in a cache each, where all they share is the machine.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { SharedCache } from '../dist/index.js'
import type { Figures, Rival } from './_harness.mjs'
import { KEYS, VALUES } from './_workload.mjs'

/** Places in the memory that the workers wait on: see _shared-worker.mjs. */
const ROUND = 0
const ENDED = 1
const ROUNDS = 10

/** Rivals by what they are: each with the same measurement. */
export const workers: Record<string, Rival> = {
  'one worker': () => measureWorkers(() => [filled()]),
  'two workers': () =>
    measureWorkers(() => {
      const cache = filled()
      return [cache, cache]
    }),
  'two workers, a cache each': () => measureWorkers(() => [filled(), filled()]),
}

async function measureWorkers(caches: () => SharedCache<string, string>[]): Promise<Figures> {
  return { 'get, string of 90, in each worker': await run(caches()) }
}

function filled(): SharedCache<string, string> {
  const cache = new SharedCache<string, string>({ maxBytes: '256mb' })
  for (const each of KEYS) cache.set(each, VALUES[0][2])
  return cache
}

/** What a get takes a worker for each of `caches`, all at once: the best round's mean. */
async function run(caches: SharedCache<string, string>[]): Promise<number> {
  const signals = new Int32Array(new SharedArrayBuffer(8))
  const workers = caches.map((cache) => {
    const workerData = { handle: cache.handle, keys: KEYS, signals, rounds: ROUNDS }
    return new Worker(new URL('_shared-worker.mjs', import.meta.url), { workerData })
  })
  const results = workers.map(async (worker) => (await once(worker, 'message'))[0] as number[])
  await Promise.all(workers.map((worker) => once(worker, 'online')))
  for (let round = 1; round <= ROUNDS; round++) {
    Atomics.store(signals, ENDED, 0)
    Atomics.store(signals, ROUND, round)
    Atomics.notify(signals, ROUND)
    while (Atomics.load(signals, ENDED) < workers.length) await new Promise((done) => setTimeout(done, 5))
  }
  const figures = await Promise.all(results)
  const means = Array.from({ length: ROUNDS }, (_, i) => {
    return figures.reduce((sum, each) => sum + (each[i] as number), 0) / figures.length
  })
  return Math.min(...means.slice(1))
}

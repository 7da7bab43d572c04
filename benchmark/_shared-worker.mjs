/**
 * A thread of benchmark/shared: reads a cache at the same time as others, for as many rounds as it is told.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { SharedCache } from '../dist/index.mjs'

/** Where the number of the round stands that may begin, and how many have ended it. */
const ROUND = 0
const ENDED = 1
const SPAN = 100e6

const { handle, keys, signals, rounds } = workerData
const BATCH = keys.length
const cache = SharedCache.attach(handle)
const order = Array.from({ length: BATCH }, (_, i) => keys[(i * 7919) % BATCH])
/** @type {unknown} */
export let sink

const figures = []
for (let round = 1; round <= rounds; round++) {
  Atomics.wait(signals, ROUND, round - 1)
  const start = process.hrtime.bigint()
  let count = 0
  let spent = 0
  while (spent < SPAN) {
    for (let i = 0; i < BATCH; i++) sink = cache.get(order[i])
    count += BATCH
    spent = Number(process.hrtime.bigint() - start)
  }
  figures.push(spent / count)
  Atomics.add(signals, ENDED, 1)
}
parentPort?.postMessage(figures)
cache.close()

/**
 * A thread of benchmark/stampede: told of a round, it asks for its key as many times as there are callers, and answers how
 * often it had to load.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { SharedCache } from '../dist/index.mjs'

const { handle, callers, rounds, load } = workerData
const cache = SharedCache.attach(handle)
let left = rounds

parentPort?.on('message', async (round) => {
  let loads = 0
  const origin = async () => {
    loads++
    await wait(load)
    return { round }
  }
  const key = `threads ${round}`
  await Promise.all(Array.from({ length: callers }, () => cache.getOrSet(key, origin)))
  parentPort?.postMessage(loads)
  if (--left === 0) {
    cache.close()
    parentPort?.close()
  }
})
parentPort?.postMessage('ready')

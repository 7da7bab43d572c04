/**
 * A thread of benchmark/limits: writes values of all sizes, small ones as often as large ones are heavy, until told to stop.
 */
import { workerData } from 'node:worker_threads'
import { SharedCache } from '../dist/index.mjs'

const SMALLEST = 16
const LARGEST = 4 * 2 ** 20
const REUSED_KEYS = 2000

/**
 * The stage: 0 while the first cache is written to, 1 while the second is, 2 while nothing happens, then the end.
 * @type {{ handles: import('../dist/index.mjs').SharedHandle[], reused: boolean, seed: number, stage: Int32Array }}
 */
const { handles, reused, seed, stage } = workerData
const caches = handles.map((handle) => SharedCache.attach(handle))
const buffer = Buffer.alloc(LARGEST, seed)
let state = seed

function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

for (let i = 0; Atomics.load(stage, 0) < 2; i++) {
  const cache = caches[Atomics.load(stage, 0)]
  const size = Math.floor(SMALLEST * (LARGEST / SMALLEST) ** random())
  const key = reused ? `key ${Math.floor(random() * REUSED_KEYS)}` : `key ${seed} ${i}`
  cache.set(key, buffer.subarray(0, size))
}
Atomics.wait(stage, 0, 2)

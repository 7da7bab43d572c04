/**
 * What terminate.mjs does, to Maps and without mokapot: `node terminate-control.mjs SEED SCALE` prints the resident memory at
 * each look. It is a worker of itself.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { hammer } from '../../__test__/fixtures/hammer.mjs'
import { watched } from '../../__test__/fixtures/in-worker.mjs'
import { randomFrom } from '../../__test__/fixtures/random.mjs'

/** What stands for a `SharedCache`: a Map of one thread, whose values are copies too. */
class SharedCache {
  /** @type {Map<string, Buffer>} */
  #map = new Map()
  handle = {}
  bytes = 0
  maxBytes = 0
  static attach = () => new SharedCache()
  static open = () => new SharedCache()
  /** @param {string} key @param {unknown} value */
  set(key, value) {
    this.#map.set(key, serialize(value))
  }
  /** @param {string} key */
  get(key) {
    const bytes = this.#map.get(key)
    return bytes && deserialize(bytes)
  }
  peek = this.get
  /** @param {readonly string[]} keys */
  getMany = (keys) => keys.map((key) => this.get(key))
  has = (/** @type {string} */ key) => this.#map.has(key)
  delete = (/** @type {string} */ key) => this.#map.delete(key)
  clear = () => this.#map.clear()
  close = this.clear
  keys = () => this.#map.keys();
  *[Symbol.iterator]() {
    for (const key of this.#map.keys()) yield [key, this.get(key)]
  }
  /** @param {string} key @param {() => Promise<unknown>} load */
  async getOrSet(key, load) {
    if (!this.#map.has(key)) this.set(key, await load())
    return this.get(key)
  }
  purgeExpired() {}
  stats() {}
}

if (isMainThread) {
  // What measures exposes the collector to threads that start later, so it is not loaded in those.
  const { terminations } = await import('./terminate.mjs')
  const [seed, scale] = process.argv.slice(2).map(Number)
  const caches = Array.from({ length: 3 }, () => new SharedCache())
  const told = { seed, scale, strict: true, log: () => {} }
  console.log(JSON.stringify(await terminations(told, { caches, start })))
} else {
  const { code, data } = workerData
  const body = new Function(`return ${code}`)()
  const answer = await body({ SharedCache, hammer, randomFrom, sleep, port: parentPort }, data)
  parentPort?.postMessage({ answer })
}

/** @type {typeof import('../../__test__/fixtures/in-worker.mjs').startWorker} */
function start(body, data) {
  return watched(new Worker(new URL(import.meta.url), { workerData: { code: String(body), data } }))
}

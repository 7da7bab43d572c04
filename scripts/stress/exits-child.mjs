/**
 * A process, with or without busy workers, that ends abruptly amid operations and loads: `node exits-child.mjs HOW WORKERS
 * MILLISECONDS WITH`. Without mokapot the same is done to Maps, to compare with.
 */

import { writeSync } from 'node:fs'
import { isMainThread, threadId, Worker, workerData } from 'node:worker_threads'

const [how, workers, milliseconds, subject] = process.argv.slice(2)

/** A turn of work: it begins loads that do not end, and does a millisecond or so of everything else. */
const turn = subject === 'mokapot' ? await mokapotTurn() : mapTurn()

if (isMainThread) main()
else {
  Atomics.add(workerData, 0, 1)
  for (let i = 0; ; i++) turn(i)
}

function main() {
  const started = new Int32Array(new SharedArrayBuffer(4))
  for (let i = 0; i < Number(workers); i++) {
    new Worker(new URL(import.meta.url), { argv: process.argv.slice(2), workerData: started })
  }
  let i = 0
  const go = () => {
    turn(i++)
    setImmediate(go)
  }
  go()
  const wait = setInterval(() => {
    if (Atomics.load(started, 0) < Number(workers)) return
    clearInterval(wait)
    setTimeout(end, Number(milliseconds))
  }, 1)
}

function end() {
  // Amid a turn of work, and with its loads in flight.
  turn(7)
  if (how !== 'SIGTERM') writeSync(1, 'now')
  if (how === 'throw') throw new Error('on purpose')
  if (how === 'reject') return void Promise.reject(new Error('on purpose'))
  if (how === 'SIGTERM') return void writeSync(1, 'ready')
  process.exit(Number(how))
}

async function mokapotTurn() {
  const { Cache, SharedCache, cached } = await import('../../dist/index.mjs')
  const shared = SharedCache.open('all', { maxBytes: '8mb', ttl: 50, near: 100, staleWhileRevalidate: 500 })
  const own = new SharedCache({ maxBytes: '64mb', tti: '1s' })
  /** @type {InstanceType<typeof Cache<any, any>>} */
  const local = new Cache({ max: 500, ttl: 20, dispose: () => {} })
  const never = (/** @type {unknown} */ _) => new Promise(() => {})
  const slow = cached(never, { ttl: '1m' })
  const text = 'x'.repeat(3000)
  return (/** @type {number} */ i) => {
    for (let j = 0; j < 50; j++) {
      const key = `key ${(i * 31 + j * 7) % 997}`
      shared.set(key, { i, text })
      own.set(`${threadId} ${key}`, Buffer.from(text))
      local.set(key, i)
      shared.get(key)
      own.get(key)
      local.get(key)
    }
    for (const _ of shared.keys()) if (i % 5 !== 0) break
    if (i % 10 === 7) {
      shared.getOrSet(`load ${i % 50}`, never).catch(() => {})
      local.getOrSet(`load ${i % 50}`, never).catch(() => {})
      slow(i % 50).catch(() => {})
    }
  }
}

function mapTurn() {
  /** @type {Map<string, unknown>} */
  const map = new Map()
  const text = 'x'.repeat(3000)
  return (/** @type {number} */ i) => {
    for (let j = 0; j < 50; j++) {
      const key = `key ${(i * 31 + j * 7) % 997}`
      map.set(key, JSON.stringify({ i, text }))
      JSON.parse(String(map.get(key)))
      map.set(`${key} bytes`, Buffer.from(text))
    }
    if (i % 10 === 7) map.set(`load ${i % 50}`, new Promise(() => {}))
  }
}

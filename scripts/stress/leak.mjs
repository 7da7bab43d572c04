/** Memory over a long run of mixed operations with ttl, tti and weights, in two workers and in a `Cache`. */

import { startWorker } from '../../__test__/fixtures/in-worker.mjs'
import { must, residentAfterCollection, scaled, slopeOf, within } from './common.mjs'

export const about = 'resident memory over 10^8 mixed operations with ttl, tti, weights, two workers'

/**
 * Resident memory may grow by that much over 10^7 operations, in MiB, after the warm-up. What V8 holds in vain is left out
 * of it: it gives and takes tens of MiB at will, more than would show in a day.
 */
const MOST_GROWN = 1
const WORKERS = 2
const LOOKS = { strict: 40, lenient: 4 }
/** The part of all looks that is warm-up. */
const WARM_UP = 0.3

/** @param {import('./common.mjs').Told} told */
export async function run({ seed, scale, strict, log }) {
  const { Cache, SharedCache } = await import('../../dist/index.mjs')
  const { advance } = await import('../../dist/testing.mjs')
  const operations = scaled(1e8, scale, 1e5)
  const looks = strict ? LOOKS.strict : LOOKS.lenient
  const [small, large] = [
    new SharedCache({ maxBytes: '8mb', ttl: '10m', tti: '4m', near: 500 }),
    new SharedCache({ maxBytes: '64mb', max: 30_000, tti: '5m', staleWhileRevalidate: '1m' }),
  ]
  const portion = Math.ceil(operations / looks / (WORKERS + 1))
  const workers = [1, 2].map((id) =>
    startWorker(mix, { handles: [small.handle, large.handle], seed: seed + id }),
  )
  for (const { answer } of workers) answer.catch(() => {})
  const clock = { time: 0, now: () => clock.time }
  /** @type {InstanceType<typeof Cache<string, string>>} */
  const local = new Cache({
    ...{ maxSize: 1_000_000, max: 20_000, ttl: '10m', tti: '4m', clock },
    sizeCalculation: (value) => value.length,
    dispose: () => {},
  })
  const own = mixer(seed)

  /** Resident memory at each look, and without what V8 holds in vain. @type {[operations: number, mib: number][][]} */
  const [resident, used] = [[], []]
  for (let look = 0; look < looks; look++) {
    const done = workers.map(
      ({ worker, end }) =>
        new Promise((resolve, reject) => {
          worker.once('message', resolve) // what its V8 holds in vain
          end.then(() => reject(new Error('a worker ended')))
          worker.postMessage(portion)
        }),
    )
    own(local, portion)
    // Time goes on in steps, so that many expire at once and are swept, too.
    clock.time += 30_000
    advance(30_000)
    const spare = await within(Promise.all(done), 'a portion of work', 600_000)
    const mib = await residentAfterCollection()
    const at = ((look + 1) * portion * (WORKERS + 1)) / 1e7
    const { heapTotal, heapUsed } = process.memoryUsage()
    resident.push([at, mib])
    used.push([at, mib - [...spare, heapTotal - heapUsed].reduce((sum, bytes) => sum + bytes) / 2 ** 20])
  }
  for (const { worker } of workers) worker.postMessage(0)
  for (const { answer, end } of workers) {
    const wrong = await within(answer, 'a worker')
    must(wrong === 0, `${wrong} values were not those of their keys`)
    await within(end, 'the end of a worker')
  }
  for (const cache of [small, large, local]) {
    const { sets, replaced, deletes, cleared, evictions, expirations, size } = cache.stats()
    must(sets - replaced - deletes - cleared - evictions - expirations === size, 'the counters do not add up')
    must(evictions > 0 || scale < 0.01, 'nothing was evicted')
    cache.close()
  }
  log(`${(portion * looks * (WORKERS + 1)).toExponential(1)} operations`)
  /** @param {string} what @param {[number, number][]} points */
  const slope = (what, points) => {
    log(`${what}: ${points.map(([, mib]) => mib.toFixed(0)).join(' ')} MiB`)
    const grown = slopeOf(points.slice(Math.round(looks * WARM_UP)))
    if (strict) log(`slope after the first ${WARM_UP * 100} %: ${grown.toFixed(2)} MiB per 10^7 operations`)
    return grown
  }
  slope('resident memory', resident)
  const grown = slope('without what V8 holds in vain', used)
  must(
    !strict || scale < 0.1 || grown < MOST_GROWN,
    `it grows by ${grown.toFixed(2)} MiB per 10^7 operations`,
  )
}

/**
 * Operations on a cache of one thread, drawn from a seed.
 *
 * @param {number} seed
 */
function mixer(seed) {
  const texts = Array.from({ length: 64 }, (_, i) => 'x'.repeat(1 + i * i))
  let state = seed | 1
  return (
    /** @type {import('../../dist/index.mjs').Cache<string, string>} */ cache,
    /** @type {number} */ count,
  ) => {
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      const draw = (state ^ (state >>> 15)) >>> 0
      const key = `key ${(draw >>> 8) % ((draw & 0x80) === 0 ? 3000 : 60_000)}`
      const act = draw >>> 26
      if (act < 44) cache.get(key)
      else if (act < 56) cache.set(key, texts[draw & 63])
      else if (act < 58) cache.set(key, texts[draw & 63], { ttl: 1000 + (draw & 0xffff) })
      else if (act < 60) cache.delete(key)
      else if (act < 62) cache.has(key)
      else if (act === 62) cache.peek(key)
      else if (i % 1000 === 0) cache.purgeExpired()
    }
  }
}

/**
 * A worker that does so many operations at each message, and ends at a 0: how many values were wrong.
 *
 * @param {import('../../__test__/fixtures/in-worker.mjs').Tools} tools
 * @param {{ handles: any[], seed: number }} given
 * @returns {Promise<number>}
 */
function mix({ SharedCache, port, sleep }, { handles, seed }) {
  const caches = handles.map((handle, i) => SharedCache.attach(handle, i === 0 ? { near: 500 } : {}))
  const bytes = new Uint8Array(20_000)
  const texts = Array.from({ length: 64 }, (_, i) => 'y'.repeat(1 + i * i))
  let state = seed | 1
  let wrong = 0
  /** Objects tell their key. @param {unknown} key @param {any} value */
  const check = (key, value) => {
    if (typeof value !== 'object' || value instanceof Uint8Array) return
    if (value.key !== key) wrong++
  }
  /** @param {number} count */
  const work = async (count) => {
    for (let i = 0; i < count; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
      const draw = (state ^ (state >>> 15)) >>> 0
      const cache = caches[draw & 1]
      const key = `key ${(draw >>> 8) % ((draw & 0x80) === 0 ? 3000 : 60_000)}`
      const act = draw >>> 26
      if (act < 40) check(key, cache.get(key))
      else if (act < 48) cache.set(key, texts[draw & 63])
      else if (act < 52) cache.set(key, { key, draw, text: texts[draw & 15] })
      else if (act < 54) cache.set(key, bytes.subarray(0, draw & 0x3fff))
      else if (act < 56) cache.set(key, draw, { ttl: 1000 + (draw & 0xffff), tti: 60_000 })
      else if (act < 58) cache.delete(key)
      else if (act < 61) check(key, cache.peek(key))
      else if (act < 63) cache.has(key)
      else if (i % 64 === 0) check(key, await cache.getOrSet(key, () => ({ key })))
      else if (i % 50_000 === 1) for (const [key, value] of cache) check(key, value)
    }
  }
  return new Promise((resolve) => {
    port.on('message', async (count) => {
      if (count === 0) {
        port.removeAllListeners('message')
        port.unref()
        return resolve(wrong)
      }
      await work(count)
      // Its heap counts in what is measured; common.mjs, which the main thread has loaded, exposes this. Buffers are freed
      // by another thread a moment later.
      for (let turn = 0; turn < 3; turn++) {
        globalThis.gc?.()
        await sleep(30)
      }
      const { heapTotal, heapUsed } = process.memoryUsage()
      port.postMessage(heapTotal - heapUsed)
    })
  })
}

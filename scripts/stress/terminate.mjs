/**
 * `worker.terminate()` at random moments, amid every operation of shared caches.
 *
 * A Node whose workers are terminated by the hundred grows by itself, by tens of MiB: so a second process does the same
 * to Maps, without mokapot, and what this one grows by is held against that.
 */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hammer } from '../../__test__/fixtures/hammer.mjs'
import { startWorker } from '../../__test__/fixtures/in-worker.mjs'
import { median, must, randomFrom, residentAfterCollection, scaled, sleep, within } from './common.mjs'

/** @typedef {import('./common.mjs').Told} Told */

export const about = 'worker.terminate() at random moments inside operations on shared caches'

const CONTROL = fileURLToPath(new URL('./terminate-control.mjs', import.meta.url))

const FIELD = { keys: 300, longest: 20_000 }
/** How many victims there are at any time, each with a number to write under; the survivor and main have their own. */
const VICTIMS = 2
const SURVIVOR = VICTIMS
const MAIN = VICTIMS + 1
/** Resident memory may grow by that much more than without mokapot, in MiB, from the first looks after the warm-up to the last. */
const MOST_GROWN = 16
const LOOKS = { strict: 12, lenient: 2 }

/** @param {Told} told */
export async function run(told) {
  const { strict, scale, log } = told
  const { SharedCache } = await import('../../dist/index.mjs')
  const { native } = await import('../../dist/native.js')
  /** @type {import('../../dist/index.mjs').SharedCache<any>[]} */
  const caches = [
    new SharedCache({ maxBytes: '1mb' }),
    new SharedCache({ maxBytes: '64mb', ttl: '1h', tti: '30m' }),
    new SharedCache({ maxBytes: '512kb', policy: 'lru', max: 200, near: 64 }),
  ]
  const resident = await terminations(told, { caches, start: startWorker })

  const [open, living] = native.living()
  must(open === caches.length, `${open} caches are open here`)
  must(living === caches.length, `${living} caches live, ${caches.length} were made here`)
  for (const cache of caches) {
    const { sets, replaced, deletes, cleared, evictions, expirations, size } = cache.stats()
    must(sets - replaced - deletes - cleared - evictions - expirations === size, 'the counters do not add up')
    cache.set('last', { key: 'last' })
    must(cache.get('last').key === 'last', 'a cache cannot be used afterwards')
    cache.close()
  }
  const grown = growth(resident)
  log(tell(resident))
  if (!strict || scale < 0.5) return
  const without = await control(told)
  log(`without mokapot: ${tell(without)}`)
  const more = grown - growth(without)
  must(more < MOST_GROWN, `resident memory grew by ${more.toFixed(1)} MiB more than without mokapot`)
}

/** @param {readonly number[]} resident */
const tell = (resident) =>
  `resident memory less the heaps of those that stay: ${resident.map((mb) => mb.toFixed(0)).join(' ')} MiB; grown by ${growth(resident).toFixed(1)} MiB`

/** @param {readonly number[]} resident */
function growth(resident) {
  const warm = resident.slice(Math.ceil(resident.length / 4))
  return median(warm.slice(-3)) - median(warm.slice(0, 3))
}

/** The same in a process without mokapot: its resident memory at each look. @param {Told} told @returns {Promise<number[]>} */
async function control({ seed, scale }) {
  const child = spawn(process.execPath, [CONTROL, String(seed), String(scale)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    told += text
  })
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  must(code === 0, `the process without mokapot ended with ${code}: ${told}`)
  return JSON.parse(told)
}

/**
 * What is terminated: the caches, and what starts a worker that gets them.
 *
 * @typedef {object} Subject
 * @property {readonly any[]} caches
 * @property {typeof startWorker} start
 */

/**
 * Terminates workers: the resident memory at each look, less the heaps of those that stay, in MiB.
 *
 * @param {Told} told
 * @param {Subject} subject
 */
export async function terminations({ seed, scale, strict, log }, { caches, start }) {
  const count = scaled(1000, scale, 8)
  const random = randomFrom(seed)
  const counters = new Int32Array(new SharedArrayBuffer(64))
  /** Whether the survivor is to stop, and its heap in KiB. */
  const stop = new Int32Array(new SharedArrayBuffer(8))
  const handles = caches.map(({ handle }) => handle)
  const common = { handles, counters, field: FIELD }
  const survivor = start(survive, { ...common, writer: SURVIVOR, stop, seed })

  /** @type {number[]} */
  const resident = []
  const every = Math.ceil(count / (strict ? LOOKS.strict : LOOKS.lenient))
  let ended = 0
  let early = 0
  let slowest = 0

  /** The JavaScript heaps of those that stay, which V8 lets grow at will, in MiB. */
  const heaps = () => process.memoryUsage().heapTotal / 2 ** 20 + Atomics.load(stop, 1) / 2 ** 10

  /** Starts and terminates victims under one number, one after the other. @param {number} writer */
  const executions = async (writer) => {
    while (ended + VICTIMS <= count + writer) {
      const { worker, answer, end } = start(suffer, { ...common, writer, seed: random() * 2 ** 31 })
      const failure = answer.catch((error) => error)
      // One in eight dies while it starts, at whatever it is at.
      const isEarly = random() < 0.125
      if (isEarly) early++
      else {
        const started = new Promise((resolve) => worker.once('message', resolve))
        await within(Promise.race([started, answer]), 'the start of a worker')
      }
      await sleep(random() ** 2 * (isEarly ? 60 : 40))
      const began = performance.now()
      await within(worker.terminate(), 'worker.terminate()')
      await within(end, 'the end of a worker')
      slowest = Math.max(slowest, performance.now() - began)
      const error = await failure
      must(
        (isEarly ? /ended with [01] / : /ended with 1 /).test(error?.message),
        `a victim failed by itself: ${error?.stack ?? error}`,
      )
      ended++
      await look()
      if (ended % every === 0) resident.push((await residentAfterCollection()) - heaps())
    }
  }

  /** What this thread sees of all caches is right. */
  const look = async () => {
    for (const cache of caches) {
      const { wrong } = hammer(cache, {
        ...{ field: FIELD, writer: MAIN, counters, steps: 100 },
        seed: random() * 2 ** 31,
      })
      must(wrong.length === 0, `main read: ${wrong.slice(0, 5).join('; ')}`)
      const key = `load ${Math.floor(random() * 20)}`
      // A key that a victim was loading as it died.
      const loaded = await within(
        cache.getOrSet(key, async () => ({ key })),
        'a load',
      )
      must(loaded.key === key, `${key} is ${JSON.stringify(loaded)}`)
    }
  }

  await Promise.all(Array.from({ length: VICTIMS }, (_, writer) => executions(writer)))
  Atomics.store(stop, 0, 1)
  const report = await within(survivor.answer, 'the survivor')
  must(report.wrong.length === 0, `the survivor read: ${report.wrong.slice(0, 5).join('; ')}`)
  must(report.hits > 0, 'the survivor read nothing')
  await within(survivor.end, 'the end of the survivor')
  log(`${ended} terminations (${early} of them while starting), the slowest took ${slowest.toFixed(0)} ms`)
  log(`the survivor made ${report.hits} hits, all right`)
  return resident
}

/** @typedef {import('../../__test__/fixtures/in-worker.mjs').Tools} Tools */
/** @typedef {{ handles: any[], counters: Int32Array, field: any, writer: number, seed: number }} Given */

/**
 * A worker that uses the caches until it is terminated.
 *
 * @param {Tools} tools
 * @param {Given} given
 */
async function suffer({ SharedCache, hammer, randomFrom, sleep, port }, given) {
  const { handles, seed, ...rest } = given
  const random = randomFrom(seed)
  const caches = handles.map((handle, i) => SharedCache.attach(handle, i % 2 === 0 ? { near: 64 } : {}))
  port.postMessage('started')
  // One thing mostly, so that the end comes amid it.
  const habit = Math.floor(random() * 7)
  for (;;) {
    const cache = caches[Math.floor(random() * caches.length)]
    const key = `load ${Math.floor(random() * 20)}`
    switch (random() < 0.7 ? habit : Math.floor(random() * 7)) {
      case 0:
      case 1: {
        const { wrong } = hammer(cache, { ...rest, steps: 200, seed: random() * 2 ** 31 })
        if (wrong.length > 0) throw new Error(wrong.join('; '))
        break
      }
      case 2:
        for (const [, value] of cache) if (value === undefined) throw new Error('an entry without a value')
        break
      case 3:
        for (let i = 0; i < 500; i++) cache.get(`key ${i % 7}`)
        break
      case 4:
        await Promise.all(
          [key, `${key}1`, key].map((key) =>
            cache.getOrSet(
              key,
              async () => {
                await sleep(random() * 4)
                return { key }
              },
              { ttl: 20 },
            ),
          ),
        )
        break
      case 5:
        cache.getMany(Array.from({ length: 50 }, (_, i) => `key ${i}`))
        for (const key of cache.keys()) if (typeof key !== 'string') throw new Error('a foreign key')
        cache.purgeExpired()
        cache.stats()
        break
      default: {
        const own = new SharedCache({ maxBytes: '1mb' })
        const named = SharedCache.open('of victims', { maxBytes: '1mb', near: 10 })
        own.set('key', 'x'.repeat(random() * 1000))
        named.set('key', own.get('key'))
        named.get('key')
        own.clear()
        named.close()
        own.close()
      }
    }
  }
}

/**
 * A worker that uses the caches until it is told to stop: what it saw that was wrong.
 *
 * @param {Tools} tools
 * @param {Given & { stop: Int32Array }} given
 */
async function survive({ SharedCache, hammer, randomFrom, sleep }, given) {
  const { handles, stop, seed, ...rest } = given
  const random = randomFrom(seed + 1)
  const caches = handles.map((handle, i) => SharedCache.attach(handle, i % 2 === 1 ? { near: 64 } : {}))
  /** @type {string[]} */
  const wrong = []
  let hits = 0
  let rounds = 0
  do {
    for (const cache of caches) {
      const report = hammer(cache, { ...rest, steps: 200, seed: random() * 2 ** 31 })
      wrong.push(...report.wrong)
      hits += report.hits
      const key = `load ${Math.floor(random() * 20)}`
      const loaded = await cache.getOrSet(key, async () => ({ key }))
      if (loaded.key !== key) wrong.push(`${key}: ${JSON.stringify(loaded)}`)
    }
    // Its heap is told apart in what is measured; common.mjs, which the main thread has loaded, exposes this.
    if (++rounds % 20 === 0) globalThis.gc?.()
    Atomics.store(stop, 1, process.memoryUsage().heapTotal / 2 ** 10)
    // The machine has few cores, and the victims want to get somewhere.
    await sleep(2)
  } while (Atomics.load(stop, 0) === 0)
  return { wrong, hits }
}

/** A `Cache` all of whose callbacks throw, re-enter and never settle, and what must hold afterwards. */

import { must, sleep, within } from './common.mjs'
import { checkError, Hostile, Trouble } from './trouble.mjs'

/** The keys; for the last ones loads may never settle. */
const KEYS = [0, 1, '1', 2n, Number.NaN, null, { an: 'object' }, Symbol('s'), 'never a', 'never b']
const FIRST_NEVER = 8

const CODES = ['ERR_MOKAPOT_CLOSED', 'ERR_MOKAPOT_INVALID_OPTION', 'ERR_MOKAPOT_TIMEOUT', 'ABORT']

/** @typedef {{ key: unknown, id: number, gone: boolean }} Value */

/**
 * One life of a cache under so many operations.
 *
 * @param {() => number} random
 * @param {number} operations
 */
export async function hostileCache(random, operations) {
  const { Cache } = await import('../../dist/index.mjs')
  const below = (/** @type {number} */ n) => Math.floor(random() * n)
  const chance = (/** @type {number} */ p) => random() < p
  /** @template T @param {readonly T[]} list */
  const pick = (list) => list[below(list.length)]

  const trouble = new Trouble(random, () => operation())
  let time = 1000
  let disposed = 0
  let ids = 0
  /** Sets and size as of the last time the counters began anew. */
  const earlier = { sets: 0, size: 0 }
  const sized = chance(0.6)
  const limits = { max: !sized || chance(0.5) ? 1 + below(9) : undefined, maxSize: sized ? 20 : undefined }
  const timed = chance(0.7)
  /** @type {InstanceType<typeof Cache<any, Value>>} */
  const cache = new Cache({
    ...limits,
    policy: pick(/** @type {const} */ (['tinylfu', 'lru'])),
    ...(sized ? { sizeCalculation: weigh } : {}),
    ...(timed ? { ttl: 1 + below(50), tti: 1 + below(50) } : {}),
    clock: { now },
    ...(chance(0.3) ? { staleWhileRevalidate: 20, staleIfError: 30, errorTtl: 10 } : {}),
    dispose,
  })
  /** All loads under way, to be settled. @type {(() => void)[]} */
  const loads = []
  /** Those that never settle while anybody could wait for them. @type {(() => void)[]} */
  const nevers = []
  /** @type {Promise<unknown>[]} */
  const promises = []
  const leaving = new AbortController()

  /** @param {Value} value */
  function weigh({ key }) {
    trouble.make()
    if (!trouble.isCalm && chance(0.1)) return pick([Number.NaN, -1, 0, 1.5, /** @type {any} */ ('1')])
    return chance(0.05) ? 1000 : 1 + (typeof key === 'number' ? key : 3)
  }

  function now() {
    trouble.make()
    return time
  }

  /** @param {Value} value @param {unknown} key */
  function dispose(value, key) {
    must(Object.is(value.key, key), `dispose got the value of ${String(value.key)} for ${String(key)}`)
    must(!value.gone, 'a value was disposed of twice')
    value.gone = true
    disposed++
    trouble.make()
  }

  /** @param {unknown} key @returns {Value} */
  const fresh = (key) => ({ key, id: ++ids, gone: false })

  /** @param {unknown} key @param {Value | undefined} value */
  const check = (key, value) => {
    if (value === undefined) return
    must(Object.is(value.key, key), `${String(key)} has the value of ${String(value.key)}`)
  }

  const options = () => {
    if (chance(0.5)) return undefined
    const given = {
      ...(chance(0.5) ? { ttl: 1 + below(60) } : {}),
      ...(chance(0.3) ? { tti: 1 + below(60) } : {}),
      ...(sized && chance(0.5) ? { size: 1 + below(25) } : {}),
    }
    return chance(0.3) ? trouble.behindGetters(given) : given
  }

  /** @param {unknown} key @param {boolean} mayHang */
  const loader = (key, mayHang) => () => {
    trouble.make()
    const way = below(mayHang ? 5 : 4)
    if (way === 0) return fresh(key)
    if (way === 1) return Promise.reject(new Hostile('on purpose'))
    if (way === 4) return new Promise((resolve) => nevers.push(() => resolve(fresh(key))))
    if (way === 2) {
      // Not a promise, and it settles twice.
      return /** @type {any} */ ({
        // biome-ignore lint/suspicious/noThenProperty: that is the point
        then(/** @type {(value: Value) => void} */ resolve) {
          trouble.make()
          resolve(fresh(key))
          resolve(fresh('another'))
        },
      })
    }
    return new Promise((resolve, reject) =>
      loads.push(() => (chance(0.7) ? resolve(fresh(key)) : reject(new Hostile('on purpose')))),
    )
  }

  /** How long a loaded value is kept. */
  const span = () => {
    trouble.make()
    return below(30)
  }

  const load = () => {
    const place = below(KEYS.length)
    const key = KEYS[place]
    const mayHang = place >= FIRST_NEVER
    /** @type {any} */
    const told = {
      ...(mayHang ? { signal: leaving.signal } : {}),
      ...(chance(0.2) ? { timeout: 1 } : {}),
      ...(chance(0.2) ? { forceRefresh: true } : {}),
      ...(chance(0.3) ? { ttl: span } : {}),
      ...(sized && chance(0.3) ? { size: 1 + below(25) } : {}),
    }
    const given = chance(0.2) ? trouble.behindGetters(told) : told
    return cache.getOrSet(key, loader(key, mayHang), given).then((value) => check(key, value))
  }

  /** @type {readonly (() => unknown)[]} */
  const ACTS = [
    () => {
      const key = pick(KEYS)
      check(key, cache.get(key))
    },
    () => {
      const key = pick(KEYS)
      check(key, cache.peek(key))
    },
    () => cache.has(pick(KEYS)),
    () => {
      const key = pick(KEYS)
      cache.set(key, fresh(key), options())
    },
    () => {
      const key = pick(KEYS)
      cache.set(key, fresh(key), options())
    },
    () => cache.delete(pick(KEYS)),
    () => chance(0.1) && cache.clear(),
    () => {
      const keys = KEYS.filter(() => chance(0.4))
      cache.getMany(trouble.among(keys)).forEach((value, i) => {
        check(keys[i], value)
      })
    },
    () =>
      cache.setMany(
        trouble.among(
          KEYS.filter(() => chance(0.4)).map((key) => /** @type {[any, Value]} */ ([key, fresh(key)])),
        ),
        options(),
      ),
    () => cache.deleteMany(trouble.among(KEYS.filter(() => chance(0.3)))),
    () => {
      const key = pick(KEYS)
      check(
        key,
        cache.memo(
          key,
          () => {
            trouble.make()
            return fresh(key)
          },
          options(),
        ),
      )
    },
    load,
    load,
    () => {
      for (const [key, value] of pick([cache, cache.entries()])) {
        check(key, value)
        trouble.make()
      }
    },
    () =>
      cache.forEach((value, key) => {
        check(key, value)
        trouble.make()
      }),
    () => cache.info(pick(KEYS)),
    () => cache.getRemainingTTL(pick(KEYS)),
    () => cache.purgeExpired(),
    () => cache.resize({ max: 1 + below(9), ...(sized ? { maxSize: pick([1 + below(30), 2 ** 40]) } : {}) }),
    () => {
      /** @type {[any, any][]} */
      const dump = cache.dump().map(([key, dumped]) => [key, { ...dumped, value: fresh(key) }])
      cache.load(chance(0.5) ? dump : trouble.among(dump))
    },
    () => {
      const { size, sets } = cache.stats()
      cache.resetStats()
      earlier.sets += sets
      earlier.size = size
    },
    () => {
      time += below(15)
    },
    () => {
      // Landed loads call the cache in a later turn: those of this one.
      for (const settle of loads.splice(0, below(4))) settle()
    },
    () => chance(0.01) && cache.close(),
  ]

  function operation() {
    const promise = trouble.attempt(pick(ACTS), CODES)
    if (promise instanceof Promise) {
      promises.push(promise.catch((error) => error.name === 'AbortError' || checkError(error, CODES)))
    }
  }

  /** All that must hold between operations; false once the cache is closed. */
  const inspect = () => {
    trouble.isCalm = true
    try {
      cache.purgeExpired()
    } catch (error) {
      must(/** @type {any} */ (error).code === 'ERR_MOKAPOT_CLOSED', `purgeExpired threw ${error}`)
      return false
    }
    const { size, sets, replaced, deletes, cleared, evictions, expirations } = cache.stats()
    must(size <= cache.max, `${size} entries, above ${cache.max}`)
    must(cache.calculatedSize <= cache.maxSize, `a size of ${cache.calculatedSize}, above ${cache.maxSize}`)
    const left = sets - replaced - deletes - cleared - evictions - expirations
    must(left === size - earlier.size, `the counters say ${left}, and ${size - earlier.size} came`)
    let [entries, sum] = [0, 0]
    for (const [key, value] of cache) {
      check(key, value)
      must(!value.gone, 'a value is held that was disposed of')
      entries++
      sum += cache.info(key)?.size ?? 0
    }
    must(entries <= size, `${entries} entries are seen and ${size} counted`)
    if (entries === size)
      must(cache.calculatedSize === sum, `sizes sum up to ${sum}, not ${cache.calculatedSize}`)
    must(
      disposed === earlier.sets + sets - size,
      `${earlier.sets + sets} were set, ${size} held, ${disposed} disposed of`,
    )
    trouble.isCalm = false
    return true
  }

  trouble.isCalm = false
  for (let i = 0; i < operations; i++) {
    operation()
    if (!inspect()) break
    if (i % 20 !== 0) continue
    await sleep(0)
    if (!inspect()) break
  }
  trouble.isCalm = true
  leaving.abort()
  for (let turn = 0; turn < 3; turn++) {
    for (const settle of loads.splice(0)) settle()
    await sleep(0)
  }
  await within(Promise.all(promises), 'a load')
  cache.close()
  for (const settle of nevers) settle()
  await sleep(0)
  return promises.length
}

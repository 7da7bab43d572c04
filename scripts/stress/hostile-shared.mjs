/** A `SharedCache` whose codec, values, loaders and iterators throw, re-enter and never settle, and what must hold afterwards. */

import { must, sleep, within } from './common.mjs'
import { checkError, Hostile, Trouble } from './trouble.mjs'

/** Lifetimes are long, and only `advance` makes entries expire: else they would between two looks at the counters. */
const MINUTE = 60_000

/** The keys; for the last ones loads may never settle. */
const KEYS = [0, 1, '1', 2n, Number.NaN, '', 'a', 'λ', 'never a', 'never b']
const FIRST_NEVER = 8

const CODES = [
  'ERR_MOKAPOT_CLOSED',
  'ERR_MOKAPOT_CODEC',
  'ERR_MOKAPOT_UNCLONEABLE',
  'ERR_MOKAPOT_INVALID_VALUE',
  'ERR_MOKAPOT_TIMEOUT',
  'ABORT',
]

/**
 * One life of a cache under so many operations.
 *
 * @param {() => number} random
 * @param {number} operations
 */
export async function hostileShared(random, operations) {
  const { SharedCache } = await import('../../dist/index.mjs')
  const { advance } = await import('../../dist/testing.mjs')
  const { native } = await import('../../dist/native.js')
  const below = (/** @type {number} */ n) => Math.floor(random() * n)
  const chance = (/** @type {number} */ p) => random() < p
  /** @template T @param {readonly T[]} list */
  const pick = (list) => list[below(list.length)]

  const trouble = new Trouble(random, () => operation())
  const leaving = new AbortController()
  /** @type {(() => void)[]} */
  const loads = []
  /** Those that never settle while anybody could wait for them. @type {(() => void)[]} */
  const nevers = []
  /** @type {Promise<unknown>[]} */
  const promises = []
  let ids = 0
  /** Size as of when the counters last began anew. */
  let earlier = 0

  const codec = {
    name: 'hostile',
    encode(/** @type {any} */ value) {
      trouble.make()
      if (!trouble.isCalm && chance(0.05)) return /** @type {any} */ (pick(['text', null, {}, detached()]))
      return Buffer.from(JSON.stringify(value))
    },
    decode(/** @type {Uint8Array} */ bytes) {
      const text = Buffer.from(bytes).toString()
      trouble.make()
      // What came in must be whole, and still be whole after whatever the trouble did.
      must(text === Buffer.from(bytes).toString(), 'bytes changed in the hands of decode')
      return JSON.parse(text)
    },
  }
  const given = {
    ...(chance(0.5) ? { codec } : chance(0.3) ? { codec: /** @type {const} */ ('json') } : {}),
    ...(chance(0.5) ? { near: pick([1, 3, 100]) } : {}),
  }
  const cache = /** @type {import('../../dist/index.mjs').SharedCache<any, any>} */ (
    new SharedCache({
      maxBytes: pick([3000, '1mb']),
      max: chance(0.5) ? 1 + below(9) : undefined,
      policy: pick(/** @type {const} */ (['tinylfu', 'lru'])),
      ...(chance(0.5) ? { ttl: MINUTE * (1 + below(50)) } : {}),
      ...(chance(0.3) ? { staleWhileRevalidate: '20m', staleIfError: '30m', errorTtl: '10m' } : {}),
      ...given,
    })
  )
  // Stays open, to look at what is left when the other one was closed.
  const witness = /** @type {typeof cache} */ (SharedCache.attach(cache.handle, given))

  function detached() {
    const bytes = new Uint8Array(8)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes
  }

  /** A value that tells its key and what it should be, and makes trouble when it is looked into. @param {unknown} key */
  const fresh = (key) => {
    const id = ++ids
    const value = { of: nameOf(key), id, text: `${id};`.repeat(below(4) === 0 ? below(300) : 3) }
    const way = below(6)
    if (way === 0) return trouble.behindGetters(value)
    if (way === 1) {
      return {
        ...value,
        toJSON() {
          trouble.make()
          return value
        },
      }
    }
    if (way === 2) return { ...value, map: new Map([[1, trouble.behindGetters({ a: 1 })]]) }
    if (way === 3) return { ...value, cannot: () => {} }
    return value
  }

  /** @param {unknown} key @param {any} value */
  const check = (key, value) => {
    if (value === undefined) return
    must(value.of === nameOf(key), `${nameOf(key)} has the value of ${value.of}`)
    must(value.text.startsWith(`${value.id};`) || value.text === '', `value ${value.id} says ${value.text}`)
    must(value.text.replaceAll(`${value.id};`, '') === '', `value ${value.id} says ${value.text}`)
  }

  const options = () => {
    if (chance(0.5)) return undefined
    const told = { ttl: MINUTE * (1 + below(60)), ...(chance(0.3) ? { tti: MINUTE * (1 + below(60)) } : {}) }
    return chance(0.3) ? trouble.behindGetters(told) : told
  }

  /** @param {unknown} key @param {boolean} mayHang */
  const loader = (key, mayHang) => () => {
    trouble.make()
    const way = below(mayHang ? 4 : 3)
    if (way === 0) return fresh(key)
    if (way === 1) return Promise.reject(trouble.behindGetters({ message: 'on purpose', code: 'HOSTILE' }))
    if (way === 3) return new Promise((resolve) => nevers.push(() => resolve(fresh(key))))
    return new Promise((resolve, reject) =>
      loads.push(() => (chance(0.7) ? resolve(fresh(key)) : reject(new Hostile('on purpose')))),
    )
  }

  /** How long a loaded value is kept. */
  const span = () => {
    trouble.make()
    return MINUTE * below(30)
  }

  const load = () => {
    const place = below(KEYS.length)
    const key = KEYS[place]
    const mayHang = place >= FIRST_NEVER
    return cache
      .getOrSet(key, loader(key, mayHang), {
        ...(mayHang ? { signal: leaving.signal } : {}),
        ...(chance(0.2) ? { timeout: 1 } : {}),
        ...(chance(0.2) ? { forceRefresh: true } : {}),
        ...(chance(0.3) ? { ttl: span } : {}),
      })
      .then((value) => check(key, value))
  }

  const some = () => KEYS.filter(() => chance(0.4))

  /** @type {readonly (() => unknown)[]} */
  const ACTS = [
    ...[cache.get, cache.get, cache.peek].map((read) => () => {
      const key = pick(KEYS)
      check(key, read.call(cache, key, undefined))
    }),
    ...[0, 1, 2].map(() => () => {
      const key = pick(KEYS)
      cache.set(key, fresh(key), options())
    }),
    () => cache.has(pick(KEYS)),
    () => cache.delete(pick(KEYS)),
    () => chance(0.1) && cache.clear(),
    () => {
      const keys = some()
      cache.getMany(trouble.among(keys)).forEach((value, i) => {
        check(keys[i], value)
      })
    },
    () => cache.setMany(trouble.among(some().map((key) => [key, fresh(key)])), options()),
    () => cache.deleteMany(trouble.among(some())),
    () => {
      const key = pick(KEYS)
      const compute = () => {
        trouble.make()
        return fresh(key)
      }
      check(key, cache.memo(key, compute, options()))
    },
    load,
    load,
    () => {
      for (const [key, value] of cache) {
        check(key, value)
        trouble.make()
      }
    },
    () =>
      cache.forEach((value, key) => {
        check(key, value)
        trouble.make()
      }),
    () => {
      const key = pick(KEYS)
      check(key, cache.info(key)?.value)
    },
    () => cache.purgeExpired(),
    () =>
      cache.resize({ maxBytes: pick([2000, 3000, '1mb']), ...(chance(0.3) ? { max: 1 + below(9) } : {}) }),
    () => advance(MINUTE * below(10)),
    () => {
      cache.purgeExpired()
      const { size } = cache.stats()
      cache.resetStats()
      earlier = size
    },
    () => {
      for (const settle of loads.splice(0, below(4))) settle()
    },
    () => chance(0.01) && cache.close(),
  ]

  function operation() {
    const promise = trouble.attempt(pick(ACTS), CODES)
    if (promise instanceof Promise) promises.push(promise.catch(checkRejection))
  }

  /** @param {any} error */
  const checkRejection = (error) => {
    const wasCalm = trouble.isCalm
    trouble.isCalm = true
    const isKnown =
      error?.name === 'AbortError' || error?.code === 'HOSTILE' || error?.message === 'on purpose'
    trouble.isCalm = wasCalm
    if (!isKnown) checkError(error, CODES)
  }

  /** All that must hold between operations. */
  const inspect = () => {
    trouble.isCalm = true
    // From here on the engine's thread finds nothing to sweep.
    witness.purgeExpired()
    const { size, sets, replaced, deletes, cleared, evictions, expirations } = witness.stats()
    const left = sets - replaced - deletes - cleared - evictions - expirations
    must(left === size - earlier, `the counters say ${left}, and ${size - earlier} came`)
    must(size <= witness.max, `${size} entries, above ${witness.max}`)
    must(witness.bytes <= witness.maxBytes, `${witness.bytes} bytes, above ${witness.maxBytes}`)
    for (const [key, value] of witness) check(key, value)
    for (const key of KEYS) check(key, witness.get(key))
    trouble.isCalm = false
  }

  trouble.isCalm = false
  for (let i = 0; i < operations; i++) {
    operation()
    inspect()
    if (i % 20 === 0) await sleep(0)
  }
  trouble.isCalm = true
  leaving.abort()
  for (let turn = 0; turn < 3; turn++) {
    for (const settle of loads.splice(0)) settle()
    await sleep(0)
  }
  await within(Promise.all(promises), 'a load')
  cache.close()
  // A load that goes on although nobody waits for it holds the cache.
  for (const settle of nevers) settle()
  await sleep(0)
  witness.clear()
  must(witness.size === 0 && witness.bytes === 0, `${witness.bytes} bytes are left in an empty cache`)
  witness.close()
  const [open, living] = native.living()
  must(open === 0 && living === 0, `${open} caches are open and ${living} live at the end`)
  return promises.length
}

/** @param {unknown} key */
const nameOf = (key) => `${typeof key} ${String(key)}`

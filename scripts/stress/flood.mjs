/** Keys made to collide under hashes that are known and unseeded: no cache may become slow by them. */

import { collisions, HASHES, randomText } from './collisions.mjs'
import { median, must, randomFrom, scaled } from './common.mjs'

export const about = '10^5 keys that collide under FNV-1a, djb2, murmur3'

/** So many times longer operations on such keys may take, at the most. */
const MOST_SLOWER = 3
/** With fewer keys, and others on the machine: a table that is flooded takes hundreds of times longer. */
const MOST_SLOWER_ANYWAY = 20

/** @param {import('./common.mjs').Told} told */
export async function run({ seed, scale, strict, log }) {
  const { Cache, SharedCache, cached } = await import('../../dist/index.mjs')
  const count = scaled(1e5, scale, 4096)
  const random = randomFrom(seed)
  /** What is done with keys; sets each and gets each twice. @type {Record<string, (keys: readonly string[]) => void>} */
  const subjects = {
    SharedCache(keys) {
      const cache = new SharedCache({ maxBytes: '256mb' })
      for (const key of keys) cache.set(key, 1)
      for (let round = 0; round < 2; round++)
        for (const key of keys) must(cache.get(key) === 1, `${key} is lost`)
      cache.close()
    },
    'SharedCache with near': (keys) => {
      const cache = new SharedCache({ maxBytes: '256mb', near: count })
      for (const key of keys) cache.set(key, 1)
      for (let round = 0; round < 2; round++)
        for (const key of keys) must(cache.get(key) === 1, `${key} is lost`)
      cache.close()
    },
    'SharedCache that evicts': (keys) => {
      const cache = new SharedCache({ maxBytes: '256mb', max: count >> 2 })
      for (const key of keys) cache.set(key, 1)
      for (let round = 0; round < 2; round++) for (const key of keys) cache.get(key)
      cache.close()
    },
    Cache(keys) {
      const cache = new Cache({ max: count })
      for (const key of keys) cache.set(key, 1)
      for (let round = 0; round < 2; round++)
        for (const key of keys) must(cache.get(key) === 1, `${key} is lost`)
      cache.close()
    },
    'Cache that evicts': (keys) => {
      const cache = new Cache({ max: count >> 2 })
      for (const key of keys) cache.set(key, 1)
      for (let round = 0; round < 2; round++) for (const key of keys) cache.get(key)
      cache.close()
    },
    'cached()': (keys) => {
      const fn = cached((/** @type {string} */ key) => key.length, { max: count })
      for (let round = 0; round < 3; round++) for (const key of keys) fn(key)
      fn.clear()
    },
    'cached() of two': (keys) => {
      const fn = cached((/** @type {string} */ key, /** @type {number} */ n) => key.length + n, {
        max: count,
      })
      for (let round = 0; round < 3; round++) for (const key of keys) fn(key, 1)
      fn.clear()
    },
  }

  for (const [hash, hashOf] of Object.entries(HASHES)) {
    const bad = collisions(hashOf, count, random)
    const good = bad.map((key) => randomText(key.length, random))
    for (const [name, act] of Object.entries(subjects)) {
      /** @type {number[]} */
      const ratios = []
      act(good)
      for (let turn = 0; turn < (strict ? 5 : 1); turn++) ratios.push(timeOf(act, bad) / timeOf(act, good))
      const ratio = median(ratios)
      log(`${name}, ${hash}: ${ratio.toFixed(2)} x`)
      must(
        ratio <= (strict ? MOST_SLOWER : MOST_SLOWER_ANYWAY),
        `${name} takes ${ratio.toFixed(1)} x as long`,
      )
    }
  }
}

/**
 * Processor time of this process, which others on the machine do not count in.
 *
 * @param {(keys: readonly string[]) => void} act
 * @param {readonly string[]} keys
 */
function timeOf(act, keys) {
  // Anew from characters: a string whose hash is known already would not be hashed again.
  const fresh = keys.map((key) => Buffer.from(key, 'latin1').toString('latin1'))
  const before = process.cpuUsage()
  act(fresh)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Replays a trace through a cache: each request is a get, and a set if it misses. */
import { LRUCache } from 'lru-cache'
import { Cache } from 'mokapot'

/**
 * @typedef {object} Replayed
 * @property {number} hits
 * @property {number} weightHit what the requests that hit weigh together; 0 without weights
 */

/**
 * What the replay asks of a cache.
 *
 * @typedef {object} Replayable
 * @property {(key: number) => unknown} get
 * @property {(key: number, value: true, options?: { size: number }) => unknown} set
 */

/** A cache is told of this many requests between two looks at the clock. */
const SLICE = 2 ** 16

/**
 * The caches that can be measured, by the name in the table.
 *
 * @type {Record<string, (limit: { max: number } | { maxSize: number }) => Replayable>}
 */
export const CACHES = {
  'lru-cache': (limit) => new LRUCache(limit),
  mokapot: (limit) => new Cache({ ...limit, policy: 'tinylfu' }),
  'mokapot lru': (limit) => new Cache({ ...limit, policy: 'lru' }),
}

/**
 * @param {import('./trace.mjs').Trace} trace
 * @param {string} name of the cache
 * @param {import('./sizes.mjs').Limit} limit
 * @param {(done: number) => void} [tick] told how many requests are done, now and then
 * @returns {Replayed}
 */
export function replay(trace, name, { unit, size }, tick = () => {}) {
  const { requests, distinct, weights, weight } = trace
  // More room than all keys take changes nothing, and lru-cache would allocate it.
  const cache =
    unit === 'entries'
      ? CACHES[name]({ max: Math.min(size, distinct) })
      : CACHES[name]({ maxSize: Math.min(size, weight) })
  const sizes = unit === 'weights' ? weights : undefined
  let hits = 0
  let weightHit = 0
  for (let from = 0; from < requests.length; from += SLICE) {
    const slice = requests.subarray(from, from + SLICE)
    for (const id of slice) {
      if (cache.get(id) !== undefined) {
        hits++
        if (weights !== undefined) weightHit += weights[id]
      } else if (sizes === undefined) cache.set(id, true)
      else cache.set(id, true, { size: sizes[id] })
    }
    tick(from + slice.length)
  }
  return { hits, weightHit }
}

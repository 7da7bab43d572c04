/** The two caches that are compared: HTML by page key, as the server sees them. */
import { LRUCache } from 'lru-cache'
import { SharedCache } from 'mokapot'

/** @typedef {'lru' | 'shared'} StoreName */

/**
 * What a worker is given to open its store with.
 *
 * @typedef {{ limit: number } | { handle: SharedCache<Buffer>['handle'] }} StoreData `limit` is the worker's own part.
 */

/**
 * @typedef {object} Store
 * @property {(key: string) => Buffer | undefined} get
 * @property {(key: string, html: Buffer) => unknown} set
 * @property {(key: string) => boolean} has
 * @property {() => number} bytes
 */

/**
 * The cache of one round, to be opened in each worker with its `data`.
 *
 * @param {StoreName} name
 * @param {number} limit in bytes, for all workers together
 * @param {number} workers
 * @returns {StoreData}
 */
export function makeStore(name, limit, workers) {
  if (name === 'lru') return { limit: Math.floor(limit / workers) }
  // It is held by this thread from here on: nobody closes it before the round's process ends.
  return { handle: new SharedCache({ maxBytes: limit, codec: 'bytes' }).handle }
}

/**
 * @param {StoreData} data
 * @returns {Store}
 */
export function openStore(data) {
  return 'limit' in data ? lruStore(data.limit) : sharedStore(data.handle)
}

/**
 * @param {number} limit
 * @returns {Store}
 */
function lruStore(limit) {
  /** @type {LRUCache<string, Buffer>} */
  const cache = new LRUCache({
    maxSize: limit,
    sizeCalculation: (html, key) => html.byteLength + Buffer.byteLength(key),
  })
  return {
    get: (key) => cache.get(key),
    set: (key, html) => cache.set(key, html),
    has: (key) => cache.has(key),
    bytes: () => cache.calculatedSize,
  }
}

/**
 * @param {SharedCache<Buffer>['handle']} handle
 * @returns {Store}
 */
function sharedStore(handle) {
  /** @type {SharedCache<Buffer, string>} */
  const cache = SharedCache.attach(handle)
  return {
    get: (key) => cache.get(key),
    set: (key, html) => cache.set(key, html),
    has: (key) => cache.has(key),
    bytes: () => cache.bytes,
  }
}

/**
 * The caches that `Cache` is measured beside, each behind the same two closures: a process that measures one of them sees
 * no other, so V8 inlines them alike.
 */

import { createLRU } from 'lru.min'
import { LRUCache } from 'lru-cache'
import QuickLRU from 'quick-lru'
import { lru } from 'tiny-lru'
import { newCache } from 'transitory'
import { Cache } from '../dist/index.js'

export type Key = string | number
export type Value = object

/** A cache as it is measured. A miss is undefined or null. */
export interface Operations {
  get(key: Key): Value | null | undefined
  set(key: Key, value: Value): unknown
  /** Ends what would keep the process alive. */
  end?(): void
}

/** Makes a cache for so many entries; undefined where it cannot have a ttl, in milliseconds, and is asked for one. */
export type Make = (max: number, ttl: number | undefined) => Operations | undefined

/** The caches by name. */
export const MAKE: Record<string, Make> = {
  mokapot: (max, ttl) => {
    const cache = new Cache<Key, Value>({ max, ttl })
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
  'mokapot lru': (max, ttl) => {
    const cache = new Cache<Key, Value>({ max, ttl, policy: 'lru' })
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
  'lru-cache': (max, ttl) => {
    const cache = new LRUCache<Key, Value>(ttl === undefined ? { max } : { max, ttl })
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
  'quick-lru': (max, ttl) => {
    const cache = new QuickLRU<Key, Value>(
      ttl === undefined ? { maxSize: max } : { maxSize: max, maxAge: ttl },
    )
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
  'tiny-lru': (max, ttl) => {
    // With `resetTTL` an update begins the ttl anew, as it does in the others.
    const cache = lru<Value>(max, ttl ?? 0, true)
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
  'lru.min': (max, ttl) => {
    if (ttl !== undefined) return undefined
    const cache = createLRU<Key, Value>({ max })
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
  transitory: (max, ttl) => {
    const builder = newCache<Key, Value>().maxSize(max)
    const cache = (ttl === undefined ? builder : builder.expireAfterWrite(ttl)).build()
    return {
      get: (key) => cache.getIfPresent(key),
      set: (key, value) => cache.set(key, value),
      end: () => cache.cleanUp(), // else its timer keeps the process alive for five seconds
    }
  },
  'Map, no limit': (_, ttl) => {
    if (ttl !== undefined) return undefined
    const cache = new Map<Key, Value>()
    return { get: (key) => cache.get(key), set: (key, value) => cache.set(key, value) }
  },
}

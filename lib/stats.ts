/**
 * What happened to a cache, counted.
 */
import type { Counters } from './native.js'

/** What happened to a cache since it was made, over all threads. */
export interface SharedStats {
  /** `get`s that found an entry; a stale one that `getOrSet` served counts too. */
  hits: number
  /** `get`s that found none. */
  misses: number
  /** `hits / (hits + misses)`, 0 before the first `get`. */
  hitRate: number
  /** Values stored, overwrites included, refused ones not. */
  sets: number
  /** Of those, the ones that overwrote an entry. */
  replaced: number
  /** Entries deleted. */
  deletes: number
  /** Entries dropped by `clear`. */
  cleared: number
  /** Entries that made room for others. */
  evictions: number
  /** Entries removed because their time was over. */
  expirations: number
  /** `set`s refused because the entry is larger than `maxEntryBytes`. */
  rejected: number
  /** Loads that `getOrSet` began, in the background too. */
  loads: number
  /** Of those, the ones that failed; not those that were aborted because nobody waited any more. */
  loadErrors: number
  /** Callers of `getOrSet` who waited for a load that another caller had begun. */
  coalesced: number
  /**
   * Entries that the policy kept at the end of their time in the admission window, since the last `clear`. 0 with
   * `policy: 'lru'`, which has no admission.
   */
  admitted: number
  /** Entries that it did not keep then: part of the evictions. */
  refused: number
  /**
   * The admission window's share of the capacity now: small where frequency tells what is asked for again, large where
   * recency does. 1 with `policy: 'lru'`, which is all recency.
   */
  windowShare: number
  /** Entries held now. */
  size: number
  /** Bytes held now. */
  bytes: number
}

/** What happened to a `Cache` since it was made. */
export interface CacheStats extends Omit<SharedStats, 'bytes'> {
  /** What the sizes of the entries held now sum up to; 0 in a cache without `maxSize`. */
  calculatedSize: number
}

/** The addon's counters by name. */
export function sharedStats(counters: Counters, size: number, bytes: number): SharedStats {
  const [hits, misses, sets, replaced, deletes, cleared, evictions, expirations, rejected] = counters
  const { 9: loads, 10: loadErrors, 11: coalesced, 12: admitted, 13: refused, 14: windowShare } = counters
  const reads = hits + misses
  const hitRate = reads === 0 ? 0 : hits / reads
  return {
    hits,
    misses,
    hitRate,
    sets,
    replaced,
    deletes,
    cleared,
    evictions,
    expirations,
    rejected,
    loads,
    loadErrors,
    coalesced,
    admitted,
    refused,
    windowShare,
    size,
    bytes,
  }
}

/**
 * What happened to a cache, counted.
 */
import type { Counters } from './native.js'

/** What happened to a cache since it was made, over all threads. */
export interface SharedStats {
  /** `get`s that found an entry. */
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
  /** Entries held now. */
  size: number
  /** Bytes held now. */
  bytes: number
}

/** The addon's counters by name. */
export function sharedStats(counters: Counters, size: number, bytes: number): SharedStats {
  const [hits, misses, sets, replaced, deletes, cleared, evictions, expirations, rejected] = counters
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
    size,
    bytes,
  }
}

/**
 * What happened to a `Cache`, counted.
 */
import type { Activity } from './native.js'
import type { CacheStats } from './stats.js'

/** See the module. All but the misses are counted where they happen, in single additions: that is why the fields are open. */
export class Counts {
  hits = 0
  misses = 0
  sets = 0
  replaced = 0
  deletes = 0
  cleared = 0
  evictions = 0
  expirations = 0
  rejected = 0
  loads = 0
  loadErrors = 0
  coalesced = 0

  /** The hits in parts of all reads, 0 before the first. */
  get hitRate(): number {
    const reads = this.hits + this.misses
    return reads === 0 ? 0 : this.hits / reads
  }

  /** All of it, with what the policy does and what the cache holds now. */
  snapshot([admitted, refused, windowShare]: Activity, size: number, calculatedSize: number): CacheStats {
    const { hits, misses, ...others } = this
    return {
      hits,
      misses,
      hitRate: this.hitRate,
      ...others,
      admitted,
      refused,
      windowShare,
      size,
      calculatedSize,
    }
  }

  /** Begins anew. */
  reset(): void {
    Object.assign(this, new Counts())
  }
}

/**
 * The statistics of caches as Prometheus metrics, each with the label `cache`.
 *
 * | metric | type | what it counts |
 * |---|---|---|
 * | `mokapot_hits_total` | counter | reads that found a value |
 * | `mokapot_misses_total` | counter | reads that found none |
 * | `mokapot_sets_total` | counter | values stored, overwrites included |
 * | `mokapot_evictions_total` | counter | entries that made room for others |
 * | `mokapot_expirations_total` | counter | entries whose time was over |
 * | `mokapot_rejected_total` | counter | values refused because they are too large |
 * | `mokapot_loads_total` | counter | loads that `getOrSet` began |
 * | `mokapot_load_errors_total` | counter | those of them that failed |
 * | `mokapot_coalesced_total` | counter | callers that waited for a load of another one |
 * | `mokapot_entries` | gauge | entries held |
 * | `mokapot_bytes` | gauge | bytes held, of a SharedCache |
 * | `mokapot_max_bytes` | gauge | the limit in bytes, of a SharedCache |
 * | `mokapot_weight` | gauge | the sizes of the entries summed up, of a Cache with `maxSize` |
 * | `mokapot_max_weight` | gauge | its `maxSize` |
 *
 * The hit ratio is not among them: over which time is for the query to say. Of the last five minutes it is
 * `rate(mokapot_hits_total[5m]) / (rate(mokapot_hits_total[5m]) + rate(mokapot_misses_total[5m]))`.
 */
import { Counter, Gauge } from 'prom-client'

/** @typedef {import('mokapot').Cache<any, any> | import('mokapot').SharedCache<any, any>} AnyCache */

/** @type {[name: string, help: string, field: keyof import('mokapot').CacheStats & keyof import('mokapot').SharedStats][]} */
const COUNTERS = [
  ['mokapot_hits_total', 'Reads that found a value', 'hits'],
  ['mokapot_misses_total', 'Reads that found none', 'misses'],
  ['mokapot_sets_total', 'Values stored, overwrites included', 'sets'],
  ['mokapot_evictions_total', 'Entries that made room for others', 'evictions'],
  ['mokapot_expirations_total', 'Entries whose time was over', 'expirations'],
  ['mokapot_rejected_total', 'Values refused because they are too large', 'rejected'],
  ['mokapot_loads_total', 'Loads that getOrSet began', 'loads'],
  ['mokapot_load_errors_total', 'Loads that failed', 'loadErrors'],
  ['mokapot_coalesced_total', 'Callers that waited for a load of another one', 'coalesced'],
]

/** @type {[name: string, help: string, read: (cache: AnyCache) => number | undefined][]} */
const GAUGES = [
  ['mokapot_entries', 'Entries held', (cache) => cache.size],
  ['mokapot_bytes', 'Bytes held', (cache) => ('bytes' in cache ? cache.bytes : undefined)],
  ['mokapot_max_bytes', 'The limit in bytes', (cache) => ('maxBytes' in cache ? cache.maxBytes : undefined)],
  ['mokapot_weight', 'The sizes of the entries summed up', (cache) => sized(cache)?.calculatedSize],
  ['mokapot_max_weight', 'The limit on the sum of sizes', (cache) => sized(cache)?.maxSize],
]

/**
 * Registers the metrics. Caches can be added to the map and taken out of it at any time; take one out before it is closed,
 * since a closed cache has no statistics.
 *
 * Counts of a SharedCache are sums over all threads: export it in one thread only. In a cluster each process has caches of
 * its own: export all, and let prom-client's `AggregatorRegistry` add them up.
 *
 * @param {import('prom-client').Registry} registry
 * @param {ReadonlyMap<string, AnyCache>} caches by the value of the label `cache`
 */
export function exportCaches(registry, caches) {
  const shared = { registers: [registry], labelNames: /** @type {const} */ (['cache']) }
  for (const [name, help, field] of COUNTERS) {
    new Counter({
      ...shared,
      name,
      help,
      // The cache counts by itself, so what a scrape sees is its count: begun anew, it is moved there in one step.
      collect() {
        this.reset()
        for (const [cache, value] of caches) this.inc({ cache }, value.stats()[field])
      },
    })
  }
  for (const [name, help, read] of GAUGES) {
    new Gauge({
      ...shared,
      name,
      help,
      collect() {
        this.reset()
        for (const [cache, value] of caches) {
          const level = read(value)
          if (level !== undefined) this.set({ cache }, level)
        }
      },
    })
  }
}

/**
 * A Cache with a limit on sizes, or nothing.
 *
 * @param {AnyCache} cache
 */
function sized(cache) {
  return 'maxSize' in cache && cache.maxSize !== Number.POSITIVE_INFINITY ? cache : undefined
}

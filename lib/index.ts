/**
 * mokapot: caches for Node.js on moka's TinyLFU, one about as fast as lru-cache, one shared by all worker threads.
 *
 * @module mokapot
 */
export type { Size } from './bytes.js'
export { Cache } from './cache.js'
export type { CacheInfo, CacheLimits, CacheOptions, CacheSetOptions } from './cache-options.js'
export { type Cached, cached } from './cached.js'
export type { AnyFunction, CachedOptions, CachedStore } from './cached-options.js'
export type {
  Answer,
  CachedFunction,
  CachedMethods,
  CachedParameters,
  CachedStats,
  Settled,
} from './cached-types.js'
export type { Codec, CustomCodec } from './codecs.js'
export type { CachedDecorator } from './decorator.js'
export type { Dispose, DisposeReason } from './departures.js'
export type { Dumped } from './dump.js'
export type { Duration } from './duration.js'
export { type ErrorCode, MokapotError } from './errors.js'
export type { SharedHandle } from './handle.js'
export type { Clock } from './lifetimes.js'
export type { Load, LoadContext, LoadOptions, SizedLoadOptions } from './loading-options.js'
export { MISS, type Miss } from './miss.js'
export { mokapotKey } from './mokapot-key.js'
export { SharedCache } from './shared-cache.js'
export type {
  NearOptions,
  Policy,
  SharedCacheOptions,
  SharedInfo,
  SharedKey,
  SharedLimits,
  SharedSetOptions,
} from './shared-options.js'
export type { CacheStats, SharedStats } from './stats.js'
export type { Envelope, StoreLike } from './store-like.js'

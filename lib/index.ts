/**
 * mokapot: a cache shared by all worker threads, bounded in true bytes, on moka's TinyLFU.
 */
export type { Size } from './bytes.js'
export type { Codec, CustomCodec } from './codecs.js'
export type { Duration } from './duration.js'
export { type ErrorCode, MokapotError } from './errors.js'
export type { SharedHandle } from './handle.js'
export { MISS, type Miss } from './miss.js'
export { SharedCache } from './shared-cache.js'
export type {
  Policy,
  SharedCacheOptions,
  SharedInfo,
  SharedKey,
  SharedLimits,
  SharedSetOptions,
} from './shared-options.js'
export type { SharedStats } from './stats.js'

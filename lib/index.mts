// The ESM entry: the same objects as the CommonJS one, so that both see one addon and one MISS.

export type {
  Codec,
  CustomCodec,
  Duration,
  ErrorCode,
  Miss,
  Policy,
  SharedCacheOptions,
  SharedHandle,
  SharedInfo,
  SharedKey,
  SharedLimits,
  SharedSetOptions,
  SharedStats,
  Size,
} from './index.js'
export { MISS, MokapotError, SharedCache } from './index.js'

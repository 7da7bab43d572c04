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
  SharedKey,
  SharedSetOptions,
  SharedStats,
  Size,
} from './index.js'
export { MISS, MokapotError, SharedCache } from './index.js'

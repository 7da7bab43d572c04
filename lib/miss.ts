/**
 * What a read returns in place of a value that is not there, when it is asked to.
 *
 * `undefined` is a value a cache may hold. Give `MISS` as the fallback of `get` or `peek` to tell a
 * cached `undefined` from a miss.
 *
 * @example
 * const value = cache.get(key, MISS)
 * if (value !== MISS) return value // even if it is undefined
 */
export const MISS: unique symbol = Symbol.for('mokapot.miss')

/** The type of {@link MISS}. */
export type Miss = typeof MISS

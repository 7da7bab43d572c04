/**
 * The protocol of a foreign store: what `cached` asks of a Map, a Keyv or a Redis client's wrapper, and what it puts there.
 */

/**
 * Where `cached` can keep its entries besides the caches of this package. Each method may answer at once or by a promise;
 * a function that returns no promises needs a store that answers at once.
 */
export interface StoreLike {
  /** The envelope that was set under `key`, or a copy of it; undefined or null if there is none. */
  get(key: string): unknown
  /** Keeps `envelope`, for `ttl` milliseconds at least; for as long as it likes where that is undefined. */
  // biome-ignore lint/suspicious/noExplicitAny: with these a Map and a Keyv match too; they are Envelope and { ttl?: number }
  set(key: string, envelope: any, options?: any): unknown
  /** Drops what is kept under `key`. */
  delete(key: string): unknown
  /** Drops all that is kept. It is called only by a function that is alone in using the store. */
  clear?(): unknown
}

/**
 * A value as it lies in a foreign store: plain data, so that `undefined` survives, and entries expire also where the store
 * knows no time. JSON keeps all of it that it keeps of the value.
 */
export interface Envelope {
  /** The value. */
  readonly v: unknown
  /** When it was stored: milliseconds since 1970, or what the function's `clock` said. */
  readonly at: number
  /** For how many milliseconds it is fresh; null for without end. */
  readonly ttl: number | null
  /** For how many milliseconds beyond that it may be served stale; null for without end. */
  readonly stale: number | null
}

/** What a foreign store gave as an envelope; undefined where it is none. */
export function envelopeOf(given: unknown): Envelope | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { at, ttl, stale } = given as Partial<Envelope>
  const isSpan = (span: unknown) => span === null || typeof span === 'number'
  return typeof at === 'number' && isSpan(ttl) && isSpan(stale) ? (given as Envelope) : undefined
}

/** A span of an envelope in milliseconds, `Infinity` for without end. */
export function spanOf(written: number | null): number {
  return written ?? Number.POSITIVE_INFINITY
}

/** A span as it is written in an envelope: JSON has no `Infinity`. */
export function writtenSpan(span: number): number | null {
  return span === Number.POSITIVE_INFINITY ? null : span
}

/** Whether `value` is a promise, of whatever make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  )
}

/** What `next` makes of `value`: at once, or by a promise if `value` is one. */
export function andThen<T, R>(value: T | PromiseLike<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value).then(next) as Promise<Awaited<R>>) : next(value)
}

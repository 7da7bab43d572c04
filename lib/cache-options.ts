/**
 * The options of `Cache`: what they are, and how they are checked before anything is made.
 */
import type { Dispose } from './departures.js'
import { type Duration, parseDuration } from './duration.js'
import { optionRange, optionType, sizeNeeded, sizeNeedsLimit, tooFewLimits, twoIdleTimes } from './errors.js'
import type { Clock } from './lifetimes.js'
import { checkFunction, checkOptions, parseChoice, parseCount } from './options.js'
import type { Policy } from './shared-options.js'

/** What a `Cache` is made with. One of `max` and `maxSize` is required; with both, both hold. */
export interface CacheOptions<K, V> {
  /** The most entries there are after any call: a whole number from 1 on. Beyond 2^24, what a Map holds, it makes no difference. */
  max?: number | undefined
  /** What the sizes of all entries sum up to at the most: a whole number from 1 on, in the unit that sizes have. */
  maxSize?: number | undefined
  /**
   * The size of an entry: a whole number from 1 on. Without it, `maxSize` asks for a `size` at each `set`. What it throws
   * reaches the caller, and nothing is changed.
   */
  sizeCalculation?: ((value: V, key: K) => number) | undefined
  /** How long an entry lives after it was set. Without it, and unless `set` says otherwise, it does not expire. */
  ttl?: Duration | undefined
  /** How long an entry lives after it was last set or read by `get`. */
  tti?: Duration | undefined
  /** lru-cache's way to say `tti` in place of `ttl`: reading an entry makes its `ttl` begin anew. */
  updateAgeOnGet?: boolean | undefined
  /**
   * For so long past its deadline `getOrSet`, and nothing else, serves an entry at once while a load brings a fresh one. Not
   * at all without it.
   */
  staleWhileRevalidate?: Duration | undefined
  /** For so long past its deadline `getOrSet`, and nothing else, serves an entry when the load fails. Not at all without it. */
  staleIfError?: Duration | undefined
  /** For so long `getOrSet` does not try again a load that failed: it rejects with the same error. Not at all without it. */
  errorTtl?: Duration | undefined
  /** `'tinylfu'` (default) keeps what is asked for often, `'lru'` what was used last, exactly. */
  policy?: Policy | undefined
  /** A name for error messages. */
  name?: string | undefined
  /**
   * Where the time comes from, in milliseconds: monotonic time of the machine by default. `now()` must not use the cache.
   * A call that is told no finite number, or what the clock throws, throws that and changes nothing.
   */
  clock?: Clock | undefined
  /**
   * Told of each entry that leaves, once, after the cache is consistent; it may use the cache. What it throws reaches the
   * caller of the operation, several errors as an `AggregateError`; from a sweep it is an uncaught exception.
   */
  dispose?: Dispose<K, V> | undefined
}

/** What `set` gives one entry in place of what the cache was made with. */
export interface CacheSetOptions {
  /** How long it lives from this `set` on; `Infinity` for without end. */
  ttl?: Duration | undefined
  /** How long it lives from the last `set` or `get` on; `Infinity` for without end. */
  tti?: Duration | undefined
  /** Its size, in place of what `sizeCalculation` says. */
  size?: number | undefined
}

/** New limits for `resize`; one that is absent stays as it is. Only a cache made with `maxSize` can be given another. */
export interface CacheLimits {
  /** The most entries there are after any call: a whole number from 1 on. */
  max?: number | undefined
  /** What the sizes of all entries sum up to at the most: a whole number from 1 on. */
  maxSize?: number | undefined
}

/** What `info` tells of an entry. Spans are in milliseconds, `Infinity` for without end. */
export interface CacheInfo<V> {
  /** The value itself. */
  value: V
  /** Its size; undefined in a cache without `maxSize`. */
  size: number | undefined
  /** How long it lives from when it was set. */
  ttl: number
  /** How long it lives from when it was last set or read. */
  tti: number
  /** How long it has left. */
  remaining: number
  /** How long ago it was set; undefined in a cache that keeps no times, having neither a ttl, a tti nor a clock. */
  age: number | undefined
}

/** Options after they were checked. */
export interface CacheSettings<K, V> {
  max: number
  maxSize: number
  sizeCalculation: ((value: V, key: K) => number) | undefined
  ttl: number
  tti: number
  updateAgeOnGet: boolean
  staleWhileRevalidate: number | undefined
  staleIfError: number | undefined
  errorTtl: number | undefined
  policy: Policy
  name: string | undefined
  clock: Clock | undefined
  dispose: Dispose<K, V> | undefined
}

/** The options of a single entry after they were checked; undefined where they say nothing. */
export interface EntrySettings {
  ttl: number | undefined
  tti: number | undefined
  size: number | undefined
  staleWhileRevalidate: number | undefined
  staleIfError: number | undefined
}

const OPTIONS = [
  'max',
  'maxSize',
  'sizeCalculation',
  'ttl',
  'tti',
  'updateAgeOnGet',
  'staleWhileRevalidate',
  'staleIfError',
  'errorTtl',
  'policy',
  'name',
  'clock',
  'dispose',
]

/** Checks the options of the constructor, all of them before any is used. */
export function readCacheSettings<K, V>(given: unknown): CacheSettings<K, V> {
  const options = checkOptions('Cache', given, OPTIONS)
  const { max, maxSize, sizeCalculation, ttl, tti, updateAgeOnGet, policy, name, clock, dispose } = options
  const span = (name: string) =>
    options[name] === undefined ? undefined : parseDuration(options[name], name)
  const settings: CacheSettings<K, V> = {
    max: max === undefined ? Number.POSITIVE_INFINITY : parseCount(max, 'max'),
    maxSize: maxSize === undefined ? Number.POSITIVE_INFINITY : parseSize(maxSize, 'maxSize'),
    sizeCalculation: optionalFunction('sizeCalculation', sizeCalculation),
    ttl: parseDuration(ttl, 'ttl'),
    tti: parseDuration(tti, 'tti'),
    staleWhileRevalidate: span('staleWhileRevalidate'),
    staleIfError: span('staleIfError'),
    errorTtl: span('errorTtl'),
    updateAgeOnGet: updateAgeOnGet === undefined ? false : parseBoolean(updateAgeOnGet, 'updateAgeOnGet'),
    policy: policy === undefined ? 'tinylfu' : parseChoice(policy, 'policy', ['tinylfu', 'lru']),
    name: name === undefined ? undefined : parseName(name),
    clock: clock === undefined ? undefined : parseClock(clock),
    dispose: optionalFunction('dispose', dispose),
  }
  if (max === undefined && maxSize === undefined) throw tooFewLimits()
  if (sizeCalculation !== undefined && maxSize === undefined) throw sizeNeedsLimit('sizeCalculation')
  if (settings.updateAgeOnGet) {
    if (tti !== undefined) throw twoIdleTimes()
    settings.tti = settings.ttl
    settings.ttl = Number.POSITIVE_INFINITY
  }
  return settings
}

/** Checks the options that `owner` got for an entry, of a cache that keeps sizes or does not. */
export function readEntrySettings(owner: string, given: unknown, sized: boolean): EntrySettings {
  const { ttl, tti, size } = checkOptions(owner, given, ['ttl', 'tti', 'size'])
  if (size !== undefined && !sized) throw sizeNeedsLimit('size')
  return {
    ttl: ttl === undefined ? undefined : parseDuration(ttl, 'ttl'),
    tti: tti === undefined ? undefined : parseDuration(tti, 'tti'),
    size: size === undefined ? undefined : parseSize(size, 'size'),
    staleWhileRevalidate: undefined,
    staleIfError: undefined,
  }
}

/** Checks new limits, of a cache that has these. */
export function readLimits(given: unknown, max: number, maxSize: number): { max: number; maxSize: number } {
  const limits = checkOptions('resize', given, ['max', 'maxSize'])
  const next = {
    max: limits.max === undefined ? max : parseCount(limits.max, 'max'),
    maxSize: limits.maxSize === undefined ? maxSize : parseSize(limits.maxSize, 'maxSize'),
  }
  if (limits.maxSize !== undefined && maxSize === Number.POSITIVE_INFINITY) throw sizeNeedsLimit('maxSize')
  return next
}

/** The size of an entry: what was given, else what the cache's `sizeCalculation` says of it. */
export function sizeOf<K, V>(
  given: number | undefined,
  calculate: ((value: V, key: K) => number) | undefined,
  value: V,
  key: K,
): number {
  if (given !== undefined) return given
  if (calculate === undefined) throw sizeNeeded(key)
  const size = calculate(value, key)
  return isSize(size) ? size : parseSize(size, 'what sizeCalculation returns')
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}

function parseSize(value: unknown, name: string): number {
  const expected = 'a whole number from 1 to 2^53 - 1'
  if (typeof value !== 'number') throw optionType(name, expected, value)
  if (!isSize(value)) throw optionRange(name, expected, value)
  return value
}

function parseBoolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw optionType(name, 'a boolean', value)
  return value
}

function parseName(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw optionType('name', 'a string that is not empty', value)
  return value
}

function parseClock(value: unknown): Clock {
  const now = (value as Partial<Clock> | null)?.now
  if (typeof now !== 'function') throw optionType('clock', 'an object with a method now()', value)
  return value as Clock
}

// biome-ignore lint/suspicious/noExplicitAny: the caller knows what kind of function the option is
function optionalFunction<F extends (...args: any[]) => unknown>(
  name: string,
  value: unknown,
): F | undefined {
  if (value !== undefined) checkFunction(name, value)
  return value as F | undefined
}

/**
 * The options of `getOrSet`: what they are, and how they are checked before anything happens.
 */
import { type Duration, parseDuration } from './duration.js'
import { optionRange, optionType } from './errors.js'
import { checkOptions } from './options.js'

/** What a load is told beside its key. */
export interface LoadContext<V> {
  /** Aborted once every caller who waited for this load has left by a signal of its own. */
  readonly signal: AbortSignal
  /** The value that the cache still holds, past its deadline or about to be refreshed; undefined if there is none. */
  readonly stale: V | undefined
}

/** Loads the value of a key that the cache does not have. What it throws, or its promise rejects with, is not cached. */
export type Load<K, V> = (key: K, context: LoadContext<V>) => V | PromiseLike<V>

/** What `getOrSet` may be told. */
export interface LoadOptions<V> {
  /**
   * How long the value lives, in place of what the cache says; `Infinity` for without end. A function is asked with the
   * value that was loaded; if it returns 0, nothing is stored, and if undefined, the cache decides.
   */
  ttl?: Duration | ((value: V) => Duration | undefined) | undefined
  /** How long the value lives after it was last set or read, in place of what the cache says. */
  tti?: Duration | undefined
  /** Frees this caller: its promise rejects with the signal's reason. The load goes on while others wait for it. */
  signal?: AbortSignal | undefined
  /**
   * How long this caller waits. Then it gets the stale value if there is one, else an error with the code
   * `ERR_MOKAPOT_TIMEOUT`; the load goes on, and its result is cached.
   */
  timeout?: Duration | undefined
  /**
   * For so long past its deadline the value is served at once while a load brings a fresh one; `Infinity` for without
   * end. It is fixed when the value is stored; for a value that is stored already it can only be made shorter.
   */
  staleWhileRevalidate?: Duration | undefined
  /** For so long past its deadline the value is served when the load fails. As {@link LoadOptions.staleWhileRevalidate}. */
  staleIfError?: Duration | undefined
  /** For so long a load that failed is not tried again: `getOrSet` rejects with the same error. */
  errorTtl?: Duration | undefined
  /** Loads even if the cache has a fresh value, or shares the load of this key that is running. */
  forceRefresh?: boolean | undefined
}

/** What `getOrSet` of a `Cache` may be told. */
export interface SizedLoadOptions<V> extends LoadOptions<V> {
  /** How much the value weighs, a positive whole number, in place of what `sizeCalculation` says. */
  size?: number | undefined
}

/** Options after they were checked; an absent one is undefined, and durations are in milliseconds. */
export interface LoadPlan<V> {
  readonly ttl: number | ((value: V) => unknown) | undefined
  readonly tti: number | undefined
  readonly size: number | undefined
  readonly signal: AbortSignal | undefined
  readonly timeout: number | undefined
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
  readonly errorTtl: number | undefined
  readonly forceRefresh: boolean
}

/** Options of `getOrSet` that were checked before, by one who asks with the same ones over and over. */
export class Prepared<V> {
  readonly plan: LoadPlan<V>

  constructor(options: Partial<LoadPlan<V>>) {
    this.plan = Object.freeze({ ...(NO_OPTIONS as LoadPlan<V>), ...options })
  }
}

/** What a cache says where the options of `getOrSet` are silent: milliseconds, undefined for not at all. */
export interface LoadDefaults {
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
  readonly errorTtl: number | undefined
}

/** The options of a cache that stores values by weight in bytes of its own. */
const KNOWN = [
  'ttl',
  'tti',
  'signal',
  'timeout',
  'staleWhileRevalidate',
  'staleIfError',
  'errorTtl',
  'forceRefresh',
]
/** The options of a cache that is told how much a value weighs. */
const KNOWN_SIZED = [...KNOWN, 'size']

/** Durations in words that were read before: a program writes few of them, and reading one takes 200 ns. */
const goodTexts = new Set<unknown>()
const MOST_TEXTS = 1000

/** No options. */
export const NO_OPTIONS: LoadPlan<unknown> = Object.freeze(planOf(Object.create(null)))

/**
 * Checks the options of `getOrSet`, all of them before any is used. `sized` says whether `size` is one.
 *
 * Throws as every method does for bad options.
 */
export function readLoadOptions<V>(given: unknown, sized: boolean): LoadPlan<V> {
  if (given instanceof Prepared) return given.plan
  return planOf<V>(checkOptions('getOrSet', given, sized ? KNOWN_SIZED : KNOWN))
}

/**
 * Whether options are good, told at a glance; false means that {@link readLoadOptions} is to have a look. It costs a
 * tenth, and a hit needs no more.
 */
export function arePlainlyGood(given: unknown, sized: boolean): boolean {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
  for (const name in given) {
    const value = (given as Record<string, unknown>)[name]
    switch (name) {
      case 'ttl':
        if (!isPlainDuration(value) && typeof value !== 'function') return false
        break
      case 'tti':
      case 'timeout':
      case 'staleWhileRevalidate':
      case 'staleIfError':
      case 'errorTtl':
        if (!isPlainDuration(value)) return false
        break
      case 'signal':
        if (value !== undefined && !isSignal(value)) return false
        break
      case 'forceRefresh':
        if (value !== undefined && typeof value !== 'boolean') return false
        break
      case 'size':
        if (!sized || !(value === undefined || (Number.isSafeInteger(value) && (value as number) > 0)))
          return false
        break
      default:
        return false
    }
  }
  return true
}

/**
 * The time to live that `ttl` gives a loaded value, in milliseconds: 0 to store nothing, undefined for what the cache
 * says. Throws what a `ttl` function throws, and as for a bad option for what it cannot return.
 */
export function timeToLive<V>(ttl: LoadPlan<V>['ttl'], value: V): number | undefined {
  if (typeof ttl !== 'function') return ttl
  const given = ttl(value)
  return given === undefined || given === 0 ? given : parseDuration(given, 'what ttl returns')
}

function planOf<V>(given: Record<string, unknown>): LoadPlan<V> {
  const { ttl, tti, size, signal, timeout, staleWhileRevalidate, staleIfError, errorTtl, forceRefresh } =
    given
  return {
    ttl: typeof ttl === 'function' ? (ttl as (value: V) => unknown) : duration(ttl, 'ttl'),
    tti: duration(tti, 'tti'),
    size: size === undefined ? undefined : checkSize(size),
    signal: signal === undefined ? undefined : checkSignal(signal),
    timeout: duration(timeout, 'timeout'),
    staleWhileRevalidate: duration(staleWhileRevalidate, 'staleWhileRevalidate'),
    staleIfError: duration(staleIfError, 'staleIfError'),
    errorTtl: duration(errorTtl, 'errorTtl'),
    forceRefresh: forceRefresh === undefined ? false : checkBoolean(forceRefresh, 'forceRefresh'),
  }
}

function duration(given: unknown, name: string): number | undefined {
  if (given === undefined) return undefined
  const milliseconds = parseDuration(given, name)
  if (typeof given === 'string' && goodTexts.size < MOST_TEXTS) goodTexts.add(given)
  return milliseconds
}

function isPlainDuration(value: unknown): boolean {
  return typeof value === 'number' ? value > 0 : value === undefined || goodTexts.has(value)
}

function checkSize(size: unknown): number {
  const expected = 'a positive whole number'
  if (typeof size !== 'number') throw optionType('size', expected, size)
  if (!Number.isSafeInteger(size) || size < 1) throw optionRange('size', expected, size)
  return size
}

function checkSignal(signal: unknown): AbortSignal {
  if (isSignal(signal)) return signal
  throw optionType('signal', 'an AbortSignal', signal)
}

/** Whether it behaves as an AbortSignal: it may be one of another realm, or of a library. */
function isSignal(given: unknown): given is AbortSignal {
  try {
    const { aborted, addEventListener, removeEventListener } = (given ?? {}) as Partial<AbortSignal>
    return (
      typeof aborted === 'boolean' &&
      typeof addEventListener === 'function' &&
      typeof removeEventListener === 'function'
    )
  } catch {
    return false // the getters of AbortSignal refuse what only has its prototype
  }
}

function checkBoolean(given: unknown, name: string): boolean {
  if (typeof given !== 'boolean') throw optionType(name, 'a boolean', given)
  return given
}

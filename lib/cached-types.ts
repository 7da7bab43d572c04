/**
 * What a memoized function is to a type checker: the function itself, with methods.
 */
import type { Cache } from './cache.js'
import type { AnyFunction, CachedOptions, CachedStore } from './cached-options.js'
import type { SharedCache } from './shared-cache.js'

/** What `stats` of a memoized function tells: that of its store, as far as that counts. */
export interface CachedStats {
  /** Calls that found a value. */
  hits: number
  /** Calls that found none. */
  misses: number
  /** `hits / (hits + misses)`, 0 before the first call. */
  hitRate: number
  /** Values stored. */
  sets: number
  /** Values taken out by `delete`. */
  deletes: number
  /** Promises that the function was asked for. */
  loads: number
  /** Of those, the ones that were rejected. */
  loadErrors: number
  /** Calls that waited for the promise of another one. */
  coalesced: number
  /** Values stored that overwrote another; absent over a foreign store, as is all that follows. */
  replaced?: number
  /** Values dropped by `clear`. */
  cleared?: number
  /** Values that made room for others. */
  evictions?: number
  /** Values removed because their time was over. */
  expirations?: number
  /** Values refused because they are larger than the store's limit for one entry. */
  rejected?: number
  /** Entries that the store holds now. */
  size?: number
  /** What the sizes of the entries in a `Cache` sum up to now; 0 in one without `maxSize`. */
  calculatedSize?: number
  /** Bytes that a `SharedCache` holds now. */
  bytes?: number
}

/** The answer of a store: at once where it is known to be one that does so, else at once or by a promise. */
export type Answer<S, T> = [S] extends [
  // biome-ignore lint/suspicious/noExplicitAny: whatever is in them
  Cache<any, any> | SharedCache<any, any> | Map<any, any> | undefined,
]
  ? T
  : T | Promise<T>

/** The value that a function returns, or that its promise brings. */
export type Settled<F extends AnyFunction> = Awaited<ReturnType<F>>

/** The methods of a memoized function. With a store that answers by promises, what they return is a promise. */
export interface CachedMethods<F extends AnyFunction, S extends CachedStore | undefined = undefined> {
  /**
   * Takes out all values of this function (of its namespace, where it has one), and has calls that are under way in this
   * thread store nothing. In a store of other functions too, this takes time in proportion to what the store holds.
   *
   * A foreign store is asked for its keys if it is a Map or a Keyv that can list them; else its own `clear` is called if no
   * other namespace of this thread uses it; else what this thread stored (the last 100,000 keys) is deleted.
   */
  clear(): Answer<S, void>
  /** Takes out the value of a call; whether there was one. A call that is under way stores nothing. */
  delete(...args: Parameters<F>): Answer<S, boolean>
  /** Whether the value of a call is there. Counts nothing and refreshes nothing. */
  has(...args: Parameters<F>): Answer<S, boolean>
  /** The value of a call if it is there, else undefined: never a promise of what the function's own brought. */
  peek(...args: Parameters<F>): Answer<S, Settled<F> | undefined>
  /** Stores a value for a call; not a promise of one, which is a `TypeError` with code `ERR_MOKAPOT_INVALID_VALUE`. */
  set(args: Readonly<Parameters<F>>, value: Settled<F>): Answer<S, void>
  /** Calls the function though its value may be there (or joins such a call), and stores what it returns. */
  refresh(...args: Parameters<F>): ReturnType<F>
  /** The key of a call in {@link CachedMethods.store}: text, where that is not a cache of the function's own. */
  keyOf(...args: Parameters<F>): unknown
  /** What happened so far in the store; over a foreign store, to this function. */
  stats(): CachedStats
  /** The options in effect, durations in milliseconds. Frozen. */
  readonly parameters: CachedParameters<F>
  /** Where the values are: the cache of the function's own, or the store it was given. */
  readonly store: S extends undefined ? Cache<unknown, Settled<F>> : S
  /** The function that is memoized. */
  readonly fn: F
}

/** A memoized function: it is called as the function is, and keeps its name and length. */
export type CachedFunction<F extends AnyFunction, S extends CachedStore | undefined = undefined> = F &
  CachedMethods<F, S>

/** The options in effect: those absent had no effect; durations are in milliseconds. */
export type CachedParameters<F extends AnyFunction> = Readonly<
  Omit<CachedOptions<F>, 'ttl' | 'tti' | 'staleWhileRevalidate' | 'staleIfError' | 'errorTtl'> & {
    /** How long a value is good, or the function that is asked with each value. */
    ttl?: number | Exclude<CachedOptions<F>['ttl'], string | number | undefined>
    /** How long a value is good after it was last used. */
    tti?: number
    /** For so long past its time a value is served at once while the function brings a fresh one. */
    staleWhileRevalidate?: number
    /** For so long past its time a value is served when the function fails. */
    staleIfError?: number
    /** For so long a call that failed is not tried again. */
    errorTtl?: number
  }
>

/**
 * The options of `cached`: what they are, and how they are checked before anything is made.
 */
import { types } from 'node:util'
import { Cache } from './cache.js'
import { limitOfStore, namespaceNeeded, namespaceNeedsStore } from './cached-errors.js'
import { type Duration, parseDuration } from './duration.js'
import { optionType } from './errors.js'
import type { Clock } from './lifetimes.js'
import { checkFunction, checkOptions } from './options.js'
import { SharedCache } from './shared-cache.js'
import type { StoreLike } from './store-like.js'

/** How many entries a function's own cache holds unless `max` or `maxSize` says otherwise. */
const DEFAULT_MAX = 1000

/** Any function. */
// biome-ignore lint/suspicious/noExplicitAny: only with these does every function match
export type AnyFunction = (this: any, ...args: any[]) => any

/** What can be the `store` of a memoized function. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the keys and values of a cache are, it can hold others
export type CachedStore = Cache<any, any> | SharedCache<any, any> | StoreLike

/** What `cached` may be told. */
export interface CachedOptions<
  F extends AnyFunction = AnyFunction,
  S extends CachedStore | undefined = CachedStore | undefined,
> {
  /** The most entries of the function's own cache: 1000 unless `maxSize` is given. */
  max?: number | undefined
  /** What the sizes of all entries of the function's own cache sum up to at the most. Needs `sizeCalculation`. */
  maxSize?: number | undefined
  /** The size of a value: a whole number from 1 on. */
  sizeCalculation?: ((value: Awaited<ReturnType<F>>) => number) | undefined
  /**
   * How long a value is good. A function is asked with each value; if it returns 0, the value is not kept, and if
   * undefined, the store decides.
   */
  ttl?: Duration | ((value: Awaited<ReturnType<F>>) => Duration | undefined) | undefined
  /** How long a value is good after it was last used. Not over a foreign store. */
  tti?: Duration | undefined
  /**
   * For so long past its time a value is served at once while the function brings a fresh one. This and the next two are for
   * functions that return promises; a value that was returned at once is not served stale.
   */
  staleWhileRevalidate?: Duration | undefined
  /** For so long past its time a value is served when the function fails. */
  staleIfError?: Duration | undefined
  /** For so long a call that failed is not tried again: it fails with the same error. */
  errorTtl?: Duration | undefined
  /** What stands for the arguments of a call, which counts by content as an argument would. It must not be a promise. */
  key?: ((...args: Parameters<F>) => unknown) | undefined
  /** What stands in the key (not in the call) for arguments that are undefined or missing, by position. */
  defaults?: readonly unknown[] | undefined
  /** Where values are kept, in place of a cache of the function's own. */
  store?: S | undefined
  /**
   * Functions of one `namespace` share their entries in a store, in whatever thread or process they are. In a `Cache` each
   * function has its own entries without it; elsewhere it is required.
   */
  namespace?: string | undefined
  /** Where the time comes from, in milliseconds, for a cache of the function's own or a foreign store. */
  clock?: Clock | undefined
}

/** Options after they were checked; spans are in milliseconds, and what was not given is undefined. */
export interface CachedSettings {
  readonly max: number | undefined
  readonly maxSize: number | undefined
  readonly sizeCalculation: ((value: unknown) => number) | undefined
  readonly ttl: number | ((value: unknown) => Duration | undefined) | undefined
  readonly tti: number | undefined
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
  readonly errorTtl: number | undefined
  readonly key: ((...args: unknown[]) => unknown) | undefined
  readonly defaults: readonly unknown[] | undefined
  readonly store: CachedStore | undefined
  readonly namespace: string | undefined
  readonly clock: Clock | undefined
}

const OPTIONS = [
  'max',
  'maxSize',
  'sizeCalculation',
  'ttl',
  'tti',
  'staleWhileRevalidate',
  'staleIfError',
  'errorTtl',
  'key',
  'defaults',
  'store',
  'namespace',
  'clock',
]

/** What is decided where the store is made; a foreign one leaves the clock to us, and has no time to idle. */
const OF_CACHES = ['max', 'maxSize', 'sizeCalculation', 'clock']
const OF_FOREIGN_STORES = ['max', 'maxSize', 'sizeCalculation', 'tti']

/**
 * Checks the options of `cached`, but for the limits of a function's own cache, which its constructor checks.
 *
 * Throws a `RangeError` or `TypeError` with a `code` that names the option.
 */
export function readCachedOptions(given: unknown): CachedSettings {
  const options = checkOptions('cached', given, OPTIONS)
  const { store, namespace, ttl, key, defaults, maxSize } = options
  const span = (name: string) =>
    options[name] === undefined ? undefined : parseDuration(options[name], name)
  if (namespace !== undefined && (typeof namespace !== 'string' || namespace === ''))
    throw optionType('namespace', 'a string that is not empty', namespace)
  if (key !== undefined) checkFunction('key', key)
  if (defaults !== undefined && !Array.isArray(defaults)) throw optionType('defaults', 'an array', defaults)
  if (store !== undefined) checkStore(store, options)
  else if (namespace !== undefined) throw namespaceNeedsStore()
  const isUnlimited = store === undefined && options.max === undefined && maxSize === undefined
  return {
    max: (isUnlimited ? DEFAULT_MAX : options.max) as CachedSettings['max'],
    maxSize: maxSize as CachedSettings['maxSize'],
    sizeCalculation: options.sizeCalculation as CachedSettings['sizeCalculation'],
    ttl: typeof ttl === 'function' ? (ttl as () => Duration) : span('ttl'),
    tti: span('tti'),
    staleWhileRevalidate: span('staleWhileRevalidate'),
    staleIfError: span('staleIfError'),
    errorTtl: span('errorTtl'),
    key: key as CachedSettings['key'],
    defaults: defaults === undefined ? undefined : Object.freeze(Array.from(defaults as unknown[])),
    store: store as CachedSettings['store'],
    namespace,
    clock: options.clock as CachedSettings['clock'],
  }
}

/** Whether a function is written as one that returns promises; others may return them too. */
export function isWrittenAsync(fn: unknown): boolean {
  return types.isAsyncFunction(fn)
}

function checkStore(store: unknown, options: Record<string, unknown>): void {
  const isCache = store instanceof Cache
  const isForeign = !isCache && !(store instanceof SharedCache)
  if (isForeign && !isStoreLike(store))
    throw optionType('store', 'a Cache, a SharedCache or an object with get, set and delete', store)
  for (const name of isForeign ? OF_FOREIGN_STORES : OF_CACHES)
    if (options[name] !== undefined) throw limitOfStore(name)
  const { clock, namespace } = options
  if (clock !== undefined && typeof (clock as Partial<Clock> | null)?.now !== 'function')
    throw optionType('clock', 'an object with a method now()', clock)
  if (namespace === undefined && !isCache) throw namespaceNeeded()
}

function isStoreLike(store: unknown): boolean {
  if ((typeof store !== 'object' || store === null) && typeof store !== 'function') return false
  const { get, set, delete: remove } = store as Record<string, unknown>
  return typeof get === 'function' && typeof set === 'function' && typeof remove === 'function'
}

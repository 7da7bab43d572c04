/**
 * Memoizing: a function is put together with the place of its entries.
 */
import { types } from 'node:util'
import { Cache } from './cache.js'
import { generatorFunction } from './cached-errors.js'
import { type CachedKeys, groupOf, LocalKeys, OwnKeys, PrintableKeys } from './cached-keys.js'
import {
  type AnyFunction,
  type CachedOptions,
  type CachedSettings,
  type CachedStore,
  readCachedOptions,
} from './cached-options.js'
import type { CachedFunction, CachedMethods, CachedStats } from './cached-types.js'
import { define } from './define.js'
import { optionType } from './errors.js'
import { ForeignStore } from './foreign-store.js'
import { memoryKeyOf, memoryKeyOfTwo } from './keys.js'
import { type Backing, Memo } from './memo.js'
import { MISS } from './miss.js'
import { SharedCache } from './shared-cache.js'

/** Memoizes `fn`: see `cached`, which is this and the decorator. `self` is the `this` of a call made by `refresh`. */
export function memoize<F extends AnyFunction, S extends CachedStore | undefined>(
  fn: F,
  options?: CachedOptions<F, S>,
  self?: unknown,
): CachedFunction<F, S> {
  if (typeof fn !== 'function') throw optionType('what cached gets', 'a function', fn)
  if (types.isGeneratorFunction(fn)) throw generatorFunction(fn)
  const settings = readCachedOptions(options)
  const group = groupOf(settings.store, settings.namespace)
  const place = placeOf(fn, settings, group)
  const memo = new Memo(fn, place.backing, place.keys, group, place.settings)
  const isOwn = settings.store === undefined
  const isFast = isOwn && settings.key === undefined && settings.defaults === undefined
  const memoized = isFast ? memoizeFast(memo, place.store as Cache<unknown, unknown>) : memoizeAny(memo)
  define(memoized, 'name', fn.name, false)
  define(memoized, 'length', fn.length, false)
  const methods: Record<keyof CachedMethods<AnyFunction>, unknown> = {
    clear: place.clear,
    delete: (...args: unknown[]) => memo.delete(args),
    has: (...args: unknown[]) => memo.has(args),
    peek: (...args: unknown[]) => memo.peek(args),
    set: (args: unknown, value: unknown) => {
      if (!Array.isArray(args)) throw optionType('the arguments', 'an array', args)
      return memo.set(args, value)
    },
    refresh: (...args: unknown[]) => memo.refresh(self, args),
    keyOf: (...args: unknown[]) => memo.keyOf(args),
    stats: place.stats,
    parameters: parametersOf(settings),
    store: place.store,
    fn,
  }
  for (const [name, value] of Object.entries(methods)) define(memoized, name, value, true)
  return memoized as CachedFunction<F, S>
}

/** For a cache of the function's own: a hit on one or two arguments takes nothing but their key and a look. */
function memoizeFast(memo: Memo, cache: Cache<unknown, unknown>): AnyFunction {
  const any = memoizeAny(memo)
  return function (this: unknown, first?: unknown, second?: unknown): unknown {
    // biome-ignore lint/complexity/noArguments: a rest parameter would be an array to make for each call
    const { length } = arguments
    if (memo.returnsValues) {
      if (length === 1) {
        const key = typeof first === 'number' ? first : memoryKeyOf(first)
        const found = cache.get(key, MISS)
        return found === MISS ? memo.compute(key, this, [first]) : found
      }
      if (length === 2) {
        const key = memoryKeyOfTwo(first, second)
        const found = cache.get(key, MISS)
        return found === MISS ? memo.compute(key, this, [first, second]) : found
      }
    }
    // biome-ignore lint/complexity/noArguments: as above
    return any.apply(this, arguments as unknown as unknown[])
  }
}

function memoizeAny(memo: Memo): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    return memo.call(this, args)
  }
}

/** A function's store: what it is to the user, and what it is to a memo. */
interface Place {
  store: CachedStore
  backing: Backing
  keys: CachedKeys
  /** What the memo is to see to at each entry. */
  settings: Pick<CachedSettings, 'ttl' | 'tti' | 'staleWhileRevalidate' | 'staleIfError' | 'errorTtl'>
  clear: () => void | Promise<void>
  stats: () => CachedStats
}

function placeOf(fn: AnyFunction, settings: CachedSettings, group: ReturnType<typeof groupOf>): Place {
  const { store } = settings
  if (store === undefined) {
    const cache = ownCache(settings)
    return {
      store: cache,
      backing: cache as Backing,
      keys: new OwnKeys(settings, group),
      settings: { ...NOTHING, ttl: typeof settings.ttl === 'function' ? settings.ttl : undefined },
      clear: () => cache.clear(),
      stats: () => cache.stats(),
    }
  }
  if (store instanceof Cache || store instanceof SharedCache) {
    const keys = store instanceof Cache ? new LocalKeys(settings, group) : new PrintableKeys(settings)
    return {
      store,
      backing: store as Backing,
      keys,
      settings,
      clear: () => {
        // A load has no entry yet, and is given up by the deletion of its key.
        const owned = [...group.loading]
        for (const key of store.keys()) if (keys.owns(key)) owned.push(key)
        store.deleteMany(owned)
      },
      stats: () => store.stats(),
    }
  }
  const keys = new PrintableKeys(settings)
  const { clock, staleWhileRevalidate = 0, staleIfError = 0, errorTtl = 0 } = settings
  const foreign = new ForeignStore(store, group, clock, { staleWhileRevalidate, staleIfError, errorTtl }, fn)
  return {
    store,
    backing: foreign,
    keys,
    settings: { ...NOTHING, ttl: settings.ttl },
    clear: () => foreign.clear((key) => keys.owns(key)),
    stats: () => {
      const { hits, misses, hitRate, sets, deletes, loads, loadErrors, coalesced } = foreign.counts
      return { hits, misses, hitRate, sets, deletes, loads, loadErrors, coalesced }
    },
  }
}

const NOTHING = Object.freeze({
  ttl: undefined,
  tti: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
  errorTtl: undefined,
})

function ownCache(settings: CachedSettings): Cache<unknown, unknown> {
  const { max, maxSize, sizeCalculation, ttl, tti, clock } = settings
  const { staleWhileRevalidate, staleIfError, errorTtl } = settings
  return new Cache<unknown, unknown>({
    max,
    maxSize,
    sizeCalculation,
    ttl: typeof ttl === 'function' ? undefined : ttl,
    tti,
    clock,
    staleWhileRevalidate,
    staleIfError,
    errorTtl,
  })
}

/** What was given and what stands for what was not. */
function parametersOf(settings: CachedSettings): object {
  return Object.freeze(
    Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
  )
}

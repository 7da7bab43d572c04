/**
 * `cached`: functions and methods whose calls are answered from a cache.
 */

import { notDecorable } from './cached-errors.js'
import type { AnyFunction, CachedOptions, CachedStore } from './cached-options.js'
import type { CachedFunction } from './cached-types.js'
import { type CachedDecorator, cachedOf, decorate, isContext } from './decorator.js'
import { memoize } from './memoize.js'

/** The type of {@link cached}: a function, a decorator, and a decorator with options. */
export interface Cached {
  /** As `@cached` on a method: memoized for each instance by itself. */
  <This, A extends unknown[], R>(
    method: (this: This, ...args: A) => R,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: A) => R>,
  ): (this: This, ...args: A) => R
  /** As `@cached` on a getter: its value is kept for each instance by itself. */
  <This, R>(getter: (this: This) => R, context: ClassGetterDecoratorContext<This, R>): (this: This) => R
  /** As `cached(fn, options)`: the memoized function. */
  <F extends AnyFunction, S extends CachedStore | undefined = undefined>(
    fn: F,
    options?: CachedOptions<F, S>,
  ): CachedFunction<F, S>
  /** As `@cached(options)`: a decorator of methods and getters. */
  (options?: CachedOptions): CachedDecorator

  /**
   * The memoized function behind a decorated method or getter, for one instance (the class itself, for a static one).
   *
   * Throws a `TypeError` with code `ERR_MOKAPOT_INVALID_OPTION` for a member that is not decorated.
   *
   * @example
   * cached.of(users, 'find').delete(42)
   */
  of<T extends object, N extends keyof T>(
    instance: T,
    name: N,
  ): CachedFunction<T[N] extends AnyFunction ? T[N] : () => T[N], CachedStore | undefined>
}

/**
 * Memoizes a function: the same arguments, by content, give the same result without another call. A function that returns
 * promises is called once for all who ask at the same time, and what its promises bring is kept; what it throws, or its
 * promises reject with, reaches all who asked and is not kept.
 *
 * The result is called as the function is, with the same `this` (which is no part of the key), name and length, and has
 * methods: see `CachedMethods`. Values are kept by reference in a cache of the function's own that holds 1000 of them,
 * unless options say otherwise.
 *
 * As a decorator, `@cached` or `@cached({ ttl: '5m' })`, it memoizes a method or getter for each instance by itself.
 *
 * Throws a `TypeError` or `RangeError` with a `code` for what an option cannot be, for a generator function, and for a store
 * beyond this thread without a `namespace`. A call throws a `TypeError` with code `ERR_MOKAPOT_ASYNC_STORE` when the store
 * answers by promises and the function does not.
 *
 * @example
 * import { cached } from 'mokapot'
 *
 * const user = cached(async (id) => fetchUser(id), { ttl: '5m', staleIfError: '1h' })
 * await user(42)
 * user.delete(42) // true
 */
export const cached: Cached = Object.assign(
  (given?: unknown, second?: unknown): never => {
    if (isContext(second)) return decorate(given, second, undefined) as never
    if (typeof given === 'function' && typeof second !== 'string' && typeof second !== 'symbol') {
      return memoize(given as AnyFunction, second as CachedOptions) as never
    }
    // Decorators from before the language had them come with the name of the member.
    if (typeof second === 'string' || typeof second === 'symbol') throw notDecorable(second)
    if (given === undefined || isOptions(given)) {
      return ((fn: unknown, context: unknown) => decorate(fn, context, given as CachedOptions)) as never
    }
    return memoize(given as AnyFunction, second as CachedOptions) as never // which refuses it
  },
  { of: cachedOf as Cached['of'] },
)

function isOptions(given: unknown): boolean {
  return typeof given === 'object' && given !== null && !Array.isArray(given)
}

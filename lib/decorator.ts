/**
 * The decorator `@cached`: methods and getters with one cache for each instance, which goes with it.
 */

import { notDecorable, notDecorated } from './cached-errors.js'
import type { AnyFunction, CachedOptions, CachedStore } from './cached-options.js'
import type { CachedFunction } from './cached-types.js'
import { define } from './define.js'
import { memoize } from './memoize.js'

/** What `@cached({ ... })` is: a decorator of methods and getters. */
export interface CachedDecorator {
  /** Memoizes a method for each instance by itself. */
  <This, A extends unknown[], R>(
    method: (this: This, ...args: A) => R,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: A) => R>,
  ): (this: This, ...args: A) => R
  /** Keeps the value of a getter for each instance by itself. */
  <This, R>(getter: (this: This) => R, context: ClassGetterDecoratorContext<This, R>): (this: This) => R
}

type Context = ClassMethodDecoratorContext | ClassGetterDecoratorContext

/** The memoized function of an instance, of each function that was decorated. */
const functionsOf = new WeakMap<object, (instance: object) => CachedFunction<AnyFunction>>()

/** Whether `given` is what the language gives a decorator as its second argument. */
export function isContext(given: unknown): given is Context {
  return (
    typeof given === 'object' &&
    given !== null &&
    'kind' in given &&
    'name' in given &&
    'addInitializer' in given
  )
}

/** Decorates a method or getter. Its memoized function is made when an instance first needs it. */
export function decorate(fn: unknown, context: unknown, options: CachedOptions | undefined): AnyFunction {
  if (!isContext(context)) throw notDecorable(context)
  if (typeof fn !== 'function' || (context.kind !== 'method' && context.kind !== 'getter')) {
    throw notDecorable(context.kind)
  }
  memoize(fn as AnyFunction, options) // what is wrong with them shows now, not at the first call
  const functions = new WeakMap<object, CachedFunction<AnyFunction>>()
  const functionOf = (instance: object): CachedFunction<AnyFunction> => {
    let memoized = functions.get(instance)
    if (memoized === undefined) {
      memoized = memoize(fn as AnyFunction, options, instance) as CachedFunction<AnyFunction>
      functions.set(instance, memoized)
    }
    return memoized
  }
  const decorated = function (this: unknown, ...args: unknown[]): unknown {
    const isInstance = (typeof this === 'object' && this !== null) || typeof this === 'function'
    // Whoever is called without an instance has none to keep anything for.
    return isInstance ? functionOf(this).apply(this, args) : fn.apply(this, args)
  }
  define(decorated, 'name', fn.name, false)
  define(decorated, 'length', fn.length, false)
  functionsOf.set(decorated, functionOf)
  return decorated
}

/** See `cached.of`. */
export function cachedOf(
  instance: object,
  name: PropertyKey,
): CachedFunction<AnyFunction, CachedStore | undefined> {
  for (let owner: object | null = instance ?? null; owner !== null; owner = Object.getPrototypeOf(owner)) {
    const property = Object.getOwnPropertyDescriptor(owner, name)
    if (property === undefined) continue
    const functionOf = functionsOf.get(property.get ?? property.value)
    if (functionOf !== undefined) return functionOf(instance)
    break
  }
  throw notDecorated(name)
}

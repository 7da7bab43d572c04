// The errors of `cached`: functions, arguments and stores that it does not take.

import { describe } from './describe.js'
import { rangeError, typeError } from './errors.js'

/**
 * `TypeError` for an argument that means nothing outside this thread; `cause` is what kept its content from being
 * read, if that was it.
 */
export function noPrintableKey(argument: unknown, cause?: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_KEY',
    `${describe(argument)} among the arguments has only an identity, which means nothing to a store that other threads ` +
      'or processes use; give its class a [mokapotKey]() method, or give cached a key function',
    cause,
  )
}

/** `RangeError` for arguments too large to be a key; `cause` is where that showed, if anywhere. */
export function keyTooLarge(cause?: unknown): RangeError {
  return rangeError(
    'ERR_MOKAPOT_INVALID_KEY',
    'the arguments are too large to be a key; give cached a key function that picks what tells them apart',
    cause,
  )
}

/** `TypeError` for a promise, which is never equal to another one, from `who`: what is to say what stands in a key. */
export function promisedKey(who: string): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_KEY',
    `${who} returned a promise; it must return what stands for the arguments, at once`,
  )
}

/** `TypeError` for a generator function, or a function that returned a generator, given to `cached`. */
export function generatorFunction(fn: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `${describe(fn)} gives a generator, which can be read only once and so cannot be cached; ` +
      'cache a function that returns an array of what it yields',
  )
}

/** `TypeError` for a promise given to `set` of a memoized function. */
export function promisedValue(fn: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_VALUE',
    `set of the cached ${describe(fn)} got a promise; await it first, since settled values are what is kept`,
  )
}

/** `TypeError` for a function that returned no promise although its store answers by promises. */
export function asyncStore(fn: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_ASYNC_STORE',
    `the store of the cached ${describe(fn)} answers by promises, and the function returns none; ` +
      'make it an async function, or give it a store that answers at once',
  )
}

/** `TypeError` for an option of `cached` that is decided where its store is made. */
export function limitOfStore(name: string): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `${name} is for a cached function without a store; what a store holds and how is decided where it is made`,
  )
}

/** `TypeError` for a store beyond this thread without a `namespace`. */
export function namespaceNeeded(): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    'cached needs a namespace with this store: a function has no name that other threads or processes would know, ' +
      'so say which entries are its own',
  )
}

/** `TypeError` for a `namespace` where nothing can be shared. */
export function namespaceNeedsStore(): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    'a namespace is for functions that share a store; give cached the store too, or leave the namespace out',
  )
}

/** `TypeError` for what `@cached` cannot decorate. */
export function notDecorable(kind: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `@cached is for methods and getters, with the decorators of the language (no experimentalDecorators), got ${describe(kind)}`,
  )
}

/** `TypeError` for a member that is not decorated with `@cached`. */
export function notDecorated(name: unknown): TypeError {
  return typeError('ERR_MOKAPOT_INVALID_OPTION', `there is no @cached method or getter ${describe(name)}`)
}

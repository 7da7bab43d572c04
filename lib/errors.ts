// The class and the codes of mokapot's errors, and the words of those that any module may raise.

import { define } from './define.js'
import { describe } from './describe.js'

/**
 * What `error.code` can be. A code is part of the contract and never changes its meaning; messages may be
 * reworded.
 */
export type ErrorCode =
  /** An option or argument has the wrong type or is out of range. */
  | 'ERR_MOKAPOT_INVALID_OPTION'
  /** An option of that name does not exist. */
  | 'ERR_MOKAPOT_UNKNOWN_OPTION'
  /**
   * A `SharedCache` key is no string, number, bigint or Uint8Array, or the arguments of a memoized function cannot be
   * turned into a key.
   */
  | 'ERR_MOKAPOT_INVALID_KEY'
  /** The cache's codec does not take this value. */
  | 'ERR_MOKAPOT_INVALID_VALUE'
  /** The `'structured'` codec found something in the value that cannot be cloned. */
  | 'ERR_MOKAPOT_UNCLONEABLE'
  /** A custom codec broke its contract. */
  | 'ERR_MOKAPOT_CODEC'
  /** The cache was closed. */
  | 'ERR_MOKAPOT_CLOSED'
  /** A living shared cache has that name already. */
  | 'ERR_MOKAPOT_NAME_TAKEN'
  /** `open` was given options that contradict those of the living cache. */
  | 'ERR_MOKAPOT_OPTIONS_DIFFER'
  /** The handle is of a cache that is gone. */
  | 'ERR_MOKAPOT_STALE_HANDLE'
  /** The handle was made by another copy of the package in the same process. */
  | 'ERR_MOKAPOT_OTHER_COPY'
  /** The value is no handle at all. */
  | 'ERR_MOKAPOT_INVALID_HANDLE'
  /** A memoized function that returns no promise has a store that answers by promises. */
  | 'ERR_MOKAPOT_ASYNC_STORE'
  /** A load did not settle within its `timeout`, or was cut off by that of a script. */
  | 'ERR_MOKAPOT_TIMEOUT'
  /** Memory ran out for an entry within the limit. */
  | 'ERR_MOKAPOT_OUT_OF_MEMORY'
  /** There is no binary for this platform, it is not installed, or it does not load. */
  | 'ERR_MOKAPOT_NO_BINARY'
  /** mokapot itself failed: a defect to report. */
  | 'ERR_MOKAPOT_INTERNAL'

/**
 * A failure that is neither a wrong type nor a value out of range: closed caches, stale handles, timeouts.
 */
export class MokapotError extends Error {
  /** One of the `ERR_MOKAPOT_…` codes. */
  readonly code: ErrorCode

  /** Makes an error with that code; `options` may name its `cause`. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
define(MokapotError.prototype, 'name', 'MokapotError', true)

/** A `RangeError` with a `code`: the type is right, the value is not. */
export function rangeError(
  code: ErrorCode,
  message: string,
  cause?: unknown,
): RangeError & { code: ErrorCode } {
  return finish(new RangeError(message), rangeError, code, cause)
}

/** A `TypeError` with a `code`: the value is of a kind that can never be right. */
export function typeError(
  code: ErrorCode,
  message: string,
  cause?: unknown,
): TypeError & { code: ErrorCode } {
  return finish(new TypeError(message), typeError, code, cause)
}

/** `RangeError` for the option `name`: `expected` says what would be right. */
export function optionRange(name: string, expected: string, got: unknown): RangeError {
  return rangeError('ERR_MOKAPOT_INVALID_OPTION', `${name} must be ${expected}, got ${describe(got)}`)
}

/** `TypeError` for the option `name`: `expected` says what would be right. */
export function optionType(name: string, expected: string, got: unknown): TypeError {
  return typeError('ERR_MOKAPOT_INVALID_OPTION', `${name} must be ${expected}, got ${describe(got)}`)
}

/**
 * `TypeError` for an option `given` to `owner` that does not exist; `nearest` is the name that was likely
 * meant.
 */
export function unknownOption(
  owner: string,
  given: string,
  nearest: string | undefined,
  known: readonly string[],
): TypeError {
  const hint =
    nearest === undefined ? `the options are ${known.join(', ')}` : `did you mean ${describe(nearest)}?`
  return typeError('ERR_MOKAPOT_UNKNOWN_OPTION', `${owner} has no option ${describe(given)}; ${hint}`)
}

/** `RangeError` for more than `most` items at once. */
export function tooMany(name: string, most: number): RangeError {
  return rangeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `${name} must be at most ${most} items; give them in several calls, and check that the iterable ends`,
  )
}

/** `TypeError` for a `Cache` without a limit. */
export function tooFewLimits(): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    'a Cache needs max (a number of entries), maxSize (a sum of sizes), or both',
  )
}

/** `TypeError` for the option `name` of a cache that keeps no sizes. */
export function sizeNeedsLimit(name: string): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `${name} needs a cache that was made with maxSize, which this one was not`,
  )
}

/** `TypeError` for an entry whose size nobody tells. */
export function sizeNeeded(key: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `the size of ${describe(key)} is not known: give set a size, or the cache a sizeCalculation`,
  )
}

/** `now()` of a clock that the user gave calls the cache that asks it. */
export function clockUsesCache(): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    'now() of a clock must not use the cache that asks it the time',
  )
}

/** `TypeError` for `updateAgeOnGet` beside `tti`. */
export function twoIdleTimes(): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    'updateAgeOnGet makes the ttl a time to idle; give ttl and tti instead, and leave it out',
  )
}

/** `TypeError` for what is no dump of a `Cache`; `where` tells the item. */
export function invalidDump(where: string, got: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_OPTION',
    `load needs what dump returned, [key, { value, ttl, age }] items; ${where} is ${describe(got)}`,
  )
}

/** A load of `key` did not settle within so many milliseconds, and there is no stale value to serve. */
export function loadTimeout(key: unknown, milliseconds: number): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_TIMEOUT',
    `the value of ${describe(key)} was not loaded within ${milliseconds} ms; the load goes on and its result is cached, ` +
      'so ask again later or give it a longer timeout',
  )
}

/** The load of `key` began in a script that ran out of time, and did not return. */
export function loadCutOff(key: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_TIMEOUT',
    `the load of ${describe(key)} was cut off before it returned, by the timeout of the script that called it; ask again`,
  )
}

/** The allocator had no memory for the value of `key`. */
export function outOfMemory(key: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_OUT_OF_MEMORY',
    `there is no memory left for the value of ${describe(key)}; the old value stays. ` +
      'Give the cache a smaller maxBytes',
  )
}

/** The addon answered what it never should. */
export function internal(code: number): MokapotError {
  return new MokapotError('ERR_MOKAPOT_INTERNAL', `the addon answered ${code}; please report it`)
}

/** Use of a cache after its `close()`; `what` names the cache for the reader. */
export function closed(what: string): MokapotError {
  return new MokapotError('ERR_MOKAPOT_CLOSED', `${what} is closed; make or attach a new one to go on`)
}

// Adds the code, and the cause if there is one; the stack starts at the caller of `factory`.
function finish<E extends Error>(
  error: E,
  factory: unknown,
  code: ErrorCode,
  cause: unknown,
): E & { code: ErrorCode } {
  if (cause !== undefined) define(error, 'cause', cause, true)
  Error.captureStackTrace?.(error, factory as (...args: never[]) => unknown)
  return Object.assign(error, { code })
}

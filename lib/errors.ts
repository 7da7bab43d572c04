// Every error mokapot raises: its class, its code, and the words it says.

import { describe, reason } from './describe.js'

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
Object.defineProperty(MokapotError.prototype, 'name', {
  value: 'MokapotError',
  configurable: true,
  writable: true,
})

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

/** `TypeError` for a key that a `SharedCache` does not take. */
export function invalidKey(key: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_KEY',
    `a SharedCache key must be a string, number, bigint or Uint8Array, got ${describe(key)}`,
  )
}

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

/** `TypeError` for a `key` function of `cached` that returned a promise, which is never equal to another one. */
export function promisedKey(): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_KEY',
    'the key function of cached returned a promise; it must return what stands for the arguments, at once',
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

/** `TypeError` for a value the codec `codec` does not take; `expected` says what it takes. */
export function invalidValue(
  codec: string,
  key: unknown,
  expected: string,
  got: unknown,
  cause?: unknown,
): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_VALUE',
    `the value of ${describe(key)} must be ${expected} for the codec ${describe(codec)}, got ${describe(got)}`,
    cause,
  )
}

/** `TypeError` for a promise that the `compute` of `memo` returned for `key`. */
export function asyncMemo(key: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_VALUE',
    `compute returned a promise for ${describe(key)}, and memo is synchronous; await the value and set it`,
  )
}

/** `TypeError` for a value that structured clone refuses; `cause` is what it threw. */
export function uncloneable(key: unknown, value: unknown, cause: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_UNCLONEABLE',
    `the value of ${describe(key)}, ${describe(value)}, cannot be cloned (${reason(cause)}); ` +
      'leave functions, symbols, proxies, promises and native handles out of it, convert it to plain data, ' +
      'or give the cache a codec of your own',
    cause,
  )
}

/** `TypeError` for a custom codec whose `encode` returned no Uint8Array. */
export function badEncoding(codec: string, key: unknown, got: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_CODEC',
    `encode of codec ${describe(codec)} must return a Uint8Array (not a promise of one), ` +
      `got ${describe(got)} for the value of ${describe(key)}`,
  )
}

/** An entry of a `kind` that the codec `codec` never writes. */
export function foreignKind(codec: string, kind: number): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_CODEC',
    `codec ${describe(codec)} never writes entries of kind ${kind}; ` +
      'attach with the codec the cache was made with',
  )
}

/** A living cache has the codec `codec`, and not the one `given`; a custom codec has to be given. */
export function codecNeeded(codec: string, given: string | undefined): MokapotError {
  const got = given === undefined ? 'none was given' : `${describe(given)} was given`
  return new MokapotError(
    'ERR_MOKAPOT_CODEC',
    `this shared cache has the codec ${describe(codec)} and ${got}; pass the codec of that name as { codec }`,
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

/** A shared cache of that name lives already. */
export function nameTaken(name: string): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NAME_TAKEN',
    `a shared cache named ${describe(name)} exists already; ` +
      'use SharedCache.open to share it, or choose another name',
  )
}

/** `open` got an option that contradicts the living cache's. */
export function optionsDiffer(name: string, option: string, living: unknown, given: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_OPTIONS_DIFFER',
    `the shared cache ${describe(name)} lives with ${option} ${describe(living)}, not ${describe(given)}; ` +
      `open it with the same ${option}, without it, or under another name`,
  )
}

/** The handle's cache is gone. */
export function staleHandle(): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_STALE_HANDLE',
    'the shared cache of this handle is gone: every thread that held it closed it or ended; ' +
      'keep it open in one thread for as long as others may attach',
  )
}

/** The handle is of another copy of the package. */
export function otherCopy(): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_OTHER_COPY',
    'this handle was made in another process, or by another copy of mokapot in this one; caches are shared within one ' +
      'copy and process: attach in the process that made it, install one version (npm dedupe), bundle it in one place',
  )
}

/** `TypeError` for something given as a handle that is none. */
export function invalidHandle(got: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_HANDLE',
    `expected the handle of a SharedCache (cache.handle), got ${describe(got)}`,
  )
}

/** The platform has no binary. */
export function noBinaryFor(
  platform: string,
  known: readonly string[],
  version: string,
  cause: unknown,
): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    `mokapot has no binary for ${platform}, only for ${known.join(', ')}; ${buildIt(version)}`,
    { cause },
  )
}

/** The platform's package is not there. */
export function noBinary(platform: string, version: string, cause: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    `the binary of mokapot for ${platform} is not installed: run npm install mokapot-${platform}@${version} ` +
      '(it is left out by --omit=optional, and by a lock file or node_modules made on another platform); ' +
      `or ${buildIt(version)}`,
    { cause },
  )
}

/** The platform's package is there, and the system refuses it. */
export function binaryFails(platform: string, version: string, cause: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    `the binary of mokapot for ${platform} does not load (${reason(cause)}): if it is damaged, remove node_modules and ` +
      `install again, with mokapot-${platform}@${version} in it; if this system is too old for it, ${buildIt(version)}`,
    { cause },
  )
}

function buildIt(version: string): string {
  return (
    `build it from source: run npm install and npm run build in a checkout of mokapot ${version}, which takes Rust and ` +
    'a C compiler, and set NAPI_RS_NATIVE_LIBRARY_PATH to the path of the .node file that this makes'
  )
}

// Adds the code, and the cause if there is one; the stack starts at the caller of `factory`.
function finish<E extends Error>(
  error: E,
  factory: unknown,
  code: ErrorCode,
  cause: unknown,
): E & { code: ErrorCode } {
  if (cause !== undefined)
    Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  Error.captureStackTrace?.(error, factory as (...args: never[]) => unknown)
  return Object.assign(error, { code })
}

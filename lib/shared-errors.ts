// The errors of a `SharedCache`: keys, values, codecs, names and handles that it does not take.

import { describe, reason } from './describe.js'
import { MokapotError, typeError } from './errors.js'

/** `TypeError` for a key that a `SharedCache` does not take. */
export function invalidKey(key: unknown): TypeError {
  return typeError(
    'ERR_MOKAPOT_INVALID_KEY',
    `a SharedCache key must be a string, number, bigint or Uint8Array, got ${describe(key)}`,
  )
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

// Many entries in one crossing: the keys, payloads and places that go over and come back.

import { types } from 'node:util'
import type { Payload } from './codecs.js'
import { typeError } from './errors.js'
import { listOf } from './options.js'
import { invalidKey } from './shared-errors.js'

/** Up to here copying bytes costs less than asking how many are too many. */
const LONG = 2 ** 20

/** How many keys an iteration takes over at once. */
export const SCANNED_AT_ONCE = 256

/** Where a scan goes on. */
export interface Place {
  readonly shard: number
  readonly slot: number
}

/** Where a scan begins. */
export const FIRST: Place = { shard: 0, slot: 0 }

/** Where a scan goes on after `items`; undefined at its end. */
export function nextPlace(items: readonly unknown[]): Place | undefined {
  const [shard, slot] = items as [number, number]
  return shard < 0 ? undefined : { shard, slot }
}

/** `keys` as an array, all of them checked. */
export function checkKeys(keys: unknown): unknown[] {
  if (keys === null || typeof (keys as Iterable<unknown> | undefined)?.[Symbol.iterator] !== 'function') {
    throw typeError('ERR_MOKAPOT_INVALID_KEY', 'the keys must be given as an array or another iterable')
  }
  return listOf('keys', keys as Iterable<unknown>, checkKey)
}

/** A key, or a `TypeError`. Bytes are copied, since encoding a value may run code that changes them. */
export function checkKey<K>(key: K): K {
  if (!isKey(key)) throw invalidKey(key)
  if (typeof key !== 'object') return key
  return copyOf(key as Uint8Array) as K
}

function copyOf(key: Uint8Array): Uint8Array {
  try {
    return new Uint8Array(key)
  } catch {
    if (isThere(key.buffer)) return new Uint8Array(0) // its buffer has shrunk until it lies outside
    throw invalidKey(key)
  }
}

/** Whether a buffer was not transferred away. */
function isThere(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer)
    return true
  } catch {
    return false
  }
}

/**
 * A payload as it is now: bytes are the caller's, who may use them again for the next. Those beyond `mostBytes` are left as
 * they are, since no copy of them will be stored.
 */
export function settled(payload: Payload, mostBytes?: () => number): Payload {
  if (!types.isUint8Array(payload)) return payload
  if (mostBytes !== undefined && payload.length > LONG && payload.length > mostBytes()) return payload
  return new Uint8Array(payload) // not by `slice`, which asks the payload for the class of the copy
}

function isKey(key: unknown): boolean {
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'bigint':
      return true
    default:
      return types.isUint8Array(key)
  }
}

/** The key that a scan returned: bytes come as the ArrayBuffer of a new `Uint8Array`. */
export function keyOf(raw: unknown): unknown {
  return raw instanceof ArrayBuffer ? new Uint8Array(raw) : raw
}

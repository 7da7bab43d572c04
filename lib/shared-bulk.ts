// Many entries in one crossing: the keys, payloads and places that go over and come back.

import { types } from 'node:util'
import type { Payload } from './codecs.js'
import { invalidKey, optionType, typeError } from './errors.js'

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
  return Array.from(keys as Iterable<unknown>, checkKey)
}

/** `entries` as an array of pairs, or a `TypeError`. */
export function checkPairs(entries: unknown): [unknown, unknown][] {
  const expected = 'an array or another iterable of [key, value] pairs'
  if (
    entries === null ||
    typeof (entries as Iterable<unknown> | undefined)?.[Symbol.iterator] !== 'function'
  ) {
    throw optionType('entries', expected, entries)
  }
  return Array.from(entries as Iterable<unknown>, (pair) => {
    if (!Array.isArray(pair)) throw optionType('entries', expected, pair)
    return [checkKey(pair[0]), pair[1]]
  })
}

/** A key, or a `TypeError`. Bytes are copied, since encoding a value may run code that changes them. */
function checkKey(key: unknown): unknown {
  if (!isKey(key)) throw invalidKey(key)
  if (typeof key !== 'object') return key
  try {
    return new Uint8Array(key as Uint8Array)
  } catch {
    throw invalidKey(key) // its buffer was transferred away
  }
}

/** A payload as it is now: bytes are the caller's, who may use them again for the next. */
export function settled(payload: Payload): Payload {
  return types.isUint8Array(payload) ? Uint8Array.prototype.slice.call(payload) : payload
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

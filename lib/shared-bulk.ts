// Many entries in one crossing: the keys, payloads and places that go over and come back.

import { types } from 'node:util'
import { Kind, type Payload } from './codecs.js'
import { invalidKey, typeError } from './errors.js'
import type { RawPayload } from './native.js'

/** How many entries an iteration takes over at once: what it holds beside the cache, and how stale it may be. */
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
  const list = [...(keys as Iterable<unknown>)]
  for (const key of list) if (!isKey(key)) throw invalidKey(key)
  return list
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

/** The payload that a bulk read returned, as a codec takes it. */
export function payloadOf(kind: number, raw: RawPayload): Payload {
  if (!(raw instanceof ArrayBuffer)) return raw
  return kind === Kind.Buffer ? Buffer.from(raw) : new Uint8Array(raw)
}

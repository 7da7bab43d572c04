// The codecs of SharedCache: how a JavaScript value becomes a payload off the heap, and how it comes back.
//
// A payload is a number, a text or bytes, and beside each the store keeps a one-byte kind that tells how to
// read it. The default codec, 'structured', is as faithful as v8.serialize at the price of JSON: every value
// takes the cheapest encoding that gives back what v8.deserialize would, and only the rest pays for
// structured clone (its decoding starts at 1.5 us where JSON.parse starts at 0.3).

import { types } from 'node:util'
import { optionType } from './errors.js'
import { call, DRAFTED, LENGTH } from './native.js'
import { draftOrText, plainText } from './plain-data.js'
import { badEncoding, foreignKind, invalidValue, uncloneable } from './shared-errors.js'
import { deserialize, serialize } from './structured-clone.js'

/** A codec of one's own: the bytes it makes are stored as they are. */
export interface CustomCodec<V> {
  /** Tells this codec from others when a thread attaches; not one of the built-in names. */
  readonly name: string
  /** The bytes of `value`; they are copied before anything else runs. */
  encode(value: V): Uint8Array
  /** The value of `bytes`, a fresh copy that it may keep. */
  decode(bytes: Uint8Array): V
}

/** The `codec` option: a built-in codec by name, or one's own. */
export type Codec<V> = 'structured' | 'json' | 'string' | 'bytes' | CustomCodec<V>

/** What is handed to the store and comes from it; which type it has follows from the kind. */
export type Payload = number | string | Uint8Array | undefined

/** A codec as `SharedCache` uses it. Each cache object has its own. */
export interface ValueCodec<V = unknown> {
  readonly name: string
  /** The kind of the payload that `encode` returned last: read it before anything else runs. */
  kind: number
  /**
   * The payload of `value`; nothing in it changes with `value` later, except that bytes are to be copied at
   * once. `key` is only for the message of the `TypeError` that a value gets that the codec does not take. Who stores
   * the payload before anything else runs may let a text be left in the draft: then nothing is returned, and the kind
   * has {@link DRAFTED} in it. Where the payload is only stored, and nobody else gets it, what is too long for that need
   * not be encoded: any payload that is as long will do.
   */
  encode(value: V, key: unknown, mayDraft?: boolean, isOnlyStored?: boolean): Payload
  /** The value of `payload`, which must be fresh: what is decoded may keep it. */
  decode(kind: number, payload: Payload): V
  /** No entry is larger than so many bytes, if that is known. */
  mostBytes?: () => number
}

// Plain constants, because members of an exported object are looked up at each use.
const UNDEFINED = 0
const NULL = 1
const FALSE = 2
const TRUE = 3
const NUMBER = 4
const STRING = 5
const JSON_TEXT = 6
const BUFFER = 7
const UINT8_ARRAY = 8
const STRUCTURED = 9
const CUSTOM = 10

/**
 * The kinds of payload, as the store keeps them: `Undefined` to `True` have none, `Number` is an f64,
 * `String` and `Json` are text, and `Buffer`, `Uint8Array`, `Structured` (the format of v8.serialize) and
 * `Custom` are bytes.
 */
export const Kind = Object.freeze({
  Undefined: UNDEFINED,
  Null: NULL,
  False: FALSE,
  True: TRUE,
  Number: NUMBER,
  String: STRING,
  Json: JSON_TEXT,
  Buffer: BUFFER,
  Uint8Array: UINT8_ARRAY,
  Structured: STRUCTURED,
  Custom: CUSTOM,
})

const BUILT_IN = ['structured', 'json', 'string', 'bytes'] as const

/**
 * A fresh codec for the `codec` option; 'structured' when it is absent.
 *
 * Throws a `TypeError` (ERR_MOKAPOT_INVALID_OPTION) for what is neither a built-in name nor an object with a
 * name of its own and the functions `encode` and `decode`.
 */
export function resolveCodec<V>(option: unknown): ValueCodec<V> {
  switch (option) {
    case undefined:
    case 'structured':
      return new StructuredCodec() as ValueCodec<V>
    case 'json':
      return new JsonCodec() as ValueCodec<V>
    case 'string':
      return new StringCodec() as ValueCodec<unknown> as ValueCodec<V>
    case 'bytes':
      return new BytesCodec() as ValueCodec<unknown> as ValueCodec<V>
    default:
      return new OwnCodec(checkCustom<V>(option))
  }
}

/** Whether a codec of that name comes with mokapot. */
export function isBuiltIn(name: string): boolean {
  return (BUILT_IN as readonly string[]).includes(name)
}

/** The name under which a valid `codec` option is known to other threads; 'structured' when it is absent. */
export function codecName(option: string | { readonly name: string } | undefined): string {
  return option === undefined ? 'structured' : typeof option === 'string' ? option : option.name
}

function checkCustom<V>(option: unknown): CustomCodec<V> {
  const expected = `${BUILT_IN.map((name) => `'${name}'`).join(', ')} or { name, encode, decode }`
  if (typeof option !== 'object' || option === null) throw optionType('codec', expected, option)
  const { name, encode, decode } = option as Partial<CustomCodec<V>>
  if (typeof name !== 'string' || name === '' || isBuiltIn(name)) {
    throw optionType('codec.name', 'a string that is not empty and not the name of a built-in codec', name)
  }
  if (typeof encode !== 'function') throw optionType('codec.encode', 'a function', encode)
  if (typeof decode !== 'function') throw optionType('codec.decode', 'a function', decode)
  return { name, encode: encode.bind(option), decode: decode.bind(option) }
}

/** 'structured': any value that v8.serialize takes, given back as v8.deserialize would. */
class StructuredCodec implements ValueCodec<unknown> {
  readonly name = 'structured'
  kind = UNDEFINED
  mostBytes = unlimited

  encode(value: unknown, key: unknown, mayDraft = false, isOnlyStored = mayDraft): Payload {
    switch (typeof value) {
      case 'string':
        this.kind = STRING
        return value
      case 'number':
        this.kind = NUMBER
        return value
      case 'object':
        if (value !== null) return this.#encodeObject(value, key, mayDraft, isOnlyStored)
        this.kind = NULL
        return undefined
      case 'boolean':
        this.kind = value ? TRUE : FALSE
        return undefined
      case 'undefined':
        this.kind = UNDEFINED
        return undefined
      default:
        return this.#clone(value, key)
    }
  }

  decode(kind: number, payload: Payload): unknown {
    switch (kind) {
      case STRING:
      case NUMBER:
        return payload
      case JSON_TEXT:
        return JSON.parse(payload as string)
      case BUFFER:
        return ownBuffer(payload as Uint8Array)
      case UINT8_ARRAY:
        return ownBytes(payload as Uint8Array)
      case STRUCTURED:
        return deserialize(payload as Uint8Array)
      case UNDEFINED:
        return undefined
      case NULL:
        return null
      case FALSE:
        return false
      case TRUE:
        return true
      default:
        throw foreignKind(this.name, kind)
    }
  }

  #encodeObject(value: object, key: unknown, mayDraft: boolean, isOnlyStored: boolean): Payload {
    if (ArrayBuffer.isView(value) && types.isUint8Array(value)) {
      const prototype = Object.getPrototypeOf(value)
      if ((prototype === Buffer.prototype || prototype === Uint8Array.prototype) && isStable(value)) {
        this.kind = prototype === Buffer.prototype ? BUFFER : UINT8_ARRAY
        return value
      }
    } else {
      const text = mayDraft ? draftOrText(value) : plainText(value)
      if (typeof text === 'number') {
        this.kind = JSON_TEXT | DRAFTED
        call[LENGTH] = text
        return undefined
      }
      if (text !== undefined) {
        this.kind = JSON_TEXT
        return text
      }
    }
    const bytes = isOnlyStored ? longBytes(value) : undefined
    if (bytes !== undefined && bytes.length > this.mostBytes()) {
      this.kind = STRUCTURED
      return bytes
    }
    return this.#clone(value, key)
  }

  #clone(value: unknown, key: unknown): Payload {
    let bytes: Uint8Array
    try {
      bytes = serialize(value)
    } catch (error) {
      throw uncloneable(key, value, error)
    }
    this.kind = STRUCTURED // after the getters of `value` ran, which may have used this codec
    return bytes
  }
}

/** 'json': what JSON makes of a value, `toJSON` and all. */
class JsonCodec implements ValueCodec<unknown> {
  readonly name = 'json'
  kind = JSON_TEXT

  encode(value: unknown, key: unknown): Payload {
    const expected = 'something JSON can hold'
    let text: string | undefined
    try {
      text = JSON.stringify(value)
    } catch (error) {
      throw invalidValue(this.name, key, expected, value, error)
    }
    if (text === undefined) throw invalidValue(this.name, key, expected, value)
    return text
  }

  decode(kind: number, payload: Payload): unknown {
    if (kind !== JSON_TEXT) throw foreignKind(this.name, kind)
    return JSON.parse(payload as string)
  }
}

/** 'string': strings only, unit by unit. */
class StringCodec implements ValueCodec<string> {
  readonly name = 'string'
  kind = STRING

  encode(value: string, key: unknown): Payload {
    if (typeof value !== 'string') throw invalidValue(this.name, key, 'a string', value)
    return value
  }

  decode(kind: number, payload: Payload): string {
    if (kind !== STRING) throw foreignKind(this.name, kind)
    return payload as string
  }
}

/** 'bytes': takes any Uint8Array, a Buffer too, and gives a Buffer. */
class BytesCodec implements ValueCodec<Uint8Array> {
  readonly name = 'bytes'
  kind = BUFFER

  encode(value: Uint8Array, key: unknown): Payload {
    if (!types.isUint8Array(value)) throw invalidValue(this.name, key, 'a Uint8Array or Buffer', value)
    return stableBytes(value) ?? refuseDetached(this.name, key, value)
  }

  decode(kind: number, payload: Payload): Buffer {
    if (kind !== BUFFER) throw foreignKind(this.name, kind)
    return ownBuffer(payload as Uint8Array)
  }
}

/** A codec that the user brought. */
class OwnCodec<V> implements ValueCodec<V> {
  readonly name: string
  kind = CUSTOM
  readonly #codec: CustomCodec<V>

  constructor(codec: CustomCodec<V>) {
    this.name = codec.name
    this.#codec = codec
  }

  encode(value: V, key: unknown): Payload {
    const bytes = this.#codec.encode(value)
    if (!types.isUint8Array(bytes)) throw badEncoding(this.name, key, bytes)
    return stableBytes(bytes) ?? refuseDetached(this.name, key, bytes)
  }

  decode(kind: number, payload: Payload): V {
    if (kind !== CUSTOM) throw foreignKind(this.name, kind)
    return this.#codec.decode(payload as Uint8Array)
  }
}

function unlimited(): number {
  return Number.POSITIVE_INFINITY
}

// --- Bytes --------------------------------------------------------------------------------------------

// Whether the bytes are there and no other thread can change them while they are copied.
function isStable(bytes: Uint8Array): boolean {
  return !isShared(bytes.buffer) && (bytes.byteLength > 0 || !isDetached(bytes))
}

// What has the prototype of an ArrayBuffer need not be asked, which takes 20 ns.
function isShared(store: ArrayBufferLike): boolean {
  return Object.getPrototypeOf(store) !== ArrayBuffer.prototype && types.isSharedArrayBuffer(store)
}

// A typed array whose store was transferred away, or has shrunk until it lies outside, looks empty; only copying it tells.
function isDetached(bytes: Uint8Array): boolean {
  try {
    new Uint8Array(bytes)
    return false
  } catch {
    return true
  }
}

function stableBytes(bytes: Uint8Array): Uint8Array | undefined {
  if (isStable(bytes)) return bytes
  try {
    return new Uint8Array(bytes)
  } catch {
    return undefined // as in isDetached
  }
}

function refuseDetached(codec: string, key: unknown, bytes: Uint8Array): never {
  throw invalidValue(codec, key, 'bytes whose ArrayBuffer is not detached', bytes)
}

// The bytes of a binary value beyond so many, whose copy would take a while, if it is one and has them.
const LONG = 2 ** 20
function longBytes(value: object): Uint8Array | undefined {
  const isView = ArrayBuffer.isView(value)
  if (!isView && !types.isAnyArrayBuffer(value)) return undefined
  try {
    if (value.byteLength <= LONG) return undefined
    return isView ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value)
  } catch {
    return undefined // properties of its own that tell of what is not there
  }
}

// The payload as a plain Uint8Array over an ArrayBuffer of exactly its size,
// which a user who reads `.buffer` expects.
function ownBytes(payload: Uint8Array): Uint8Array {
  if (payload.buffer.byteLength !== payload.byteLength) return Uint8Array.from(payload)
  return Buffer.isBuffer(payload) ? new Uint8Array(payload.buffer) : payload
}

function ownBuffer(payload: Uint8Array): Buffer {
  return Buffer.isBuffer(payload)
    ? payload
    : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
}

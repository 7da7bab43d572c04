// Plain data: what JSON gives back exactly as structured clone would, and the walk that tells it from the rest.

import { types } from 'node:util'
import { NO_PLACE, writeAscii, writeByte, writeString } from './draft.js'

// Deeper values are left to structured clone, which has a limit of its own.
const DEEPEST = 100
// Up to this many objects are told apart by looking through a list, which is cheaper than a Set.
const LISTED = 32
// From this length on an array of numbers may be a vector.
const SHORTEST_VECTOR = 64
// What structured clone takes for a number that is not a small integer.
const DOUBLE_BYTES = 9

// What JSON is made of.
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125
const OPEN_ARRAY = 91
const CLOSE_ARRAY = 93
const COMMA = 44
const COLON = 58

/**
 * The JSON text of `value` if it is plain data that JSON gives back as structured clone would, else
 * undefined.
 */
export function plainText(value: object): string | undefined {
  const text = walkOver(value, NO_PLACE)
  return typeof text === 'number' ? undefined : text
}

/**
 * As {@link plainText}; but the text of a small value may be left in the draft, and then its length is returned. It stays
 * there until the next call.
 */
export function draftOrText(value: object): number | string | undefined {
  return walkOver(value, 0)
}

function walkOver(value: object, start: number): number | string | undefined {
  const own = !shared.busy
  const walk = own ? shared : new PlainWalk()
  try {
    walk.busy = true
    walk.at = own ? start : NO_PLACE // the draft is at work for the walk that this one came from
    if (!walk.isPlain(value, 0)) return undefined
    return walk.at < 0 ? JSON.stringify(value) : walk.at
  } catch {
    return undefined // A getter threw, or the text is too long: structured clone has the last word.
  } finally {
    walk.forget()
  }
}

/**
 * One walk over a value, which tells whether JSON is as faithful to it as structured clone.
 *
 * It is not where there is -0, NaN, an infinity, undefined, a hole, a bigint, a function, a symbol, a
 * `toJSON`, a getter, a proxy, a property of an array beside its elements, an object reached twice, or an
 * object of any kind but `{}` and `[]`. A null prototype and symbol keys are plain: structured clone drops
 * them too.
 *
 * Two oddities go unseen, for their price: a getter on an array index that answers differently the third
 * time, and a Map or the like whose prototype was replaced by `Object.prototype`.
 */
class PlainWalk {
  /** A walk is going on: a getter that comes back to this codec must take another. */
  busy = false
  /** Where in the draft the text goes on, or {@link NO_PLACE}. */
  at = NO_PLACE
  readonly #list: (object | undefined)[] = []
  #count = 0
  #set: Set<object> | undefined

  /** Whether `value` and all below it are plain. */
  isPlain(value: object, depth: number): boolean {
    if (depth > DEEPEST || types.isProxy(value)) return false
    const prototype = Object.getPrototypeOf(value)
    if (prototype === Array.prototype) return Array.isArray(value) && this.#isPlainArray(value, depth)
    if (prototype !== Object.prototype && prototype !== null) return false
    // The tag gives away `arguments`, module namespaces, and dates, errors and such with another prototype.
    if (tagOf.call(value) !== '[object Object]' || hasToJson(value) || !this.#isFirst(value)) return false
    this.at = writeByte(OPEN_OBJECT, this.at)
    const start = this.at
    for (const name in value) {
      this.at = writeByte(COLON, writeString(name, this.at))
      // Getters are not called, since structured clone is to call them once: they and inherited names show as
      // undefined here.
      if (!this.#isPlainPart(Object.getOwnPropertyDescriptor(value, name)?.value, depth)) return false
      this.at = writeByte(COMMA, this.at)
    }
    this.#close(CLOSE_OBJECT, start)
    return true
  }

  #isPlainArray(value: unknown[], depth: number): boolean {
    const { length } = value
    const names = Object.keys(value)
    // Indices come first: if the last of as many names is the last index, each element is there and nothing
    // else.
    if (names.length !== length || (length > 0 && names[length - 1] !== indexName(length - 1))) return false
    if (hasToJson(value) || !this.#isFirst(value) || isVector(value)) return false
    this.at = writeByte(OPEN_ARRAY, this.at)
    const start = this.at
    for (let i = 0; i < length; i++) {
      const part = value[i]
      if (part !== value[i] || !this.#isPlainPart(part, depth)) return false
      this.at = writeByte(COMMA, this.at)
    }
    this.#close(CLOSE_ARRAY, start)
    return true
  }

  // Ends what began at `start`; each part is followed by a comma, the last one's is written over.
  #close(bracket: number, start: number): void {
    this.at = writeByte(bracket, this.at > start ? this.at - 1 : this.at)
  }

  #isPlainPart(part: unknown, depth: number): boolean {
    switch (typeof part) {
      case 'string':
        this.at = writeString(part, this.at)
        return true
      case 'boolean':
        this.at = writeAscii(part ? 'true' : 'false', this.at)
        return true
      case 'number':
        if (!Number.isFinite(part) || Object.is(part, -0)) return false
        if (this.at >= 0) this.at = writeAscii(String(part), this.at)
        return true
      case 'object':
        if (part !== null) return this.isPlain(part, depth + 1)
        this.at = writeAscii('null', this.at)
        return true
      default:
        return false
    }
  }

  /** Lets go of what was walked over. */
  forget(): void {
    for (let i = 0; i < this.#count; i++) this.#list[i] = undefined
    this.#count = 0
    this.#set = undefined
    this.busy = false
  }

  #isFirst(value: object): boolean {
    if (this.#set !== undefined) return addTo(this.#set, value)
    const count = this.#count
    for (let i = 0; i < count; i++) if (this.#list[i] === value) return false
    if (count === LISTED) {
      this.#set = new Set(this.#list as object[])
      return addTo(this.#set, value)
    }
    this.#list[count] = value
    this.#count = count + 1
    return true
  }
}

const shared = new PlainWalk()
const FIRST_INDICES = Object.keys(Array.from({ length: 32 }))
const tagOf = Object.prototype.toString

// Reading it is cheaper than `in`; what JSON.stringify would call is not undefined.
function hasToJson(value: object): boolean {
  return (value as { toJSON?: unknown }).toJSON !== undefined
}

// `index` as Object.keys spells it; the first few are kept, because making the string shows in the time of a
// walk.
function indexName(index: number): string {
  return index < FIRST_INDICES.length ? (FIRST_INDICES[index] as string) : String(index)
}

// Whether `value` is new to `set`.
function addTo(set: Set<object>, value: object): boolean {
  const { size } = set
  return set.add(value).size !== size
}

// Whether `array` looks like a vector of measured numbers: as text those take twice the bytes and ten times
// the time.
function isVector(array: unknown[]): boolean {
  const { length } = array
  if (length < SHORTEST_VECTOR) return false
  return isLong(array[0]) && isLong(array[length >> 1]) && isLong(array[length - 1])
}

function isLong(value: unknown): boolean {
  return typeof value === 'number' && String(value).length > DOUBLE_BYTES
}

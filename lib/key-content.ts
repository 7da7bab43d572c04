// What a key says of an object: its content as a tag and parts, or nothing where only its identity counts.

import { types } from 'node:util'
import { promisedKey } from './cached-errors.js'
import { symbolText } from './key-identity.js'
import { mokapotKey } from './mokapot-key.js'

/** What there is in an object: a tag, parts by position, and parts by name. */
export interface Content {
  /** What kind of object it is; one ASCII character. */
  readonly tag: string
  readonly parts: readonly unknown[]
  /** Names of own enumerable properties: strings in the order of their UTF-16 units, then symbols. */
  readonly names: readonly (string | symbol)[]
  /** The values of `names`. */
  readonly values: readonly unknown[]
  /** Bytes, which come after the parts. */
  readonly bytes?: Buffer
}

const NONE: readonly never[] = []

/** The tags of the two kinds of object that are all but a few. */
export const OBJECT = '('
export const ARRAY = '['

/**
 * The content of `value`, or undefined where it counts by identity: functions, instances of classes, proxies, and what
 * cannot be read because a getter throws (`onError` is told). Runs no trap of a proxy. Throws only what a
 * `[mokapotKey]` method throws, and for a promise that one returns.
 */
export function contentOf(value: object, onError?: (error: unknown) => void): Content | undefined {
  // A proxy can answer anything: two clients that make methods up would both look empty.
  if (types.isProxy(value)) return undefined
  let method: unknown
  try {
    method = (value as { [mokapotKey]?: unknown })[mokapotKey]
    if (typeof method !== 'function') return typeof value === 'function' ? undefined : read(value)
  } catch (error) {
    onError?.(error)
    return undefined
  }
  const answer = method.call(value)
  if (types.isPromise(answer)) throw promisedKey('a [mokapotKey] method')
  return { tag: 'K', parts: [answer], names: NONE, values: NONE }
}

/** The names of own enumerable properties in the order of their UTF-16 units. Not to be changed: it is kept. */
export function sortedNames(value: object): readonly string[] {
  const names = Object.keys(value)
  const { length } = names
  if (length < 2 || length > MOST_REMEMBERED) return names.sort()
  // Most calls bring objects of the same few shapes, whose lists of names hold the very same strings.
  const first = names[0] as string
  const last = names[length - 1] as string
  const slot = (length * 5 + first.length * 3 + last.length) & (SHAPES - 1)
  const shape = shapes[slot] as Shape
  const { given } = shape
  if (given.length === length) {
    let i = 0
    while (i < length && given[i] === names[i]) i++
    if (i === length) return shape.sorted
  }
  const sorted = names.slice().sort()
  if (names.every((name) => name.length <= LONGEST_REMEMBERED)) shapes[slot] = { given: names, sorted }
  return sorted
}

interface Shape {
  readonly given: readonly string[]
  readonly sorted: readonly string[]
}

/** How many lists of names are remembered with their order: a power of two. */
const SHAPES = 64
/** Longer lists and names are not remembered, so that what is held stays under 64 KiB. */
const MOST_REMEMBERED = 16
const LONGEST_REMEMBERED = 64
const shapes: Shape[] = Array.from({ length: SHAPES }, () => ({ given: NONE, sorted: NONE }))

type Reader = (value: object) => Content | undefined

function read(value: object): Content | undefined {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return readObject(value)
  const reader = readers.get(prototype)
  if (reader !== undefined) return reader(value)
  const above: object | null = Object.getPrototypeOf(prototype)
  if (above === Object.prototype) return undefined
  return foreignReader(value, prototype, above)?.(value)
}

// --- Kinds of object ----------------------------------------------------------------------------------

function readObject(value: object): Content | undefined {
  if (types.isArgumentsObject(value)) return named('A', [(value as { length?: unknown }).length], value)
  // Math, Intl, a module's namespace: more than their properties, and told apart by hidden symbols.
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (!isEnumerable.call(value, symbol)) return undefined
  }
  return named(OBJECT, NONE, value)
}

function readArray(value: object): Content | undefined {
  if (!Array.isArray(value)) return undefined
  const { length } = value
  const names = Object.keys(value)
  const indices = countIndices(names, length)
  const rest = names.slice(indices).sort()
  if (indices === length) {
    const parts: unknown[] = []
    for (let i = 0; i < length; i++) parts.push(value[i])
    // What tells one template from another is hidden.
    const { raw } = value as { raw?: unknown }
    if (raw !== undefined && !rest.includes('raw')) return named('T', [parts, raw], value, rest)
    return named(ARRAY, parts, value, rest)
  }
  // With holes, however many: by index.
  const parts: unknown[] = [length]
  for (let i = 0; i < indices; i++) parts.push(Number(names[i]), value[names[i] as never])
  return named('H', parts, value, rest)
}

// The order of a Map or Set shows in every loop over it, so it is part of the content.
function readMap(value: object): Content {
  const parts: unknown[] = []
  mapForEach.call(value as Map<unknown, unknown>, (part, key) => parts.push(key, part))
  return named('M', parts, value)
}

function readSet(value: object): Content {
  const parts: unknown[] = []
  setForEach.call(value as Set<unknown>, (part) => parts.push(part))
  return named('S', parts, value)
}

function readDate(value: object): Content {
  return named('D', [Date.prototype.getTime.call(value)], value)
}

function readRegExp(value: object): Content | undefined {
  if (!types.isRegExp(value)) return undefined
  return named('R', [value.source, value.flags, value.lastIndex], value)
}

function readBoxed(value: object): Content | undefined {
  if (types.isStringObject(value)) {
    const text = String.prototype.valueOf.call(value)
    const names = Object.keys(value)
    return named('O', [text], value, names.slice(countIndices(names, text.length)).sort())
  }
  const primitive = types.isNumberObject(value)
    ? Number.prototype.valueOf.call(value)
    : types.isBooleanObject(value)
      ? Boolean.prototype.valueOf.call(value)
      : types.isBigIntObject(value)
        ? BigInt.prototype.valueOf.call(value)
        : Symbol.prototype.valueOf.call(value)
  return named('O', [primitive], value)
}

function readUrl(value: object): Content {
  return named('U', [urlHref.call(value)], value)
}

function readSearchParams(value: object): Content {
  return named('Q', [URLSearchParams.prototype.toString.call(value)], value)
}

// A detached buffer throws, and so counts by identity. Properties of typed arrays
// are left out: looking for them would make a string of every index.
function readBytes(value: object): Content {
  if (types.isAnyArrayBuffer(value)) {
    const kind = types.isSharedArrayBuffer(value) ? 'SharedArrayBuffer' : 'ArrayBuffer'
    return binary(kind, Buffer.from(value as ArrayBuffer))
  }
  const view = value as NodeJS.ArrayBufferView
  const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)
  if (types.isDataView(value)) return binary('DataView', bytes)
  return binary(Object.getPrototypeOf(value) === Buffer.prototype ? 'Buffer' : typedName.call(value), bytes)
}

function binary(kind: string, bytes: Buffer): Content {
  return { tag: 'B', parts: [kind], names: NONE, values: NONE, bytes }
}

// `names` are in order.
function named(
  tag: string,
  parts: readonly unknown[],
  value: object,
  names: readonly string[] = sortedNames(value),
): Content {
  const symbols = Object.getOwnPropertySymbols(value)
  if (names.length === 0 && symbols.length === 0) return { tag, parts, names: NONE, values: NONE }
  const all: (string | symbol)[] = [...names]
  if (symbols.length > 0) {
    const shown = symbols.filter((symbol) => isEnumerable.call(value, symbol))
    all.push(...shown.sort((a, b) => (symbolText(a) < symbolText(b) ? -1 : 1)))
  }
  return { tag, parts, names: all, values: all.map((name) => (value as Record<PropertyKey, unknown>)[name]) }
}

/** `index` as Object.keys spells it; the first few are kept, because making the string shows in the time of a walk. */
export function indexName(index: number): string {
  return index < FIRST_INDICES.length ? (FIRST_INDICES[index] as string) : String(index)
}
const FIRST_INDICES = Object.keys(Array.from({ length: 32 }))

// How many of the names, which start with them, are indices under `length`.
function countIndices(names: readonly string[], length: number): number {
  if (names.length === length && (length === 0 || names[length - 1] === indexName(length - 1))) return length
  let count = 0
  while (count < names.length) {
    const name = names[count] as string
    const index = Number(name)
    if (!(Number.isInteger(index) && index >= 0 && index < length && String(index) === name)) break
    count++
  }
  return count
}

// --- Which prototype means which kind -------------------------------------------------------------------

const isEnumerable = Object.prototype.propertyIsEnumerable
const mapForEach = Map.prototype.forEach
const setForEach = Set.prototype.forEach
const typedArray: object = Object.getPrototypeOf(Uint8Array.prototype)
const typedName = getter(typedArray, Symbol.toStringTag)
const urlHref = getter(URL.prototype, 'href')

function getter(owner: object, name: PropertyKey): () => string {
  return Object.getOwnPropertyDescriptor(owner, name)?.get as () => string
}

const readers = new Map<object, Reader>([
  [Array.prototype, readArray],
  [Map.prototype, readMap],
  [Set.prototype, readSet],
  [Date.prototype, readDate],
  [RegExp.prototype, readRegExp],
  [URL.prototype, readUrl],
  [URLSearchParams.prototype, readSearchParams],
])
for (const boxed of [Number, String, Boolean, BigInt, Symbol]) readers.set(boxed.prototype, readBoxed)
for (const bytes of [ArrayBuffer, SharedArrayBuffer, DataView, Buffer])
  readers.set(bytes.prototype, readBytes)
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const prototype: unknown = /^[A-Z]\w+Array$/.test(name)
    ? globalThis[name as 'Uint8Array'].prototype
    : undefined
  if (prototype && Object.getPrototypeOf(prototype) === typedArray) readers.set(prototype, readBytes)
}

// Objects of another realm (node:vm, test runners) have prototypes of their own, which end in an Object.prototype of
// their own; how far up that is tells an instance of a subclass from one of the built-in class.
function foreignReader(value: object, prototype: object, above: object | null): Reader | undefined {
  if (above === null) return isRoot(prototype) ? readObject : undefined
  const top: object | null = Object.getPrototypeOf(above)
  if (top === null) {
    if (!isRoot(above)) return undefined
    if (Array.isArray(value)) return readArray
    if (types.isMap(value)) return readMap
    if (types.isSet(value)) return readSet
    if (types.isDate(value)) return readDate
    if (types.isRegExp(value)) return readRegExp
    if (types.isBoxedPrimitive(value)) return readBoxed
    return types.isAnyArrayBuffer(value) || types.isDataView(value) ? readBytes : undefined
  }
  return Object.getPrototypeOf(top) === null && isRoot(top) && types.isTypedArray(value)
    ? readBytes
    : undefined
}

function isRoot(prototype: object): boolean {
  return prototype !== Object.prototype && Object.hasOwn(prototype, 'isPrototypeOf')
}

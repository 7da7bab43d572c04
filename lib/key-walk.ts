/**
 * The walk that writes arguments into a key: content as a tree, in which what is reached twice stands twice.
 *
 * Values that are no tree of moderate size (cycles, great depth, objects shared a great many times) are left to
 * key-graph.ts. Which of the two forms a value takes follows from its content alone.
 */
import { types } from 'node:util'
import { ARRAY, type Content, contentOf, indexName, OBJECT, sortedNames } from './key-content.js'
import type { KeyWriter } from './key-writer.js'

/** Deeper values are written as graphs. */
const DEEPEST = 100
/** So are values in which a walk meets more objects: half a second's work. */
const MOST_OBJECTS = 1_000_000

const END = 41 // ')'
const NAMED = 124 // '|'
const OPEN_OBJECT = OBJECT.charCodeAt(0)
const OPEN_ARRAY = ARRAY.charCodeAt(0)

const { isProxy } = types
const { isArray } = Array
const { getPrototypeOf, getOwnPropertySymbols, keys } = Object
const objectPrototype = Object.prototype
const arrayPrototype = Array.prototype

/** Writes `value`; throws whatever stops the walk, to be told from the rest by writing the value as a graph. */
export function writeValue(writer: KeyWriter, value: unknown, depth: number): void {
  if (typeof value === 'string') writer.string(value)
  else if (typeof value === 'number') writer.number(value)
  else if (typeof value === 'object' && value !== null) writeObject(writer, value, depth)
  else if (typeof value === 'function') writeExotic(writer, value, depth)
  else writer.other(value)
}

function writeObject(writer: KeyWriter, value: object, depth: number): void {
  if (depth > DEEPEST || ++writer.objects > MOST_OBJECTS) throw NO_TREE
  if (isProxy(value) || getOwnPropertySymbols(value).length > 0) {
    writeExotic(writer, value, depth)
    return
  }
  const prototype: object | null = getPrototypeOf(value)
  if (prototype === objectPrototype || prototype === null) writePlain(writer, value, depth)
  else if (prototype === arrayPrototype && isArray(value) && isDense(value)) writeArray(writer, value, depth)
  else writeExotic(writer, value, depth)
}

// Whether there is each element, and nothing else.
function isDense(array: readonly unknown[]): boolean {
  const { length } = array
  const names = keys(array)
  // Indices come first, so the last name tells.
  if (names.length !== length || (length > 0 && names[length - 1] !== indexName(length - 1))) return false
  return (array as { raw?: unknown }).raw === undefined
}

function writeArray(writer: KeyWriter, value: readonly unknown[], depth: number): void {
  writer.tag(OPEN_ARRAY)
  for (let i = 0; i < value.length; i++) writeValue(writer, value[i], depth + 1)
  writer.tag(END)
}

function writePlain(writer: KeyWriter, value: object, depth: number): void {
  const names = sortedNames(value)
  writer.tag(OPEN_OBJECT)
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string
    writer.name(name)
    writeValue(writer, (value as Record<string, unknown>)[name], depth + 1)
  }
  writer.tag(END)
}

function writeExotic(writer: KeyWriter, value: object, depth: number): void {
  if (depth > DEEPEST) throw NO_TREE
  const content = contentOf(value, stop)
  if (content === undefined) writer.identity(value)
  else writeContent(writer, content, depth + 1, writeValue)
}

/** Writes `content`, each part by `write`. */
export function writeContent(
  writer: KeyWriter,
  content: Content,
  depth: number,
  write: (writer: KeyWriter, part: unknown, depth: number) => void,
): void {
  writer.ascii(content.tag)
  for (const part of content.parts) write(writer, part, depth)
  if (content.bytes !== undefined) writer.bytes(content.bytes)
  if (content.names.length > 0) {
    if (content.tag !== OBJECT) writer.tag(NAMED)
    content.names.forEach((name, i) => {
      if (typeof name === 'string') {
        writer.name(name)
      } else {
        writer.ascii('@')
        writer.other(name)
      }
      write(writer, content.values[i], depth)
    })
  }
  writer.tag(END)
}

const NO_TREE = new Error('not a tree of moderate size')

function stop(): never {
  throw NO_TREE
}

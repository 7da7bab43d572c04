/**
 * Keys of memoized functions: all arguments of a call as one value, equal for equal arguments and never else.
 *
 * Primitives count by value and type (-0 is 0, NaN equals NaN), plain objects, arrays and the built-in containers of
 * data by content (properties in any order; a Map's and a Set's order counts), all else by identity, or by what its
 * `[mokapotKey]` method returns. There is no hash: the key holds all that was looked at. Trailing arguments count: f()
 * is not f(undefined).
 *
 * Two forms: `memoryKey` for a Map of this thread, as fast as it goes, and `printableKey` for stores beyond it.
 */
import { types } from 'node:util'
import { type Content, contentOf } from './key-content.js'
import { graphText } from './key-graph.js'
import { writeContent, writeValue } from './key-walk.js'
import { KeyWriter } from './key-writer.js'

/** What a text made here begins with in memory; a string argument that begins so is escaped. */
const LEAD = '\0'
const LEAD_UNIT = 0
/** The version of the printable form: to be changed with any change of it. */
const VERSION = 'v1:'

/**
 * Two arguments that are strings or numbers are the string (or the first) and the other one, joined after a lead that
 * tells of which types they are and where the first ends: as few pieces as a join by hand takes.
 */
const SHORT = 42
const TWO_STRINGS = leads(128)
const STRING_NUMBER = leads(128 + SHORT)
const NUMBER_STRING = leads(128 + 2 * SHORT)

// One lead for each length. Its second unit is no ASCII, as that of any other text is.
function leads(from: number): string[] {
  return Array.from({ length: SHORT }, (_, length) => LEAD + String.fromCharCode(from + length))
}

const memoryWriter = new KeyWriter(false)
const printableWriter = new KeyWriter(true)

/**
 * The key of the arguments of one call, for a Map (or `Cache`) of this thread.
 *
 * One primitive argument is its own key, and so is a function or an instance of a class; everything else is a string.
 * Objects that count by identity are not kept alive by a string.
 *
 * Throws a `RangeError` with code `ERR_MOKAPOT_INVALID_KEY` for arguments of more than a million objects (250,000 where
 * there are cycles or great depth) or too long for a string, and what a `[mokapotKey]` method throws.
 */
export function memoryKey(args: readonly unknown[]): unknown {
  if (args.length === 1) return memoryKeyOf(args[0])
  if (args.length === 2) return memoryKeyOfTwo(args[0], args[1])
  return textOf(args, false)
}

/** The key of a call with two arguments: `memoryKey([first, second])`. */
export function memoryKeyOfTwo(first: unknown, second: unknown): unknown {
  if (typeof first === 'string') {
    if (first.length < SHORT) {
      if (typeof second === 'string') return TWO_STRINGS[first.length] + first + second
      if (typeof second === 'number') return STRING_NUMBER[first.length] + first + second
    }
  } else if (typeof first === 'number') {
    if (typeof second === 'string' && second.length < SHORT)
      return NUMBER_STRING[second.length] + second + first
    if (typeof second === 'number') return `${LEAD}${first},${second}`
  }
  return textOf([first, second], false)
}

/** The key of a call with `value` as its only argument: `memoryKey([value])`. */
export function memoryKeyOf(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return value.charCodeAt(0) === LEAD_UNIT ? `${LEAD}'${value}` : value
    case 'object':
      return value === null ? null : memoryKeyOfObject(value)
    case 'function':
      return memoryKeyOfExotic(value)
    default:
      return value
  }
}

/**
 * The key of the arguments of one call as text for other threads, processes and stores: the same bytes for equal
 * arguments everywhere, in ASCII without white space, braces, double quotes and backslashes.
 *
 * Throws a `TypeError` with code `ERR_MOKAPOT_INVALID_KEY` for an argument that has only an identity (a function, a
 * symbol, an instance of a class without `[mokapotKey]`), a `RangeError` with the same code for what is too large, and
 * what a `[mokapotKey]` method throws.
 */
export function printableKey(args: readonly unknown[]): string {
  return textOf(args, true)
}

/** The printable key of a call with `value` as its only argument: `printableKey([value])`. */
export function printableKeyOf(value: unknown): string {
  return textOf([value], true)
}

function memoryKeyOfObject(value: object): unknown {
  if (!types.isProxy(value)) {
    const prototype: object | null = Object.getPrototypeOf(value)
    if (prototype === Object.prototype || prototype === Array.prototype) return textOf([value], false)
  }
  return memoryKeyOfExotic(value)
}

function memoryKeyOfExotic(value: object): unknown {
  // Identity is the commonest case here, and needs no text.
  const content = contentOf(value)
  return content === undefined ? value : textOf([value], false, content)
}

// The text of `args`; `content` is that of the only one, if it was read already.
function textOf(args: readonly unknown[], printable: boolean, content?: Content): string {
  const lead = printable ? VERSION : LEAD
  const shared = printable ? printableWriter : memoryWriter
  const writer = shared.busy ? new KeyWriter(printable) : shared
  try {
    writer.busy = true
    writer.begin()
    writer.ascii(lead)
    if (content !== undefined) writeContent(writer, content, 1, writeValue)
    else for (let i = 0; i < args.length; i++) writeValue(writer, args[i], 0)
    return writer.end()
  } catch {
    // No tree of moderate size, a getter that throws, or an error that the careful way is to find again.
    return lead + graphText([...args], printable)
  } finally {
    writer.busy = false
  }
}

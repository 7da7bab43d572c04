// Option objects: which names exist, and the few kinds of value that several options share.

import { optionRange, optionType, tooMany, unknownOption } from './errors.js'

/**
 * The largest entry count a cache takes: slots are numbered in 32 bits, and two numbers are kept as marks.
 */
const LARGEST_COUNT = 2 ** 32 - 2

/**
 * The most items that a call takes: what a Map holds. Without a limit, an iterable that never ends takes all memory, and
 * the process with it.
 */
const MOST_ITEMS = 2 ** 24

/** An object that inherits nothing from `Object.prototype`, and yet is as quick as one that does. */
const Options = function Options() {} as unknown as new () => Record<string, unknown>
Options.prototype = Object.create(null)

/**
 * The options given to `name`, as an object of its own that holds the `known` ones only. An option that is
 * `undefined` is absent.
 *
 * Throws a `TypeError`: ERR_MOKAPOT_INVALID_OPTION when `given` is no object, ERR_MOKAPOT_UNKNOWN_OPTION for
 * an option that is not `known`.
 */
export function checkOptions(
  name: string,
  given: unknown,
  known: readonly string[],
): Record<string, unknown> {
  const options = new Options()
  if (given === undefined) return options
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw optionType(`the options of ${name}`, 'an object', given)
  }
  for (const option of Object.keys(given)) {
    if (!known.includes(option)) throw unknownOption(name, option, nearest(option, known), known)
  }
  for (const option of known) {
    const value = optionOf(given as Record<string, unknown>, option)
    if (value !== undefined) options[option] = value
  }
  return options
}

/**
 * What `given` says of an option. It may inherit it, but not from `Object.prototype`: what a careless merge of foreign
 * data left there is meant for nobody.
 */
export function optionOf(given: object, option: string): unknown {
  const value = (given as Record<string, unknown>)[option]
  if (value === undefined) return undefined
  const inherited = (Object.prototype as Record<string, unknown>)[option]
  return Object.is(value, inherited) && !Object.hasOwn(given, option) ? undefined : value
}

/**
 * `value` as a number of entries: a whole number from 1 to 2^32 - 2.
 *
 * Throws (ERR_MOKAPOT_INVALID_OPTION, naming `name`) a `RangeError` for another number, a `TypeError` for
 * another type.
 */
export function parseCount(value: unknown, name: string): number {
  const expected = `a whole number from 1 to ${LARGEST_COUNT}`
  if (typeof value !== 'number') throw optionType(name, expected, value)
  if (!Number.isInteger(value) || value < 1 || value > LARGEST_COUNT) throw optionRange(name, expected, value)
  return value
}

/**
 * `value` as one of `choices`.
 *
 * Throws a `TypeError` (ERR_MOKAPOT_INVALID_OPTION, naming `name`) for anything else.
 */
export function parseChoice<const C extends string>(value: unknown, name: string, choices: readonly C[]): C {
  if (choices.includes(value as C)) return value as C
  throw optionType(name, choices.map((choice) => `'${choice}'`).join(' or '), value)
}

/** Throws a `TypeError` (ERR_MOKAPOT_INVALID_OPTION, naming `name`) for what is no function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw optionType(name, 'a function', value)
}

/**
 * The items of `iterable` as an array, each as `read` reads it at once.
 *
 * Throws (ERR_MOKAPOT_INVALID_OPTION, naming `name`) a `TypeError` for what cannot be iterated over, a `RangeError` for
 * more items than {@link MOST_ITEMS}; and what the iterable throws.
 */
export function listOf<T>(name: string, iterable: Iterable<T>, read: (item: T) => T = itself): T[] {
  const list: T[] = []
  each(name, 'an array or another iterable', iterable, (item) => list.push(read(item)))
  return list
}

/**
 * The keys, as `readKey` reads them, and the values of `entries`, an iterable of pairs.
 *
 * Throws as {@link listOf} does, and for an entry that is no pair.
 */
export function pairsOf<K, V>(
  entries: Iterable<readonly [K, V]>,
  readKey: (key: K) => K,
): { keys: K[]; values: V[] } {
  const expected = 'an array or another iterable of [key, value] pairs'
  const keys: K[] = []
  const values: V[] = []
  each('entries', expected, entries, (pair) => {
    if (!Array.isArray(pair)) throw optionType('entries', expected, pair)
    keys.push(readKey(pair[0]))
    values.push(pair[1])
  })
  return { keys, values }
}

function itself<T>(item: T): T {
  return item
}

function each<T>(name: string, expected: string, iterable: Iterable<T>, take: (item: T) => void): void {
  if (iterable === null || typeof iterable?.[Symbol.iterator] !== 'function') {
    throw optionType(name, expected, iterable)
  }
  if (Array.isArray(iterable) && iterable.length > MOST_ITEMS) throw tooMany(name, MOST_ITEMS)
  let count = 0
  for (const item of iterable) {
    if (++count > MOST_ITEMS) throw tooMany(name, MOST_ITEMS)
    take(item)
  }
}

// The known name that `option` is most likely a slip of: at most a third of its letters away, so that a short
// name does not suggest an unrelated one.
function nearest(option: string, known: readonly string[]): string | undefined {
  if (option.length > 64) return undefined
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(option.length / 3)) + 1
  for (const name of known) {
    const distance = editDistance(option.toLowerCase(), name.toLowerCase())
    if (distance < bestDistance) {
      best = name
      bestDistance = distance
    }
  }
  return best
}

// Levenshtein's distance, one row at a time: the letters to insert, drop or replace to turn `a` into `b`.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

/** Which columns of a CSV hold the keys and the weights, told by the flags and the first two records. */
import { Stop } from '../prepare.mjs'

/**
 * @typedef {object} Columns
 * @property {number} key from 0
 * @property {number | undefined} weight
 * @property {boolean} header whether the first record names the columns
 */

/**
 * @param {string} name of the trace
 * @param {{ key: string | undefined, weight: string | undefined }} flags
 * @param {readonly string[]} first
 * @param {readonly string[] | undefined} second
 * @returns {Columns}
 */
export function findColumns(name, flags, first, second) {
  const names = first.map((cell) => Buffer.from(cell.trim(), 'latin1').toString())
  const key = flags.key === undefined ? defaultKey(name, names) : find(name, '--key', flags.key, names)
  const weight = flags.weight === undefined ? undefined : find(name, '--weight', flags.weight, names)
  const header =
    key.named ||
    weight?.named ||
    (weight !== undefined && !isNumber(first[weight.index])) ||
    // Words above numbers.
    first.some((cell, index) => !isNumber(cell) && isNumber(second?.[index] ?? ''))
  return { key: key.index, weight: weight?.index, header }
}

/**
 * A column by its number, else by the name in the first record.
 *
 * @param {string} trace
 * @param {string} flag
 * @param {string} wanted
 * @param {readonly string[]} names
 */
function find(trace, flag, wanted, names) {
  const named = !/^\d+$/.test(wanted)
  const index = named ? names.indexOf(wanted) : Number(wanted) - 1
  if (index in names) return { index, named }
  throw new Stop(`${capitalized(trace)} has no column ${wanted}, which ${flag} asks for; ${listed(names)}.`)
}

/**
 * Without a flag: the only column, or the one that is called key.
 *
 * @param {string} trace
 * @param {readonly string[]} names
 */
function defaultKey(trace, names) {
  const named = names.includes('key')
  if (named || names.length === 1) return { index: named ? names.indexOf('key') : 0, named }
  throw new Stop(`Which column of ${trace} has the keys? Name it with --key; ${listed(names)}.`)
}

/** @param {readonly string[]} names */
function listed(names) {
  const some = names.slice(0, 8).map((name) => (name.length > 20 ? `${name.slice(0, 20)}…` : name))
  return `its first line has ${names.length}: ${some.join(', ')}${names.length > 8 ? ', …' : ''}`
}

/** @param {string} cell */
function isNumber(cell) {
  return /^\s*\d+(\.\d+)?\s*$/.test(cell)
}

/** @param {string} text */
function capitalized(text) {
  return text.startsWith('the ') ? `T${text.slice(1)}` : text
}

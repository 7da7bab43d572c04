/** Reads a trace: a list of keys or CSV, from a file or the standard input, or one that is made. */
import { Stop } from '../prepare.mjs'
import { findColumns } from './columns.mjs'
import { Records } from './csv.mjs'
import { eachLine, title } from './lines.mjs'
import { isMade, make } from './made.mjs'
import { TraceBuilder } from './trace.mjs'

/** So often progress is told of; reading that many lines takes a few hundredths of a second. */
const STEP = 2 ** 16

/**
 * Throws a Stop that names the line for what it cannot take.
 *
 * @param {string} name a file, - for the standard input, or made:…
 * @param {{ key?: string | undefined, weight?: string | undefined }} [columns]
 * @param {(requests: number) => void} [tick] told of progress
 * @returns {Promise<import('./trace.mjs').Trace>}
 */
export async function readTrace(name, { key, weight } = {}, tick = () => {}) {
  const trace = new TraceBuilder()
  /**
   * @param {string} key
   * @param {number} [weight]
   */
  const add = (key, weight) => {
    trace.add(key, weight)
    if (trace.length % STEP === 0) tick(trace.length)
  }
  if (isMade(name)) {
    make(name, add)
  } else if (key !== undefined || weight !== undefined || /\.[ct]sv(\.gz|\.br)?$/i.test(name)) {
    await readTable(name, { key, weight }, add)
  } else {
    await eachLine(name, (line) => add(line))
  }
  if (trace.length === 0) throw new Stop(`There are no keys in ${title(name)}.`)
  return trace.build(title(name))
}

/**
 * @param {string} name
 * @param {{ key: string | undefined, weight: string | undefined }} flags
 * @param {(key: string, weight?: number) => void} add
 */
async function readTable(name, flags, add) {
  const called = title(name)
  /** @type {import('./columns.mjs').Columns | undefined} */
  let columns
  /** @type {{ fields: string[], number: number } | undefined} */
  let first

  /** @type {(number: number, what: string) => never} */
  const refuse = (number, what) => {
    throw new Stop(`Line ${number} of ${called} ${what}.`)
  }
  /**
   * @param {string[]} fields
   * @param {number} number
   */
  const take = (fields, number) => {
    if (columns === undefined) return
    const key = fields[columns.key]
    if (key === undefined)
      refuse(number, `has ${fields.length} fields, and the keys are in column ${columns.key + 1}`)
    if (key === '') refuse(number, 'has an empty key')
    if (columns.weight === undefined) return add(key)
    const weight = fields[columns.weight]
    const value = weight?.trim() ? Number(weight) : Number.NaN
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      refuse(
        number,
        weight === undefined ? 'has no weight' : `has the weight '${weight}', which is no number`,
      )
    }
    add(key, value)
  }
  /** @param {string[]} [second] */
  const begin = (second) => {
    if (first === undefined) return
    columns = findColumns(called, flags, first.fields, second)
    if (!columns.header) take(first.fields, first.number)
  }
  const records = new Records((fields, number) => {
    if (first === undefined) {
      first = { fields, number }
      return
    }
    if (columns === undefined) begin(fields)
    take(fields, number)
  }, refuse)
  await eachLine(name, (line, number) => records.feed(line, number))
  records.end()
  if (columns === undefined) begin()
}

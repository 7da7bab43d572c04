/** The results that benchmarks keep in benchmark/results, as benchmark/_results.mts writes them. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {object} Part one table
 * @property {string} node
 * @property {string} platform
 * @property {string} unit
 * @property {number} rounds of how many processes each figure is the median
 * @property {Record<string, Record<string, number>>} figures by rival, by measurement
 * @property {{ met: boolean, what: string }[]} bars
 */

/**
 * The tables of a benchmark by name; none where it was never run.
 *
 * @param {string} folder
 * @param {string} benchmark
 * @returns {Record<string, Part>}
 */
export function resultsOf(folder, benchmark) {
  const file = join(folder, `${benchmark}.json`)
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}

/** What the stress runs share. Nothing of mokapot is loaded here: some runs are about who loads it. */

import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export { randomFrom } from '../../__test__/fixtures/random.mjs'
export { sleep }

/**
 * What a run is told.
 *
 * @typedef {object} Told
 * @property {number} seed All that is random follows from it.
 * @property {number} scale How much of the full work is done.
 * @property {boolean} strict Whether to hold figures of time and memory to their bars, which wants a machine that is not
 *   shared; what must hold always is checked in any case.
 * @property {(line: string) => void} log
 */

/** What did not hold. */
export class Broken extends Error {}

/**
 * Ends the run unless something holds.
 *
 * @param {unknown} holds
 * @param {string} otherwise what is wrong
 * @returns {asserts holds}
 */
export function must(holds, otherwise) {
  if (!holds) throw new Broken(otherwise)
}

/**
 * So much of `full`, at least `least`.
 *
 * @param {number} full
 * @param {number} scale
 * @param {number} [least]
 */
export const scaled = (full, scale, least = 1) => Math.max(least, Math.round(full * scale))

/**
 * The outcome of a promise, or an error if it takes too long.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what
 * @param {number} [patience] in milliseconds
 * @returns {Promise<T>}
 */
export async function within(promise, what, patience = 60_000) {
  const stop = new AbortController()
  const hang = sleep(patience, undefined, { signal: stop.signal }).then(
    () => Promise.reject(new Broken(`${what} hangs: nothing came for ${patience} ms`)),
    () => /** @type {never} */ (undefined),
  )
  try {
    return await Promise.race([promise, hang])
  } finally {
    stop.abort()
  }
}

/** Collects garbage; a turn of the loop after each lets finalizers run. */
const collect = (() => {
  setFlagsFromString('--expose-gc')
  return /** @type {() => void} */ (runInNewContext('gc'))
})()

/** The resident memory, in MiB, once garbage is collected and what is done off-thread is done: the least of some looks. */
export async function residentAfterCollection() {
  let least = Number.POSITIVE_INFINITY
  for (let look = 0; look < 4; look++) {
    collect()
    await sleep(50)
    least = Math.min(least, process.memoryUsage.rss() / 2 ** 20)
  }
  return least
}

/** Collects garbage until finalizers have had their turn. */
export async function finalize() {
  for (let turn = 0; turn < 3; turn++) {
    collect()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

/**
 * The slope of the line that fits points best, by least squares.
 *
 * @param {readonly (readonly [x: number, y: number])[]} points
 */
export function slopeOf(points) {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  let [above, below] = [0, 0]
  for (const [x, y] of points) {
    above += (x - meanX) * (y - meanY)
    below += (x - meanX) ** 2
  }
  return above / below
}

/** Processes that end abruptly: by `process.exit`, an uncaught throw, an unhandled rejection, SIGTERM. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, must, randomFrom, scaled, within } from './common.mjs'

export const about = 'process.exit, uncaught throw, unhandled rejection, SIGTERM amid operations and loads'

const CHILD = fileURLToPath(new URL('./exits-child.mjs', import.meta.url))

/** How a process ends, and the code or signal that follows. @type {readonly [how: string, code: number | null, signal: string | null][]} */
const WAYS = [
  ['0', 0, null],
  ['7', 7, null],
  ['throw', 1, null],
  ['reject', 1, null],
  ['SIGTERM', null, 'SIGTERM'],
]

/** So much longer a process may take to end than one without mokapot, in milliseconds, in the median. */
const MOST_LONGER = 50

/** @param {import('./common.mjs').Told} told */
export async function run({ seed, scale, strict, log }) {
  const random = randomFrom(seed)
  const exits = scaled(200, scale, 2 * WAYS.length)
  /** How long each took to end, in milliseconds. @type {Map<string, { mokapot: number[], maps: number[] }>} */
  const times = new Map()
  for (let i = 0; i < exits; i++) {
    const [how, code, signal] = WAYS[i % WAYS.length]
    const workers = Math.floor(i / WAYS.length) % 2 === 0 ? 0 : 2
    const milliseconds = Math.floor(random() * 40)
    const name = `${/\d/.test(how) ? 'exit' : how}, ${workers} workers`
    const took = times.get(name) ?? { mokapot: [], maps: [] }
    times.set(name, took)
    const end = await abruptly(how, workers, milliseconds, 'mokapot')
    // Without bars nothing is measured, and only these say something.
    const speaks = how === 'throw' || how === 'reject'
    const other =
      strict || speaks ? await abruptly(how, workers, milliseconds, 'maps') : { stderr: '', took: 0 }
    const told = JSON.stringify(end)
    must(end.code === code && end.signal === signal, `${name}: ended otherwise, ${told}`)
    must(
      end.stderr === other.stderr && (speaks || end.stderr === ''),
      `${name}: on stderr, unlike without mokapot, ${told}`,
    )
    took.mokapot.push(end.took)
    took.maps.push(other.took)
  }
  log(`${exits} exits, all with the right code, and nothing on stderr that is not there without mokapot`)
  if (!strict) return
  for (const [name, { mokapot, maps }] of times) {
    const [with_, without] = [median(mokapot), median(maps)]
    log(
      `${name}: reaped after ${with_.toFixed(1)} ms (worst ${Math.max(...mokapot).toFixed(1)}), without mokapot ${without.toFixed(1)} ms (worst ${Math.max(...maps).toFixed(1)})`,
    )
    must(with_ - without < MOST_LONGER, `${name}: it takes ${(with_ - without).toFixed(1)} ms longer`)
  }
}

/**
 * Runs a process to its end.
 *
 * @param {string} how
 * @param {number} workers
 * @param {number} milliseconds
 * @param {string} subject
 * @returns {Promise<{ code: number | null, signal: string | null, stderr: string, took: number }>}
 */
function abruptly(how, workers, milliseconds, subject) {
  const child = spawn(process.execPath, [CHILD, how, String(workers), String(milliseconds), subject], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stderr = ''
  let said = Number.NaN
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  child.stdout.once('data', () => {
    said = performance.now()
    if (how === 'SIGTERM') child.kill('SIGTERM')
  })
  let ended = Number.NaN
  child.once('exit', () => {
    ended = performance.now()
  })
  const end = new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stderr, took: Math.max(0, ended - said) }))
  })
  return within(end, `a process that ends by ${how}`).catch((error) => {
    child.kill('SIGKILL')
    throw error
  })
}

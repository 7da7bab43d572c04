/** Reads the order of requests from an access log: common or combined log format, or one key a line. */
import { open } from 'node:fs/promises'
import { Refusal } from './options.mjs'

/** `host ident user [date] "request"`, which combined log format continues; the request may hold escaped quotes. */
const COMMON = /^\S+ .*?\[[^\]]*\] "((?:[^"\\]|\\.)*)"/

/** What a cache in front of pages sees. */
const READ = /^(?:GET|HEAD) (\S+)/

/**
 * @typedef {object} AccessLog
 * @property {string[]} keys The distinct ones, in the order of their first request.
 * @property {Uint32Array} sequence Positions in `keys`.
 * @property {string} story
 */

/**
 * The first `most` requests of a log. Its first line decides which format it has.
 *
 * @param {string} file
 * @param {number} most
 * @returns {Promise<AccessLog>}
 */
export async function readAccessLog(file, most) {
  /** @type {Map<string, number>} */
  const numbers = new Map()
  /** @type {number[]} */
  const sequence = []
  /** @type {boolean | undefined} */
  let isCommon
  let skipped = 0
  let isCut = false
  for await (const line of linesOf(file)) {
    if (line.trim() === '') continue
    if (line.includes('\0')) throw new Refusal(`--log ${file} is not a text file.`)
    if (sequence.length === most) {
      isCut = true
      break
    }
    isCommon ??= COMMON.test(line)
    const key = isCommon ? READ.exec(COMMON.exec(line)?.[1] ?? '')?.[1] : line.trim()
    if (key === undefined) {
      skipped += 1
      continue
    }
    const number = numbers.get(key) ?? numbers.size
    numbers.set(key, number)
    sequence.push(number)
  }
  if (sequence.length === 0) {
    throw new Refusal(
      skipped > 0 ? `--log ${file} has no GET or HEAD request.` : `--log ${file} has no requests.`,
    )
  }
  const story = [
    `${isCut ? 'the first ' : ''}${sequence.length.toLocaleString('en-US')} a round, as in ${file}`,
    isCommon ? 'common log format' : 'one key a line',
    `${numbers.size.toLocaleString('en-US')} distinct`,
    ...(skipped > 0 ? [`${skipped.toLocaleString('en-US')} lines that are no GET or HEAD left out`] : []),
  ].join(', ')
  return { keys: [...numbers.keys()], sequence: Uint32Array.from(sequence), story }
}

/**
 * @param {string} file
 * @returns {AsyncGenerator<string, void>}
 */
async function* linesOf(file) {
  const handle = await open(file).catch((/** @type {NodeJS.ErrnoException} */ error) => {
    const reason = error.code === 'ENOENT' ? 'there is no such file' : error.message
    throw new Refusal(`--log ${file} cannot be read: ${reason}.`)
  })
  try {
    if ((await handle.stat()).isDirectory()) throw new Refusal(`--log ${file} is a directory, not a file.`)
    yield* handle.readLines()
  } finally {
    await handle.close()
  }
}

/** The flags of the demo. */
import { parseArgs } from 'node:util'

export const HELP = `Serves the Markdown documents of the installed dependencies from two worker threads, first with an
lru-cache in each, then with one SharedCache for both, at the same number of bytes in total.

  npm run demo -- [flags]

  --quick         fewer documents and requests, under 15 seconds
  --log FILE      asks in the order of your own access log: common or combined log format, or one key
                  a line; each distinct key is served the next document, from the first again after the last
  --requests N    how many requests a round has at most (of a log: its first N)
  --seed N        another sequence of requests; the same seed gives the same one
  --help          this text`

const FULL = { requests: 7_000, documents: 400 }
const QUICK = { requests: 1_200, documents: 150 }
const SEED = 1

/** What the user can put right: shown as one sentence, with exit code 1. */
export class Refusal extends Error {}

/**
 * @typedef {object} Options
 * @property {string | undefined} log
 * @property {number} requests
 * @property {number} documents
 * @property {number} seed
 */

/**
 * @param {readonly string[]} args
 * @returns {Options | 'help'}
 */
export function readOptions(args) {
  const { help, quick, log, requests, seed } = parse(args)
  if (help) return 'help'
  const defaults = quick ? QUICK : FULL
  return {
    log,
    requests: integer('--requests', requests, 1, 10_000_000) ?? defaults.requests,
    documents: defaults.documents,
    seed: integer('--seed', seed, 0, 0xffff_ffff) ?? SEED,
  }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        log: { type: 'string' },
        requests: { type: 'string' },
        seed: { type: 'string' },
      },
    }).values
  } catch (error) {
    const [sentence] = /** @type {Error} */ (error).message.split(/\.?\s*\n|\.\s|\.$/)
    throw new Refusal(`${sentence}; --help tells the flags.`)
  }
}

/**
 * @param {string} flag
 * @param {string | undefined} text
 * @param {number} least
 * @param {number} most
 */
function integer(flag, text, least, most) {
  if (text === undefined) return undefined
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Refusal(`${flag} takes an integer from ${least} to ${most}, not '${text}'.`)
}

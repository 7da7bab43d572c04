/** The flags of `npm run hit-ratio`. */
import { parseArgs } from 'node:util'
import { Stop } from '../prepare.mjs'
import { KINDS } from './made.mjs'
import { readSizes } from './sizes.mjs'

export const HELP = `Replays traces of keys through mokapot's Cache and through lru-cache, and tells the hit ratio at each
size: each request is a get, and a set if it misses. Belady's optimum, which knows the future, is the
ceiling.

  npm run hit-ratio -- [flags] [trace ...]

A trace is a file with one key a line, or CSV or TSV with a column of keys, plain or .gz or .br; - is the
standard input. Made ones need no file: ${[...KINDS].map((kind) => `made:${kind}`).join(', ')},
also with numbers of your own: made:zipf,keys=5000,requests=100000,seed=2. Without a trace, all made ones.

  --key COLUMN      reads CSV with the keys in this column: its name, or its number from 1
  --weight COLUMN   the column of weights, whole numbers such as bytes; each key counts with its largest
  --sizes LIST      in entries: 100,1k,10k, or a share of the distinct keys: 1%,5%
  --max-size LIST   in weights: 64kb,16mb, or a share of what all keys weigh: 1%,5% (the default with weights)
  --policy LIST     of mokapot: tinylfu (default), lru, or both: tinylfu,lru
  --only LIST       some of lru-cache, mokapot, optimum
  --svg FILE        draws the curves
  --html FILE       a page of the curves and the table
  --json            the numbers as JSON in place of the table
  --help            this text`

/** What can be measured, as --only names it. */
const CONTENDERS = ['lru-cache', 'mokapot', 'optimum']
const POLICIES = ['tinylfu', 'lru']

/**
 * @typedef {object} Options
 * @property {string[]} traces
 * @property {string | undefined} key
 * @property {string | undefined} weight
 * @property {import('./sizes.mjs').Sizes | undefined} sizes absent: derived from the trace
 * @property {string[]} policies
 * @property {string[]} only
 * @property {string | undefined} svg
 * @property {string | undefined} html
 * @property {boolean} json
 */

/**
 * Checks the arguments. Throws a Stop, one sentence, for what it cannot take.
 *
 * @param {readonly string[]} args
 * @returns {Options | 'help'}
 */
export function readOptions(args) {
  const { values, positionals } = parse(args)
  if (values.help) return 'help'
  const { key, weight, sizes, svg, html, json } = values
  const maxSize = values['max-size']
  if (sizes !== undefined && maxSize !== undefined) {
    throw new Stop('--sizes counts entries and --max-size weights: give one of them.')
  }
  for (const [flag, column] of Object.entries({ '--key': key, '--weight': weight })) {
    if (column === '' || column === '0') {
      throw new Stop(`${flag} takes the name of a column or its number from 1, not '${column}'.`)
    }
  }
  for (const [flag, file] of Object.entries({ '--svg': svg, '--html': html })) {
    if (file === '') throw new Stop(`${flag} takes the name of a file.`)
  }
  if (positionals.filter((name) => name === '-').length > 1) {
    throw new Stop('The standard input can be read once.')
  }
  const read = (/** @type {'--sizes' | '--max-size'} */ flag, /** @type {string | undefined} */ text) =>
    text === undefined ? undefined : readSizes(flag, text)
  return {
    traces: positionals.length > 0 ? positionals : KINDS.map((kind) => `made:${kind}`),
    key,
    weight,
    sizes: read('--sizes', sizes) ?? read('--max-size', maxSize),
    policies: choices('--policy', values.policy, POLICIES) ?? ['tinylfu'],
    only: choices('--only', values.only, CONTENDERS) ?? CONTENDERS,
    svg,
    html,
    json: json ?? false,
  }
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        key: { type: 'string' },
        weight: { type: 'string' },
        sizes: { type: 'string' },
        'max-size': { type: 'string' },
        policy: { type: 'string' },
        only: { type: 'string' },
        svg: { type: 'string' },
        html: { type: 'string' },
        json: { type: 'boolean' },
      },
    })
  } catch (error) {
    const [sentence] = /** @type {Error} */ (error).message.split(/\.?\s*\n|\.\s|\.$/)
    throw new Stop(`${sentence}; --help tells the flags.`)
  }
}

/**
 * The known words of a list, in the order in which they are known.
 *
 * @param {string} flag
 * @param {string | undefined} text
 * @param {readonly string[]} known
 */
function choices(flag, text, known) {
  if (text === undefined) return undefined
  const given = text.split(',').map((word) => word.trim())
  const stranger = given.find((word) => !known.includes(word))
  if (stranger !== undefined) {
    throw new Stop(`${flag} takes ${known.join(', ')}, separated by commas, not '${stranger}'.`)
  }
  return known.filter((word) => given.includes(word))
}

/** The sizes at which a trace is replayed: entries, or weights, or shares of what the trace has. */
import { Stop } from '../prepare.mjs'

/**
 * @typedef {object} Sizes
 * @property {'entries' | 'weights'} unit
 * @property {readonly { amount: number, share: boolean }[]} list a share is of the distinct keys, or of all they weigh
 */

/**
 * @typedef {object} Limit
 * @property {'entries' | 'weights'} unit
 * @property {number} size
 */

/** Where nothing is asked for: from a thousandth to half of the distinct keys, in even steps on a log axis. */
const SHARES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]

/** Thousands of entries are counted in tens, sizes of memory in powers of two, as in mokapot's options. */
const UNITS = {
  entries: { '': 1, k: 1e3, m: 1e6 },
  weights: { '': 1, b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 },
}
const EXAMPLES = { '--sizes': '100,1k,10k or 1%,5%', '--max-size': '64kb,16mb or 1%,5%' }

/**
 * @param {'--sizes' | '--max-size'} flag
 * @param {string} text
 * @returns {Sizes}
 */
export function readSizes(flag, text) {
  const unit = flag === '--sizes' ? 'entries' : 'weights'
  return { unit, list: text.split(',').map((item) => readSize(flag, unit, item.trim())) }
}

/**
 * The limits for a trace, smallest first, each once. None is larger than what makes everything fit.
 *
 * @param {Sizes | undefined} sizes
 * @param {import('./trace.mjs').Trace} trace
 * @returns {Limit[]}
 */
export function limitsFor(sizes, trace) {
  const unit = sizes?.unit ?? (trace.weights === undefined ? 'entries' : 'weights')
  if (unit === 'weights' && trace.weights === undefined) {
    throw new Stop(`--max-size needs weights, and ${trace.name} has none: name their column with --weight.`)
  }
  const whole = unit === 'entries' ? trace.distinct : trace.weight
  const wanted = sizes?.list ?? SHARES.map((amount) => ({ amount, share: true }))
  const found = wanted.map(({ amount, share }) => {
    if (!share) return amount
    const part = Math.max(1, amount * whole)
    return sizes === undefined ? rounded(part) : Math.round(part)
  })
  return [...new Set(found)].sort((a, b) => a - b).map((size) => ({ unit, size }))
}

/**
 * @param {'--sizes' | '--max-size'} flag
 * @param {'entries' | 'weights'} unit
 * @param {string} text
 */
function readSize(flag, unit, text) {
  const [, digits, letters] = /^(\d+(?:\.\d+)?)([a-z]*|%)$/i.exec(text) ?? []
  if (letters === '%' && Number(digits) > 0 && Number(digits) <= 100) {
    return { amount: Number(digits) / 100, share: true }
  }
  /** @type {Record<string, number>} */
  const units = UNITS[unit]
  const amount = Math.floor(Number(digits) * (units[letters?.toLowerCase() ?? ''] ?? Number.NaN))
  if (amount >= 1 && Number.isSafeInteger(amount)) return { amount, share: false }
  throw new Stop(`${flag} takes sizes such as ${EXAMPLES[flag]}, not '${text}'.`)
}

/**
 * To two digits, which read well.
 *
 * @param {number} value
 */
function rounded(value) {
  return Math.round(Number(value.toPrecision(2)))
}

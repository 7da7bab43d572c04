// Durations as people write them: milliseconds, or a number and its unit in one string.

import { optionRange, optionType } from './errors.js'

/** A time span: milliseconds, or `'250ms'`, `'5s'`, `'10m'`, `'2h'`, `'1.5d'`. `Infinity` means none. */
export type Duration = number | `${number}${keyof typeof MILLISECONDS}`

/** The units, in milliseconds. They are case-sensitive: `M` would be read as months. */
const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

const WRITTEN = /^(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(ms|s|m|h|d)$/
const EXPECTED = "a positive number of milliseconds or a string like '250ms', '5s', '10m', '2h', '1d'"

/**
 * `value` in milliseconds, which need not be whole; `Infinity` when it is absent (`undefined`) or `Infinity`:
 * no such limit.
 *
 * Throws (ERR_MOKAPOT_INVALID_OPTION, naming `name`) a `RangeError` for 0, negative, NaN, a string without a
 * unit or with an unknown one, white space, or a product too large or too small for a number; a `TypeError`
 * for null and other types.
 */
export function parseDuration(value: unknown, name: string): number {
  if (value === undefined) return Number.POSITIVE_INFINITY
  if (typeof value === 'number') {
    if (value > 0) return value
  } else if (typeof value === 'string') {
    const [, amount, unit] = WRITTEN.exec(value) ?? []
    const milliseconds = Number(amount) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
    if (milliseconds > 0 && milliseconds < Number.POSITIVE_INFINITY) return milliseconds
  } else {
    throw optionType(name, EXPECTED, value)
  }
  throw optionRange(name, EXPECTED, value)
}

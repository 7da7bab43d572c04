// Sizes as people write them: bytes, a number and its unit in one string, or a share of the memory there is.

import os from 'node:os'
import { optionRange, optionType } from './errors.js'

/**
 * A number of bytes, or `'512b'`, `'64kb'`, `'256mb'`, `'1.5gb'`, `'2tb'` (1 kb is 1,024 bytes), or a share
 * of memory: `'25%'`.
 */
export type Size = number | `${number}${Unit | Capitalize<Unit> | Uppercase<Unit>}` | `${number}%`

type Unit = keyof typeof BYTES

/** The units, in bytes: powers of 1,024, as memory is counted. Upper and lower case mean the same. */
const BYTES = { b: 1, kb: 2 ** 10, mb: 2 ** 20, gb: 2 ** 30, tb: 2 ** 40 } as const

const WRITTEN = /^(\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(b|kb|mb|gb|tb|%)$/i
const EXPECTED = "a positive whole number of bytes or a string like '64kb', '256mb', '1gb', '25%'"

/**
 * `value` in bytes, a positive safe integer; a fraction of a byte is dropped. A percentage is of what
 * `memory` tells.
 *
 * Throws (ERR_MOKAPOT_INVALID_OPTION, naming `name`) a `RangeError` for 0, negative, NaN, `Infinity`, a
 * number that is not whole, less than a byte, more than 100 %, a string without a unit or with an unknown
 * one; a `TypeError` for null, undefined and other types.
 */
export function parseBytes(value: unknown, name: string, memory: () => number = memoryLimit): number {
  let bytes: number
  if (typeof value === 'number') bytes = value
  else if (typeof value === 'string') bytes = parseWritten(value, memory)
  else throw optionType(name, EXPECTED, value)
  if (Number.isSafeInteger(bytes) && bytes >= 1) return bytes
  throw optionRange(name, EXPECTED, value)
}

/**
 * The bytes of memory this process may use: the container's limit when it has one, else what the machine has.
 *
 * `constrained` is what the runtime tells of the container: without a limit that is 0, undefined, or a number
 * beyond the machine's memory, depending on the kernel and the version of Node.
 */
export function memoryLimit(
  constrained: number | undefined = process.constrainedMemory?.(),
  total: number = os.totalmem(),
): number {
  return constrained !== undefined && constrained > 0 && constrained < total ? constrained : total
}

function parseWritten(text: string, memory: () => number): number {
  const [, amount, unit] = WRITTEN.exec(text) ?? []
  if (unit === undefined) return Number.NaN
  if (unit !== '%') return Math.floor(Number(amount) * BYTES[unit.toLowerCase() as Unit])
  return Number(amount) <= 100 ? Math.floor((Number(amount) / 100) * memory()) : Number.NaN
}

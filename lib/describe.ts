// Values of the user and of others in a few words, for the messages of errors.

import { types } from 'node:util'

/** The longest piece of a user's text that a message quotes, in UTF-16 units. */
const QUOTED = 40

/** Bigints beyond this are not printed: turning one of a million digits into text takes seconds. */
const LONGEST_BIGINT = 2n ** 256n

/**
 * `value` in a few words for an error message. Runs no code of the user's where that can be told, and never
 * throws.
 */
export function describe(value: unknown): string {
  try {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(cut(value))
      case 'number':
        return Object.is(value, -0) ? '-0' : String(value)
      case 'bigint':
        return value < LONGEST_BIGINT && value > -LONGEST_BIGINT ? `${cut(String(value))}n` : 'a huge bigint'
      case 'symbol':
        return cut(String(value))
      case 'function':
        return types.isProxy(value) || !value.name ? 'a function' : `function ${cut(String(value.name))}`
      case 'object':
        return value === null ? 'null' : describeObject(value)
      default:
        return String(value)
    }
  } catch {
    return `a value of type ${typeof value}`
  }
}

function describeObject(value: object): string {
  if (types.isProxy(value)) return 'a Proxy'
  if (Array.isArray(value)) return `an array of ${value.length}`
  const prototype = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return 'an object'
  const name = prototype.constructor?.name
  return typeof name === 'string' && name !== '' ? `an instance of ${cut(name)}` : 'an object'
}

function cut(text: string): string {
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text
}

/** Why something failed, in one line: the message of an error, or its name. */
export function reason(cause: unknown): string {
  if (!types.isNativeError(cause)) return 'it throws'
  const { message } = cause
  const line = typeof message === 'string' ? (message.split('\n', 1)[0] ?? '') : ''
  return line === '' ? cause.name : line.length > 120 ? `${line.slice(0, 120)}…` : line
}

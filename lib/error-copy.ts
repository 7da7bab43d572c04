/**
 * Errors on their way to another thread: name, message, stack, code and cause.
 *
 * Structured clone alone would drop the code, and the name of a class of one's own. What was thrown need not be an error.
 */
import { types } from 'node:util'
import { define } from './define.js'
import { describe } from './describe.js'
import { type ErrorCode, MokapotError } from './errors.js'
import { deserialize, serialize } from './structured-clone.js'

/** So many causes of causes are carried; a cycle would have no end. */
const DEEPEST = 8

/** The classes that a copy is of when the name says so; any other is an `Error` of that name. */
const CLASSES = new Map<string, ErrorConstructor>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map((type) => [
    type.name,
    type,
  ]),
)

/** Something thrown, as plain data: an error, or any other value that can be cloned. */
type Thrown =
  | { error: { name: string; message: string; stack: string | undefined; code: unknown; cause?: Thrown } }
  | { value: unknown }

/** The bytes of what was thrown. Never throws: what cannot be cloned is left out. */
export function encodeThrown(thrown: unknown): Uint8Array {
  try {
    return serialize(plain(thrown, 0))
  } catch {
    // It changes while it is looked at, or cannot be looked at.
    return serialize(nameless('what was thrown cannot be cloned'))
  }
}

/** A copy of what was thrown. */
export function decodeThrown(bytes: Uint8Array): unknown {
  if (bytes.length === 0)
    return new Error('the load failed in another thread, and there was no memory for its error')
  return revive(deserialize(bytes) as Thrown)
}

function plain(thrown: unknown, depth: number): Thrown {
  if (!types.isNativeError(thrown) && !(thrown instanceof Error)) return plainValue(thrown)
  try {
    const { name, message, stack, code, cause } = thrown as Error & { code?: unknown }
    return {
      error: {
        name: String(name),
        message: String(message),
        stack: stack === undefined ? undefined : String(stack),
        code: isCloneable(code) ? code : undefined,
        ...(cause !== undefined && depth < DEEPEST && { cause: plain(cause, depth + 1) }),
      },
    }
  } catch {
    return nameless(describe(thrown)) // a getter threw
  }
}

function nameless(message: string): Thrown {
  return { error: { name: 'Error', message, stack: undefined, code: undefined } }
}

function plainValue(value: unknown): Thrown {
  return { value: isCloneable(value) ? value : describe(value) }
}

function isCloneable(value: unknown): boolean {
  try {
    serialize(value)
    return true
  } catch {
    return false
  }
}

function revive(thrown: Thrown): unknown {
  if ('value' in thrown) return thrown.value
  const { name, message, stack, code, cause } = thrown.error
  const options = cause === undefined ? undefined : { cause: revive(cause) }
  const copy =
    name === 'MokapotError'
      ? new MokapotError(code as ErrorCode, message, options)
      : new (CLASSES.get(name) ?? Error)(message, options)
  if (copy.name !== name) define(copy, 'name', name, true)
  define(copy, 'stack', stack, true)
  return code === undefined ? copy : Object.assign(copy, { code })
}

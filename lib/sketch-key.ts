/**
 * What a key of a Map counts as in the frequency sketches, which take strings, numbers and bigints by value.
 */
import { identityOf } from './key-identity.js'

/**
 * The key itself or what stands for its identity. Two keys may share it: that makes an estimate worse, and no key wrong.
 */
export function sketchKey(key: unknown): string | number | bigint {
  switch (typeof key) {
    case 'string':
    case 'number':
    case 'bigint':
      return key
    case 'object':
    case 'function':
      // Halves lie between the numbers that are used as keys.
      return key === null ? 'null' : identityOf(key as WeakKey) + 0.5
    case 'symbol': {
      const registered = Symbol.keyFor(key)
      return registered === undefined
        ? identityOf(key as unknown as WeakKey) + 0.5
        : `Symbol.for ${registered}`
    }
    default:
      return String(key)
  }
}

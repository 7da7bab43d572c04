/**
 * Time in the hands of tests.
 *
 * @module mokapot/testing
 */
import { rangeError } from './errors.js'
import { native } from './native.js'

/**
 * Moves the clock of all shared caches of this process forward by so many milliseconds. The clock goes on by itself as
 * well; it cannot be moved back. Throws a `RangeError` for what is not a finite number from 0 on.
 *
 * @example
 * cache.set('key', 'value', { ttl: '1h' })
 * advance(60 * 60 * 1000)
 * cache.has('key') // false
 */
export function advance(milliseconds: number): void {
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds) || milliseconds < 0) {
    throw rangeError(
      'ERR_MOKAPOT_INVALID_OPTION',
      `milliseconds must be a finite number from 0 on, got ${milliseconds}`,
    )
  }
  native.advance(milliseconds)
}

/**
 * Time in the hands of tests.
 *
 * @module mokapot/testing
 */
import { optionRange, optionType } from './errors.js'
import { native } from './native.js'

/**
 * Moves the clock of all shared caches of this process forward by so many milliseconds. The clock goes on by itself as
 * well; it cannot be moved back, nor further than 292 years in all. Throws a `RangeError` for a number that is not finite or
 * below 0, a `TypeError` for anything else.
 *
 * @example
 * cache.set('key', 'value', { ttl: '1h' })
 * advance(60 * 60 * 1000)
 * cache.has('key') // false
 */
export function advance(milliseconds: number): void {
  const expected = 'a finite number from 0 on'
  if (typeof milliseconds !== 'number') throw optionType('milliseconds', expected, milliseconds)
  if (!(milliseconds >= 0 && milliseconds < Number.POSITIVE_INFINITY))
    throw optionRange('milliseconds', expected, milliseconds)
  native.advance(milliseconds)
}

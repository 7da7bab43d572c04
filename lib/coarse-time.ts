/**
 * Coarse time: what the clock said a millisecond ago at the most, at the price of reading a number.
 *
 * Asking the machine's clock costs as much as the rest of a `get`. A native thread writes the time into this thread's
 * page, also while this thread is busy or blocked, for as long as it keeps being read.
 */
import { native } from './native.js'

const { keepTime } = native

/** The time in milliseconds, or 0 when it is not kept; and whether it was read since the last tick. */
const page = sharedPage()

/** One for all copies of this module in a thread, as in native.ts. */
function sharedPage(): Float64Array<ArrayBuffer> {
  if (native.page === undefined) {
    native.page = new Float64Array(2)
    native.registerPage(new Uint8Array(native.page.buffer))
  }
  return native.page
}

/** Milliseconds of a monotonic clock, up to 2 ms late. */
export function coarseNow(): number {
  page[1] = 1
  const now = page[0] as number
  return now === 0 ? keepTime() : now
}

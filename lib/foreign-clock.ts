/**
 * A clock of the user's, which may do anything when it is asked the time but use the cache that asks.
 */
import { clockUsesCache } from './errors.js'
import type { Clock } from './lifetimes.js'

/** See the module. */
export class ForeignClock implements Clock {
  readonly #clock: Clock
  #isAsked = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The present, of which an operation may ask while it has an entry in hand. */
  now(): number {
    this.checkFree()
    this.#isAsked = true
    try {
      return this.#clock.now()
    } finally {
      this.#isAsked = false
    }
  }

  /** Throws if it is being asked: what the operation that asks has in hand must not change. */
  checkFree(): void {
    if (this.#isAsked) this.#refuse()
  }

  /**
   * The timeout of a script cuts off what it calls, and then no `finally` runs: the clock may have been cut off, too. At the
   * end of this turn it is being asked by nobody.
   */
  #refuse(): never {
    Promise.resolve().then(() => {
      this.#isAsked = false
    })
    throw clockUsesCache()
  }
}

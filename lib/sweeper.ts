/**
 * The sweeper of a `Cache`: has expired entries leave that nobody asks for, a slice at a time.
 *
 * It has one timer at most, and only while the cache has an entry with a deadline. The timer keeps neither the process
 * nor the cache alive.
 */
import { clearTimeout, setTimeout } from './timers.js'

/** A timer waits no longer than this, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** Does a slice of the work on `target`, and plans when to go on. */
export type Sweep<T> = (target: T) => void

/** See the module. */
export class Sweeper<T extends object> {
  readonly #target: WeakRef<T>
  readonly #sweep: Sweep<T>
  #timer: NodeJS.Timeout | undefined

  /** `sweep` must not hold `target`. */
  constructor(target: T, sweep: Sweep<T>) {
    this.#target = new WeakRef(target)
    this.#sweep = sweep
  }

  /** Sweeps next in so many milliseconds, whatever was planned before; never, for `Infinity`. */
  plan(delay: number): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (delay === Number.POSITIVE_INFINITY) return
    this.#timer = setTimeout(run<T>, Math.min(delay, LONGEST), this)
    this.#timer.unref()
  }

  /** A turn of the timer. */
  turn(): void {
    this.#timer = undefined
    const target = this.#target.deref()
    if (target !== undefined) this.#sweep(target)
  }
}

function run<T extends object>(sweeper: Sweeper<T>): void {
  sweeper.turn()
}

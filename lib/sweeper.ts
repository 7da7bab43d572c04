/**
 * The sweeper of a `Cache`: has expired entries leave that nobody asks for, a slice at a time.
 *
 * It has one timer at most, and only while the cache has an entry with a deadline. The timer keeps neither the process
 * nor the cache alive.
 */
import { inNobodysContext } from './async-context.js'
import { clearTimeout, setTimeout } from './timers.js'

/** A timer waits no longer than this, in milliseconds. */
const LONGEST = 2 ** 31 - 1

/** Does a slice of the work on `target`, and plans when to go on. */
export type Sweep<T> = (target: T) => void

/** Stops the timers of sweepers whose target is unreachable: a long ttl would hold them for long. */
const unreachable = new FinalizationRegistry<Sweeper<object>>((sweeper) =>
  sweeper.plan(Number.POSITIVE_INFINITY),
)

/** See the module. */
export class Sweeper<T extends object> {
  readonly #target: WeakRef<T>
  readonly #sweep: Sweep<T>
  #timer: NodeJS.Timeout | undefined
  #delay = Number.POSITIVE_INFINITY
  #isStarting = false
  #isWatched = false

  /** `sweep` must not hold `target`. */
  constructor(target: T, sweep: Sweep<T>) {
    this.#target = new WeakRef(target)
    this.#sweep = sweep
  }

  /** Sweeps next in so many milliseconds, whatever was planned before; never, for `Infinity`. */
  plan(delay: number): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#delay = delay
    if (delay === Number.POSITIVE_INFINITY) return
    if (!this.#isWatched) this.#watch()
    if (this.#isStarting) return
    // At the end of this turn: the timeout of a script cuts off what it calls, and a timer that was not told yet to keep
    // nothing alive would keep the process.
    Promise.resolve().then(() => this.#start())
    this.#isStarting = true
  }

  /** A turn of the timer. */
  turn(): void {
    this.#timer = undefined
    const target = this.#target.deref()
    if (target !== undefined) this.#sweep(target)
  }

  #start(): void {
    this.#isStarting = false
    if (this.#delay === Number.POSITIVE_INFINITY || this.#timer !== undefined) return
    const delay = Math.min(this.#delay, LONGEST)
    this.#timer = inNobodysContext(() => setTimeout(run<T>, delay, this))
    this.#timer.unref()
  }

  #watch(): void {
    this.#isWatched = true
    const target = this.#target.deref()
    if (target !== undefined) unreachable.register(target, this as unknown as Sweeper<object>)
  }
}

function run<T extends object>(sweeper: Sweeper<T>): void {
  sweeper.turn()
}

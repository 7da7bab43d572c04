/**
 * Flights: a load under way, and the callers who wait for it.
 *
 * A caller leaves alone, by its signal or when its time is up. Only when the last one has left by its signal is there
 * nobody to load for.
 */
import type { Load, LoadPlan } from './loading-options.js'
import { clearTimeout, setTimeout } from './timers.js'

/** The longest that a timer of Node can be set to; beyond, it would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** Who waits for a flight: what it does with what becomes of it. Only one of these is called, once. */
export interface Caller<R> {
  /** The load brought a value. */
  land(result: R): void
  /** The load failed. */
  fail(error: unknown): void
  /** The caller's time is up. */
  timeOut(): void
  /** The caller's signal was aborted. */
  abort(reason: unknown): void
}

/** A load of one key, running here or in another thread; `R` is what it hands to its callers. */
export class Flight<K, V, R> {
  /** It goes on though nobody waits: it runs in the background, or a caller whose time was up counts on its result. */
  lasting = false
  /** The load runs in this thread. */
  runsHere = false
  #isAborted = false
  #controller: AbortController | undefined
  /** Each caller, and what stops its clock and takes its ear off its signal. */
  readonly #callers = new Map<Caller<R>, () => void>()

  constructor(
    readonly key: K,
    /** The load of the caller who came first, in case it is to run in this thread. */
    readonly load: Load<K, V>,
    readonly plan: LoadPlan<V>,
    /** Told when the last caller has left, and the reason of its signal. */
    private readonly deserted: (flight: Flight<K, V, R>, reason: unknown) => void,
  ) {}

  /** Whether anybody in this thread waits for it. */
  get isAwaited(): boolean {
    return this.#callers.size > 0
  }

  /** Whether it has been stopped because nobody waited for it any more. */
  get isAborted(): boolean {
    return this.#isAborted
  }

  /** The load's signal, made when a load asks for it: in Node 20 that takes longer than all the rest. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** Stops the load. */
  abort(reason: unknown): void {
    this.#isAborted = true
    this.#controller ??= new AbortController() // for a load that asks only now
    this.#controller.abort(reason)
  }

  /** Has `caller` wait, as long as its options say. */
  add(caller: Caller<R>, { signal, timeout }: LoadPlan<V>): void {
    this.#callers.set(
      caller,
      signal === undefined && timeout === undefined ? nothing : this.#limit(caller, signal, timeout),
    )
  }

  /** Has `caller` wait no more, and tells it nothing. */
  drop(caller: Caller<R>): void {
    this.#callers.get(caller)?.()
    this.#callers.delete(caller)
  }

  /** Hands a result to all who wait. */
  land(result: R): void {
    for (const caller of this.#release()) caller.land(result)
  }

  /** Hands an error to all who wait. */
  fail(error: unknown): void {
    for (const caller of this.#release()) caller.fail(error)
  }

  #limit(caller: Caller<R>, signal: AbortSignal | undefined, timeout: number | undefined): () => void {
    const leave = (lasting: boolean) => {
      this.drop(caller)
      this.lasting ||= lasting
    }
    const timeOut = () => {
      leave(true)
      caller.timeOut()
      if (!this.isAwaited) this.deserted(this, undefined)
    }
    const abort = () => {
      leave(false)
      caller.abort(signal?.reason)
      if (!this.isAwaited) this.deserted(this, signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
    const timer = timeout !== undefined && timeout <= LONGEST_TIMER ? setTimeout(timeOut, timeout) : undefined
    return () => {
      clearTimeout(timer)
      try {
        signal?.removeEventListener('abort', abort)
      } catch {
        // A signal of the user's make; others wait.
      }
    }
  }

  /** All who wait, who do so no more. */
  #release(): Caller<R>[] {
    const callers = [...this.#callers.keys()]
    for (const stop of this.#callers.values()) stop()
    this.#callers.clear()
    return callers
  }
}

function nothing(): void {}

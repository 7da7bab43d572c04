/**
 * Loading: `getOrSet`, with one load per key however many callers, and stale values where they help.
 *
 * What is written here holds for every cache. Where flights are kept differs: {@link LocalLoading} keeps them in this
 * thread, for a cache of its own; `SharedLoading` has one for all threads.
 */
import { loadCutOff, loadTimeout, optionType } from './errors.js'
import type { Caller, Flight } from './flight.js'
import {
  arePlainlyGood,
  type Load,
  type LoadDefaults,
  type LoadOptions,
  type LoadPlan,
  NO_OPTIONS,
  Prepared,
  readLoadOptions,
} from './loading-options.js'
import { MISS, type Miss } from './miss.js'

/** What loading counts; the same numbers stand in src/binding/flight.rs. */
export const Counter = Object.freeze({
  /** A caller got what the cache held. */
  Hit: 0,
  /** A caller did not. */
  Miss: 1,
  /** A caller that was counted as a miss did, after all: one hit more and one miss less. */
  HitAfterAll: 2,
  /** A load began. */
  Load: 3,
  /** A load failed. */
  LoadError: 4,
  /** A caller waits for a load that another began. */
  Coalesced: 5,
})

/** One of {@link Counter}. */
export type Counter = (typeof Counter)[keyof typeof Counter]

/** What a cache holds for a key, fresh or stale. Spans are in milliseconds, `Infinity` for without end. */
export interface Held<R> {
  readonly result: R
  /** How long it is past its deadline; negative while it is fresh. */
  readonly past: number
  /** How long past its deadline it may be served while it is loaded again; 0 for not at all. */
  readonly staleWhileRevalidate: number
  /** How long past its deadline it may be served when the load fails; 0 for not at all. */
  readonly staleIfError: number
}

/** `getOrSet` of one cache. `R` is a loaded value as flights carry it: as it is, or encoded. */
export abstract class Loading<K, V, R> {
  constructor(
    protected readonly defaults: LoadDefaults,
    /** Whether values have a `size` of their own. */
    private readonly sized: boolean,
  ) {}

  /** The fresh value of a key, counted as a hit; else {@link MISS}, uncounted. */
  protected abstract find(key: K): V | Miss
  /** What there is for a key, fresh or kept stale. Leaves no trace. */
  protected abstract held(key: K): Held<R> | undefined
  protected abstract count(counter: Counter): void
  /** The value that a result stands for, which is the caller's own. */
  protected abstract give(result: R): V
  /** The key to keep, since callers may change theirs. */
  protected abstract keep(key: K): K
  /** Has `caller` wait for the load of a key, which begins if there is none; without a caller nobody waits. */
  protected abstract join(key: K, load: Load<K, V>, plan: LoadPlan<V>, caller: Caller<R> | undefined): void
  /** Stores a value, unless the key was written meanwhile, and hands it to all who wait; or throws. */
  protected abstract land(flight: Flight<K, V, R>, value: V): void
  /** Hands an error to all who wait, and remembers it as long as `errorTtl` says. */
  protected abstract fail(flight: Flight<K, V, R>, error: unknown, errorTtl: number): void

  /** The value of a key, loaded if there is none. Never throws: what is wrong rejects the promise. */
  getOrSet(key: K, load: Load<K, V>, options: LoadOptions<V> | undefined): Promise<V> {
    try {
      if (typeof load !== 'function') throw optionType('load', 'a function', load)
      const told = options instanceof Prepared ? options.plan : options
      if (told !== undefined) {
        if (told === options && !arePlainlyGood(told, this.sized)) readLoadOptions(told, this.sized)
        const { signal } = told
        if (signal?.aborted) return Promise.reject(signal.reason)
      }
      if (told?.forceRefresh !== true) {
        const found = this.find(key)
        if (found !== MISS) return Promise.resolve(found)
      }
      return this.#load(
        key,
        load,
        options === undefined ? NO_OPTIONS : readLoadOptions<V>(options, this.sized),
      )
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Runs the load of a flight in this thread, for `caller` if this is still the call of that one. */
  protected run(flight: Flight<K, V, R>, caller: Caller<R> | undefined): void {
    this.count(Counter.Load)
    flight.runsHere = true
    let hasReturned = false
    // The timeout of a script cuts off what it calls, which neither returns nor throws then; others may wait by now.
    Promise.resolve().then(() => {
      if (hasReturned) return
      if (caller !== undefined) flight.drop(caller) // nobody got its promise, so nobody would handle its rejection
      this.#failed(flight, loadCutOff(flight.key))
    })
    try {
      const held = this.held(flight.key)
      const usable = held !== undefined && this.#isUsable(held, flight.plan)
      const stale = usable ? this.give(held.result) : undefined
      const loaded = flight.load(flight.key, {
        get signal() {
          return flight.signal
        },
        stale,
      })
      hasReturned = true
      if (!isThenable(loaded)) this.#landed(flight, loaded)
      else {
        Promise.resolve(loaded).then(
          (value) => this.#landed(flight, value),
          (error) => this.#failed(flight, error),
        )
      }
    } catch (error) {
      hasReturned = true
      this.#failed(flight, error)
    }
  }

  #load(given: K, load: Load<K, V>, plan: LoadPlan<V>): Promise<V> {
    const held = this.held(given)
    const key = this.keep(given)
    if (
      held !== undefined &&
      !plan.forceRefresh &&
      isWithin(held, held.staleWhileRevalidate, plan.staleWhileRevalidate)
    ) {
      this.count(Counter.Hit)
      const value = this.give(held.result)
      this.join(key, load, plan, undefined)
      return Promise.resolve(value)
    }
    this.count(Counter.Miss)
    return new Promise((resolve, reject) =>
      this.join(key, load, plan, this.#caller(key, plan, resolve, reject)),
    )
  }

  #caller(
    key: K,
    plan: LoadPlan<V>,
    resolve: (value: V) => void,
    reject: (error: unknown) => void,
  ): Caller<R> {
    const give = (result: R) => {
      try {
        resolve(this.give(result))
      } catch (error) {
        reject(error)
      }
    }
    /** Serves what the cache holds now, if it is `good` enough: it was a hit then. */
    const serve = (good: (held: Held<R>) => boolean, otherwise: () => unknown) => {
      try {
        const held = this.held(key)
        if (held === undefined || !good(held)) return reject(otherwise())
        this.count(Counter.HitAfterAll)
        give(held.result)
      } catch (error) {
        reject(error) // a clock of the user's may throw, and others wait too
      }
    }
    return {
      land: give,
      fail: (error) =>
        serve(
          (held) => this.#isGoodOnError(held, plan),
          () => error,
        ),
      timeOut: () =>
        serve(
          (held) => this.#isUsable(held, plan),
          () => loadTimeout(key, plan.timeout as number),
        ),
      abort: reject,
    }
  }

  #landed(flight: Flight<K, V, R>, value: V): void {
    if (flight.isAborted) return
    try {
      this.land(flight, value)
    } catch (error) {
      this.#failed(flight, error)
    }
  }

  #failed(flight: Flight<K, V, R>, error: unknown): void {
    if (flight.isAborted) return // and nobody waits
    this.count(Counter.LoadError)
    this.fail(flight, error, flight.plan.errorTtl ?? this.defaults.errorTtl ?? 0)
  }

  /** Whether a value is better than none. */
  #isUsable(held: Held<R>, plan: LoadPlan<V>): boolean {
    return (
      isWithin(held, held.staleWhileRevalidate, plan.staleWhileRevalidate) ||
      isWithin(held, held.staleIfError, plan.staleIfError)
    )
  }

  /** Whether a value is better than an error. One that is fresh was to be refreshed. */
  #isGoodOnError(held: Held<R>, plan: LoadPlan<V>): boolean {
    if (held.past < 0) return (plan.staleIfError ?? this.defaults.staleIfError) !== undefined
    return isWithin(held, held.staleIfError, plan.staleIfError)
  }
}

/** Whether a value is fresh, or stale for less than both the entry and the caller allow. */
function isWithin(held: Held<unknown>, window: number, shortened: number | undefined): boolean {
  return held.past < 0 || held.past < (shortened === undefined ? window : Math.min(window, shortened))
}

function isThenable<V>(value: V | PromiseLike<V>): value is PromiseLike<V> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as PromiseLike<V>).then === 'function'
  )
}

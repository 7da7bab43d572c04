/**
 * Loading for a cache of one thread, whose flights are kept by key.
 */
import { type Caller, Flight } from './flight.js'
import { Counter, type Held, Loading } from './loading.js'
import { type Load, type LoadDefaults, type LoadPlan, timeToLive } from './loading-options.js'
import type { Miss } from './miss.js'

/** How many errors are remembered; beyond, the oldest one's key is loaded anew. */
const MOST_ERRORS = 1024

/** Under what a loaded value is stored; undefined for what the cache says. Durations are in milliseconds. */
export interface Storing {
  readonly ttl: number | undefined
  readonly tti: number | undefined
  readonly size: number | undefined
  readonly staleWhileRevalidate: number | undefined
  readonly staleIfError: number | undefined
}

/** What {@link LocalLoading} asks of its cache. */
export interface LoadTarget<K, V> {
  /** The fresh value of a key, which counts as a hit and as a use; {@link MISS} if there is none, and nothing is counted. */
  find(key: K): V | Miss
  /** What there is for a key, fresh or kept stale; undefined if nothing. Counts nothing and refreshes nothing. */
  held(key: K): Held<V> | undefined
  /** Counts: see {@link Counter}. */
  count(counter: Counter): void
  /** Stores a loaded value, as `set` does. What it throws rejects the load. */
  store(key: K, value: V, storing: Storing): void
  /** The present, in milliseconds. */
  now(): number
}

/**
 * `getOrSet` for a cache of one thread.
 *
 * The cache calls {@link LocalLoading.forget} in every `set` and `delete` of a user, found or not, and
 * {@link LocalLoading.forgetAll} in `clear` and `close`; never for what is evicted or expires. Afterwards `find` and `held`
 * of a closed cache may still be called for those who wait: they find nothing.
 */
export class LocalLoading<K, V> extends Loading<K, V, V> {
  /** The flights that a caller of their key joins. */
  readonly #flights = new Map<K, Flight<K, V, V>>()
  readonly #errors = new Map<K, { error: unknown; until: number }>()
  readonly #target: LoadTarget<K, V>

  /** `sized` says whether values have a size, which an option may give. */
  constructor(target: LoadTarget<K, V>, defaults: LoadDefaults, sized: boolean) {
    super(defaults, sized)
    this.#target = target
  }

  /** Has later callers of a key begin anew, and what is being loaded for it stored no more: it was written. */
  forget(key: K): void {
    if (this.#flights.size > 0) this.#flights.delete(key)
    if (this.#errors.size > 0) this.#errors.delete(key)
  }

  /** {@link LocalLoading.forget}, for all keys. */
  forgetAll(): void {
    this.#flights.clear()
    this.#errors.clear()
  }

  protected find(key: K): V | Miss {
    return this.#target.find(key)
  }

  protected held(key: K): Held<V> | undefined {
    return this.#target.held(key)
  }

  protected count(counter: Counter): void {
    this.#target.count(counter)
  }

  protected give(value: V): V {
    return value
  }

  protected keep(key: K): K {
    return key
  }

  protected join(key: K, load: Load<K, V>, plan: LoadPlan<V>, caller: Caller<V> | undefined): void {
    const running = this.#flights.get(key)
    if (running !== undefined) {
      if (caller === undefined) return
      this.count(Counter.Coalesced)
      running.add(caller, plan)
      return
    }
    const failed = plan.forceRefresh ? undefined : this.#errors.get(key)
    if (failed !== undefined && this.#target.now() < failed.until) {
      caller?.fail(failed.error)
      return
    }
    this.#errors.delete(key)
    const flight = new Flight<K, V, V>(key, load, plan, (flight, reason) => this.#desert(flight, reason))
    this.#flights.set(key, flight)
    if (caller === undefined) {
      flight.lasting = true
    } else {
      try {
        flight.add(caller, plan)
      } catch (error) {
        if (this.#isCurrent(flight)) this.#end(flight) // a signal of the user's make that cannot be listened to
        throw error
      }
    }
    this.run(flight, caller)
  }

  protected land(flight: Flight<K, V, V>, value: V): void {
    const { key, plan } = flight
    const ttl = this.#isCurrent(flight) ? timeToLive(plan.ttl, value) : 0
    if (this.#isCurrent(flight)) {
      this.#end(flight)
      if (ttl !== 0) {
        const { tti, size, staleWhileRevalidate, staleIfError } = plan
        this.#target.store(key, value, { ttl, tti, size, staleWhileRevalidate, staleIfError })
      }
    }
    flight.land(value)
  }

  protected fail(flight: Flight<K, V, V>, error: unknown, errorTtl: number): void {
    if (this.#isCurrent(flight)) {
      this.#end(flight)
      try {
        if (errorTtl > 0) this.#remember(flight.key, error, errorTtl)
      } catch {
        // The clock is the user's. Who waits is told of the load's error; it is not remembered.
      }
    }
    flight.fail(error)
  }

  #remember(key: K, error: unknown, errorTtl: number): void {
    this.#errors.set(key, { error, until: this.#target.now() + errorTtl })
    if (this.#errors.size <= MOST_ERRORS) return
    for (const oldest of this.#errors.keys()) {
      this.#errors.delete(oldest)
      return
    }
  }

  #desert(flight: Flight<K, V, V>, reason: unknown): void {
    if (flight.lasting) return
    if (this.#isCurrent(flight)) this.#end(flight)
    flight.abort(reason)
  }

  #isCurrent(flight: Flight<K, V, V>): boolean {
    return this.#flights.get(flight.key) === flight
  }

  #end(flight: Flight<K, V, V>): void {
    this.#flights.delete(flight.key)
  }
}

/**
 * Loading for a `SharedCache`: one load per key for all threads of the process.
 *
 * The addon knows the flights: who asks first is to load, who asks meanwhile waits. The result travels encoded, within
 * the flight, so that each caller gets a copy of its own also of what the cache did not keep.
 */
import { inThisContext } from './async-context.js'
import type { Payload, ValueCodec } from './codecs.js'
import { decodeThrown, encodeThrown } from './error-copy.js'
import { internal } from './errors.js'
import { type Caller, Flight } from './flight.js'
import { announce, unwatch, type Watcher, watch } from './flight-watch.js'
import { Counter, type Held, Loading } from './loading.js'
import { type Load, type LoadDefaults, type LoadPlan, timeToLive } from './loading-options.js'
import type { Miss } from './miss.js'
import { Join, LANDED_ERROR, native, Standing } from './native.js'
import { payloadOf } from './payload.js'
import { checkKey, settled } from './shared-bulk.js'
import type { SharedKey } from './shared-options.js'

/** How many errors a thread remembers as they were thrown; beyond, a copy is made anew. */
const MOST_ERRORS = 256

/** A value as it crosses threads; bytes are a copy of their own. */
interface Encoded {
  readonly kind: number
  readonly payload: Payload
}

/** What {@link SharedLoading} asks of its cache. */
export interface SharedTarget<K, V> {
  /** The number by which this thread knows the cache. */
  readonly id: number
  /** The cache in any thread. */
  readonly index: number
  readonly generation: number
  readonly codec: ValueCodec<V>
  readonly defaults: LoadDefaults
  /** The fresh value of a key, counted as a hit; else {@link MISS}, uncounted. Throws for a key that is none. */
  find(key: K): V | Miss
  /** The error that a code of the addon stands for. */
  failure(code: number, key?: unknown): Error
}

/** A flight of this thread, and its number in the addon. */
class SharedFlight<K, V> extends Flight<K, V, Encoded> {
  constructor(
    readonly id: number,
    ...flight: ConstructorParameters<typeof Flight<K, V, Encoded>>
  ) {
    super(...flight)
  }
}

/** Those that have flights: their caches live on although nobody may hold the object any more. */
const busy = new Set<object>()

/** `getOrSet` of a `SharedCache`. */
export class SharedLoading<K extends SharedKey, V> extends Loading<K, V, Encoded> implements Watcher {
  readonly #target: SharedTarget<K, V>
  /** All that this thread takes part in, by number. */
  readonly #flights = new Map<number, SharedFlight<K, V>>()
  /** Of those, the ones to look at: others load them, or wait for them while nobody does here. */
  readonly #watched = new Set<SharedFlight<K, V>>()
  readonly #errors = new Map<number, unknown>()
  #isReleased = false

  constructor(target: SharedTarget<K, V>) {
    super(target.defaults, false)
    this.#target = target
  }

  /** Lets go of the cache, as soon as all who wait have what they wait for. */
  release(): void {
    this.#isReleased = true
    if (this.#flights.size === 0) native.release(this.#target.id)
  }

  /** See {@link Watcher}. */
  get isAwaited(): boolean {
    for (const flight of this.#watched) if (flight.isAwaited) return true
    return false
  }

  watches(index: number, generation: number): boolean {
    return this.#target.index === index && this.#target.generation === generation
  }

  look(id: number): void {
    const flight = this.#flights.get(id)
    if (flight !== undefined && this.#watched.has(flight)) this.#look(flight)
  }

  lookAtAll(): void {
    for (const flight of [...this.#watched]) this.#look(flight)
  }

  protected find(key: K): V | Miss {
    return this.#target.find(key)
  }

  protected held(key: K): Held<Encoded> | undefined {
    const held = native.held(this.#target.id, key)
    if (typeof held === 'number') {
      if (held < 0) throw this.#target.failure(held, key)
      return undefined
    }
    const [kind, raw, past, staleWhileRevalidate, staleIfError] = held
    return { result: { kind, payload: payloadOf(kind, raw) }, past, staleWhileRevalidate, staleIfError }
  }

  protected count(counter: Counter): void {
    native.count(this.#target.id, counter)
  }

  protected give({ kind, payload }: Encoded): V {
    return this.#target.codec.decode(kind, settled(payload))
  }

  protected keep(key: K): K {
    return checkKey(key)
  }

  protected join(key: K, load: Load<K, V>, plan: LoadPlan<V>, caller: Caller<Encoded> | undefined): void {
    for (;;) {
      const answer = native.join(
        this.#target.id,
        key,
        plan.forceRefresh ? 1 : 0,
        caller === undefined ? 1 : 0,
      )
      if (typeof answer === 'number') throw this.#target.failure(answer, key)
      const [what, id, error] = answer
      if (what === Join.Fresh) {
        const held = caller && this.held(key)
        if (caller !== undefined && (held === undefined || held.past >= 0)) continue // it left at this moment
        if (held !== undefined) {
          this.count(Counter.HitAfterAll)
          caller?.land(held.result)
        }
      } else if (what === Join.Failed) caller?.fail(this.#errorOf(id, error as ArrayBuffer))
      else if (what !== Join.Busy) this.#takePart(what, id, key, load, plan, caller)
      return
    }
  }

  protected land(flight: SharedFlight<K, V>, value: V): void {
    const { key, plan } = flight
    const { id, codec } = this.#target
    const ttl = timeToLive(plan.ttl, value)
    const encoded = codec.encode(value, key)
    const kind = codec.kind
    const payload = settled(encoded)
    const { tti, staleWhileRevalidate, staleIfError } = plan
    const others = native.complete(id, flight.id, kind, payload, ttl, tti, staleWhileRevalidate, staleIfError)
    if (others < 0) throw this.#target.failure(others, key)
    flight.land({ kind, payload })
    this.#end(flight, others)
  }

  protected fail(flight: SharedFlight<K, V>, error: unknown, errorTtl: number): void {
    const { id } = this.#target
    let others = native.fail(id, flight.id, encodeThrown(error), errorTtl)
    if (others < 0) others = native.fail(id, flight.id, new Uint8Array(), 0) // without memory for more than that
    if (errorTtl > 0) this.#remember(flight.id, error)
    flight.fail(error)
    this.#end(flight, others)
  }

  /** Loads, or waits for who loads. */
  #takePart(
    what: number,
    id: number,
    key: K,
    load: Load<K, V>,
    plan: LoadPlan<V>,
    caller: Caller<Encoded> | undefined,
  ): void {
    let flight = this.#flights.get(id)
    if (flight !== undefined || what === Join.Wait) this.count(Counter.Coalesced)
    // One that waits may load in a turn of the timer, after all.
    flight ??= this.#begin(id, key, what === Join.Wait ? inThisContext(load) : load, plan)
    if (caller === undefined) flight.lasting = true
    else this.#await(flight, caller, plan)
    if (what === Join.Wait) this.#watch(flight)
    else this.#unwatch(flight)
    if (what === Join.Load) this.run(flight, caller)
  }

  /** Adds a caller. One whose signal cannot be listened to, being of the user's make, leaves; the load goes on. */
  #await(flight: SharedFlight<K, V>, caller: Caller<Encoded>, plan: LoadPlan<V>): void {
    try {
      flight.add(caller, plan)
    } catch (error) {
      flight.lasting = true
      caller.abort(error)
    }
  }

  #begin(id: number, key: K, load: Load<K, V>, plan: LoadPlan<V>): SharedFlight<K, V> {
    const flight = new SharedFlight<K, V>(id, key, load, plan, (_, reason) => this.#desert(flight, reason))
    this.#flights.set(id, flight)
    busy.add(this)
    return flight
  }

  /** The flight is over for this thread; `others` are told. */
  #end(flight: SharedFlight<K, V>, others: number): void {
    this.#unwatch(flight)
    this.#flights.delete(flight.id)
    if (this.#flights.size === 0) {
      busy.delete(this)
      if (this.#isReleased) native.release(this.#target.id)
    }
    // Last, since this object hears it too: that a flight is deserted is told once, and its loader must be the one to ask.
    if (others > 0) this.#announce(flight)
  }

  /** Nobody waits for the flight here any more. */
  #desert(flight: SharedFlight<K, V>, reason: unknown): void {
    const isDeserted = native.leave(this.#target.id, flight.id, flight.lasting ? 1 : 0) === 1
    if (!flight.runsHere) {
      this.#end(flight, isDeserted ? 1 : 0) // its loader may stop
    } else if (isDeserted) this.#abort(flight, reason)
    else if (!flight.lasting) this.#watch(flight) // others wait, and may leave too
  }

  #look(flight: SharedFlight<K, V>): void {
    const answer = native.look(this.#target.id, flight.id)
    if (typeof answer !== 'number') {
      const [kind, raw] = answer
      if (kind === LANDED_ERROR) flight.fail(decodeThrown(new Uint8Array(raw as ArrayBuffer)))
      else flight.land({ kind, payload: payloadOf(kind, raw) })
      this.#end(flight, 0)
      return
    }
    if (answer === Standing.UnderWay) return
    this.#unwatch(flight)
    if (answer === Standing.Yours) this.run(flight, undefined)
    else if (answer === Standing.Deserted) this.#abort(flight, undefined)
    else {
      flight.fail(internal(answer))
      this.#end(flight, 0)
    }
  }

  #abort(flight: SharedFlight<K, V>, reason: unknown): void {
    this.#end(flight, 0)
    flight.abort(reason)
  }

  #announce({ id }: SharedFlight<K, V>): void {
    announce(this.#target.index, this.#target.generation, id)
  }

  #watch(flight: SharedFlight<K, V>): void {
    this.#watched.add(flight)
    watch(this)
  }

  #unwatch(flight: SharedFlight<K, V>): void {
    if (!this.#watched.delete(flight)) return
    if (this.#watched.size === 0) unwatch(this)
    else watch(this)
  }

  /** An error that still stands: as it was thrown here, or a copy, and the same one each time. */
  #errorOf(id: number, bytes: ArrayBuffer): unknown {
    if (!this.#errors.has(id)) this.#remember(id, decodeThrown(new Uint8Array(bytes)))
    return this.#errors.get(id)
  }

  #remember(id: number, error: unknown): void {
    this.#errors.set(id, error)
    if (this.#errors.size <= MOST_ERRORS) return
    for (const oldest of this.#errors.keys()) {
      this.#errors.delete(oldest)
      return
    }
  }
}

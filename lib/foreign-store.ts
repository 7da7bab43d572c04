/**
 * A foreign store as the place of a function's entries: values in envelopes, which end by their own time, and one load per
 * key however many callers.
 *
 * Whether the store answers by promises shows at its first answer. What it throws, or its promises reject with, reaches the
 * caller.
 */

import { asyncStore } from './cached-errors.js'
import { type Flight, type Group, isAlone } from './cached-keys.js'
import { Counts } from './counts.js'
import { type Clock, timeOf } from './lifetimes.js'
import { type LoadPlan, NO_OPTIONS, type Prepared, timeToLive } from './loading-options.js'
import {
  andThen,
  type Envelope,
  envelopeOf,
  isThenable,
  type StoreLike,
  spanOf,
  writtenSpan,
} from './store-like.js'

type Plan = Pick<LoadPlan<unknown>, 'ttl' | 'forceRefresh'>

/** How many errors are remembered, and how many keys of a store that cannot list them; the oldest are forgotten. */
const MOST_ERRORS = 1024
const MOST_KEYS = 100_000

const { POSITIVE_INFINITY: NEVER } = Number

/** How long values and errors are of use when their time is over. Milliseconds, `Infinity` for without end. */
export interface Spans {
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
  readonly errorTtl: number
}

/** See the module. */
export class ForeignStore {
  readonly counts = new Counts()
  /** Whether the store answers by promises, once that is known. */
  isAsync: boolean | undefined
  readonly #store: StoreLike
  readonly #group: Group
  readonly #clock: Clock
  readonly #spans: Spans
  /** The function, for errors. */
  readonly #fn: unknown

  constructor(store: StoreLike, group: Group, clock: Clock | undefined, spans: Spans, fn: unknown) {
    this.#store = store
    this.#group = group
    this.#clock = clock ?? Date
    this.#spans = spans
    this.#fn = fn
    if (listerOf(store) === undefined) group.stored ??= new Set()
  }

  /** Whether the store answers by promises; if need be it is asked for `key`. */
  answersByPromise(key: unknown): boolean {
    if (this.isAsync === undefined) this.#read(key as string)
    return this.isAsync ?? false
  }

  /** The fresh value of a key, counted. Throws where the store answers by promises. */
  get(key: unknown, fallback: unknown): unknown {
    const envelope = this.#read(key as string)
    if (isThenable(envelope)) throw asyncStore(this.#fn)
    const isFresh = envelope !== undefined && this.#past(envelope) < 0
    if (isFresh) this.counts.hits++
    else this.counts.misses++
    return isFresh ? envelope.v : fallback
  }

  /** The fresh value of a key, or a promise of it. */
  peek(key: unknown, fallback: unknown): unknown {
    return andThen(this.#fresh(key), (envelope) => (envelope === undefined ? fallback : envelope.v))
  }

  /** Whether a key has a fresh value, or a promise of that. */
  has(key: unknown): boolean | Promise<boolean> {
    return andThen(this.#fresh(key), (envelope) => envelope !== undefined)
  }

  /** Stores a value; a promise of that where the store makes one. */
  set(key: unknown, value: unknown, options?: { ttl?: number }): unknown {
    this.#win(key)
    return this.#write(key as string, value, options?.ttl ?? NEVER)
  }

  /** Takes out the entry of a key; whether there was a fresh one, or a promise of that. */
  delete(key: unknown): boolean | Promise<boolean> {
    this.#win(key)
    return andThen(this.#fresh(key), (envelope) => {
      if (envelope !== undefined) this.counts.deletes++
      this.#group.stored?.delete(key as string)
      return andThen(this.#store.delete(key as string), () => envelope !== undefined)
    }) as boolean | Promise<boolean>
  }

  /** Takes out the entries whose keys are `owned`, of all that can be known; see `clear` of a memoized function. */
  clear(owned: (key: unknown) => boolean): void | Promise<void> {
    this.#group.flights.clear()
    this.#group.errors.clear()
    const store = this.#store
    const list = listerOf(store)
    if (list !== undefined) return dropAll(store, list.call(store), owned)
    const stored = this.#group.stored as Set<string>
    const keys = [...stored]
    stored.clear()
    if (store.clear !== undefined && isAlone(store))
      return andThen(store.clear(), nothing) as void | Promise<void>
    return dropAll(store, keys, owned)
  }

  /** The promise of a key's value, from the store, or else of what `load` brings, which is stored. */
  getOrSet(key: unknown, load: () => unknown, options?: Prepared<unknown>): Promise<unknown> {
    const plan = options?.plan ?? NO_OPTIONS
    const running = this.#group.flights.get(key)
    if (running !== undefined) {
      running.callers++
      this.counts.coalesced++
      return running.promise
    }
    const failed = this.#group.errors.get(key)
    if (failed !== undefined && !plan.forceRefresh) {
      if (timeOf(this.#clock) < failed.until) {
        this.counts.misses++
        return Promise.reject(failed.error)
      }
      this.#group.errors.delete(key)
    }
    return this.#fly(key, (flight) => this.#lookOrLoad(key as string, load, plan, flight))
  }

  /** Begins a flight. It is known by its key before anything of it runs, which may ask for the same key. */
  #fly(key: unknown, run: (flight: Flight) => Promise<unknown>): Promise<unknown> {
    let start!: (result: Promise<unknown>) => void
    const flight: Flight = {
      promise: new Promise((resolve) => {
        start = resolve
      }),
      callers: 1,
    }
    this.#group.flights.set(key, flight)
    const result = run(flight)
    const end = () => {
      if (this.#group.flights.get(key) === flight) this.#group.flights.delete(key)
    }
    result.then(end, end)
    start(result)
    return flight.promise
  }

  async #lookOrLoad(key: string, load: () => unknown, plan: Plan, flight: Flight): Promise<unknown> {
    const isRefresh = plan.forceRefresh
    const read = isRefresh && this.#spans.staleIfError === 0 ? undefined : this.#read(key)
    const envelope = isThenable(read) ? await read : read
    if (envelope !== undefined && !isRefresh) {
      const past = this.#past(envelope)
      if (past < 0) return this.#served(envelope, flight)
      if (past < Math.min(spanOf(envelope.stale), this.#spans.staleWhileRevalidate)) {
        // Whoever comes now joins this flight no more, but is served too; the load is known by the key.
        if (this.#group.flights.get(key) === flight) {
          const fresh = this.#fly(key, (next) => this.#load(key, load, plan, envelope, next))
          fresh.catch(nothing)
        }
        return this.#served(envelope, flight)
      }
    }
    return this.#load(key, load, plan, envelope, flight)
  }

  async #load(
    key: string,
    load: () => unknown,
    plan: Plan,
    old: Envelope | undefined,
    flight: Flight,
  ): Promise<unknown> {
    this.counts.loads++
    try {
      const value = await load()
      if (this.#group.flights.get(key) === flight) {
        const ttl = timeToLive(plan.ttl, value) ?? NEVER
        const written = ttl === 0 ? undefined : this.#write(key, value, ttl)
        if (isThenable(written)) await written
      }
      this.counts.misses += flight.callers
      return value
    } catch (error) {
      this.counts.loadErrors++
      const { staleIfError, errorTtl } = this.#spans
      if (old !== undefined && this.#past(old) < Math.min(spanOf(old.stale), staleIfError)) {
        return this.#served(old, flight)
      }
      this.counts.misses += flight.callers
      if (errorTtl > 0 && this.#group.flights.get(key) === flight) this.#remember(key, error, errorTtl)
      throw error
    }
  }

  #served(envelope: Envelope, flight: Flight): unknown {
    this.counts.hits += flight.callers
    return envelope.v
  }

  #remember(key: unknown, error: unknown, errorTtl: number): void {
    this.#group.errors.set(key, { error, until: timeOf(this.#clock) + errorTtl })
    if (this.#group.errors.size > MOST_ERRORS) forgetOldest(this.#group.errors)
  }

  /** A write of the user's wins over what is being loaded. */
  #win(key: unknown): void {
    this.#group.flights.delete(key)
    this.#group.errors.delete(key)
  }

  #read(key: string): Envelope | undefined | Promise<Envelope | undefined> {
    const given = this.#store.get(key)
    const isAsync = isThenable(given)
    this.isAsync = isAsync
    if (!isAsync) return envelopeOf(given)
    const read = Promise.resolve(given).then(envelopeOf)
    read.catch(nothing) // where only the kind of answer counts, nobody waits for it
    return read
  }

  #fresh(key: unknown): Envelope | undefined | Promise<Envelope | undefined> {
    return andThen(this.#read(key as string), (envelope) =>
      envelope !== undefined && this.#past(envelope) < 0 ? envelope : undefined,
    )
  }

  #write(key: string, value: unknown, ttl: number): unknown {
    const stale = Math.max(this.#spans.staleWhileRevalidate, this.#spans.staleIfError)
    const envelope: Envelope = {
      v: value,
      at: timeOf(this.#clock),
      ttl: writtenSpan(ttl),
      stale: writtenSpan(stale),
    }
    const kept = ttl + stale === NEVER ? undefined : Math.ceil(ttl + stale)
    const { stored } = this.#group
    if (stored !== undefined) {
      stored.add(key)
      if (stored.size > MOST_KEYS) forgetOldest(stored)
    }
    this.counts.sets++
    const store = this.#store
    return store.set(key, envelope, isKeyv(store) ? kept : { ttl: kept })
  }

  /** How long an envelope is past its time, negative while it is fresh. */
  #past({ at, ttl }: Envelope): number {
    const deadline = at + spanOf(ttl)
    return deadline === NEVER ? -NEVER : timeOf(this.#clock) - deadline
  }
}

/** What a Keyv has beside what every store has. */
interface KeyvLike extends StoreLike {
  iterator?(): AsyncIterable<[string, unknown]>
}

/** Whether a store is a Keyv, which takes the milliseconds themselves as the third argument of `set`. */
function isKeyv(store: StoreLike): boolean {
  return typeof (store as { generateIterator?: unknown }).generateIterator === 'function'
}

type Lister = (this: unknown) => Iterable<unknown> | AsyncIterable<unknown>

/** What lists the keys of a store: the `keys` of a Map and its likes, or the iterator of a Keyv that has one. */
function listerOf(store: StoreLike): Lister | undefined {
  if (isKeyv(store)) {
    const keyv = store as KeyvLike
    return typeof keyv.iterator === 'function' ? () => keysOf(keyv) : undefined
  }
  return (store as object) instanceof Map
    ? () => (store as unknown as Map<unknown, unknown>).keys()
    : undefined
}

async function* keysOf(keyv: KeyvLike): AsyncGenerator<string, void, undefined> {
  for await (const [key] of keyv.iterator?.() ?? []) yield key
}

function dropAll(
  store: StoreLike,
  keys: Iterable<unknown> | AsyncIterable<unknown>,
  owned: (key: unknown) => boolean,
): void | Promise<void> {
  if (Symbol.asyncIterator in keys) return dropLater(store, keys, owned)
  const dropped: unknown[] = []
  for (const key of keys) if (owned(key)) dropped.push(store.delete(key as string))
  if (dropped.some(isThenable)) return Promise.all(dropped).then(nothing)
}

async function dropLater(
  store: StoreLike,
  keys: AsyncIterable<unknown>,
  owned: (key: unknown) => boolean,
): Promise<void> {
  // Listed first, since who knows what an iterator does when keys leave meanwhile.
  const list: unknown[] = []
  for await (const key of keys) if (owned(key)) list.push(key)
  await dropAll(store, list, owned)
}

function forgetOldest(keys: Map<unknown, unknown> | Set<string>): void {
  for (const oldest of keys.keys()) {
    keys.delete(oldest as string)
    return
  }
}

function nothing(): void {}

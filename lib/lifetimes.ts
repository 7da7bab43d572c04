/**
 * Lifetimes: when the entries of a `Cache` end, by slot.
 *
 * The deadlines here are what counts: no read returns an entry past its own. They are kept apart from the entries, so
 * that a cache without any pays nothing, and side by side, so that a sweep of a million takes a millisecond or two.
 */
import { coarseNow } from './coarse-time.js'
import { optionRange, optionType } from './errors.js'

/** A source of time in milliseconds, which never goes back. */
export interface Clock {
  /** The present, in milliseconds since any fixed moment. */
  now(): number
}

/**
 * The present by a clock of the user's.
 *
 * Throws what the clock throws, and as for a bad option for what is no time: deadlines made of that would never pass.
 */
export function timeOf(clock: Clock): number {
  const now: unknown = clock.now()
  if (Number.isFinite(now)) return now as number
  const [name, expected] = ['what now of the clock returns', 'a finite number of milliseconds']
  throw typeof now === 'number' ? optionRange(name, expected, now) : optionType(name, expected, now)
}

/** For how many slots there is room at first. */
const FIRST_ROOM = 16

const { POSITIVE_INFINITY: NEVER } = Number

/** See the module. */
export class Lifetimes {
  readonly #clock: Clock | undefined
  /** When an entry ends, as of its last write or read. */
  #deadlines = new Float64Array(FIRST_ROOM)
  /** When it was written; NaN if that was before times were kept. */
  #born = new Float64Array(FIRST_ROOM)
  #ttls = new Float64Array(FIRST_ROOM)
  #ttis = new Float64Array(FIRST_ROOM)
  /** How long past its deadline an entry is kept, to be served while it is revalidated, and when that fails. */
  #windows: { revalidate: Float64Array<ArrayBuffer>; ifError: Float64Array<ArrayBuffer> } | undefined
  /** No entry is gone earlier than this. */
  #earliest = NEVER

  /** For a table whose slots below `length` are taken by entries without end; `clock` is that of the thread by default. */
  constructor(clock: Clock | undefined, length: number) {
    this.#clock = clock
    this.#reserve(length)
    this.#deadlines.fill(NEVER, 0, length)
    this.#born.fill(Number.NaN, 0, length)
    this.#ttls.fill(NEVER, 0, length)
    this.#ttis.fill(NEVER, 0, length)
  }

  /** The present. */
  now(): number {
    return this.#clock === undefined ? coarseNow() : timeOf(this.#clock)
  }

  /**
   * Gives a slot that was written `age` milliseconds before `now`, and is idle from `now` on, its lifetime, of which nothing
   * is kept stale; its deadline.
   */
  set(slot: number, now: number, ttl: number, tti: number, age: number): number {
    if (slot >= this.#deadlines.length) this.#reserve(slot + 1)
    this.#born[slot] = now - age
    this.#ttls[slot] = ttl
    this.#ttis[slot] = tti
    const deadline = now + Math.min(ttl - age, tti)
    this.#deadlines[slot] = deadline
    if (deadline < this.#earliest) this.#earliest = deadline
    return deadline
  }

  /** Keeps the entry of a slot, just given its lifetime, so long past its deadline, for the two uses. */
  keepStale(slot: number, revalidate: number, ifError: number): void {
    if (this.#windows === undefined) {
      if (revalidate === 0 && ifError === 0) return
      const room = this.#deadlines.length
      this.#windows = { revalidate: new Float64Array(room), ifError: new Float64Array(room) }
    }
    this.#windows.revalidate[slot] = revalidate
    this.#windows.ifError[slot] = ifError
  }

  /** How long an entry is past its deadline, negative while it is fresh, and how long past it is kept. */
  stale(slot: number): { past: number; staleWhileRevalidate: number; staleIfError: number } {
    return {
      past: this.now() - (this.#deadlines[slot] as number),
      staleWhileRevalidate: this.#windows?.revalidate[slot] ?? 0,
      staleIfError: this.#windows?.ifError[slot] ?? 0,
    }
  }

  /** Whether an entry is fresh or kept stale. */
  isKept(slot: number): boolean {
    return this.#goneAt(slot) > this.now()
  }

  /** A time before which no entry is gone: right after a whole sweep, the earliest end. */
  get earliest(): number {
    return this.#earliest
  }

  /** Forgets a slot that is vacant from now on. */
  forget(slot: number): void {
    this.#deadlines[slot] = NEVER
  }

  /** Whether an entry has ended. */
  hasEnded(slot: number): boolean {
    const deadline = this.#deadlines[slot] as number
    return deadline !== NEVER && deadline <= this.now()
  }

  /** Whether an entry has ended by `now`. */
  hasEndedBy(slot: number, now: number): boolean {
    return (this.#deadlines[slot] as number) <= now
  }

  /** As {@link Lifetimes.hasEnded}; a read that finds it alive keeps it from idling out. */
  hasEndedAtRead(slot: number): boolean {
    const deadline = this.#deadlines[slot] as number
    if (deadline === NEVER) return false
    const now = this.now()
    if (deadline <= now) return true
    const tti = this.#ttis[slot] as number
    if (tti !== NEVER) {
      this.#deadlines[slot] = Math.min((this.#born[slot] as number) + (this.#ttls[slot] as number), now + tti)
    }
    return false
  }

  /** What is known of an entry's time: spans in milliseconds, `age` undefined if it was written before times were kept. */
  describe(slot: number): { ttl: number; tti: number; remaining: number; age: number | undefined } {
    const now = this.now()
    const born = this.#born[slot] as number
    return {
      ttl: this.#ttls[slot] as number,
      tti: this.#ttis[slot] as number,
      remaining: (this.#deadlines[slot] as number) - now,
      age: Number.isNaN(born) ? undefined : now - born,
    }
  }

  /** Begins a sweep over all slots by {@link Lifetimes.nextGone}. */
  beginSweep(): void {
    this.#earliest = NEVER
  }

  /** The first of the slots from `from` on, below `end`, that is neither fresh nor kept at `now`; `end` if there is none. */
  nextGone(from: number, end: number, now: number): number {
    let earliest = this.#earliest
    let slot = from
    for (; slot < end; slot++) {
      const gone = this.#goneAt(slot)
      if (gone <= now) break
      if (gone < earliest) earliest = gone
    }
    this.#earliest = earliest
    return slot
  }

  #goneAt(slot: number): number {
    const deadline = this.#deadlines[slot] as number
    const windows = this.#windows
    if (windows === undefined || deadline === NEVER) return deadline
    return deadline + Math.max(windows.revalidate[slot] as number, windows.ifError[slot] as number)
  }

  #reserve(length: number): void {
    let room = this.#deadlines.length
    while (room < length) room *= 2
    this.#deadlines = grown(this.#deadlines, room)
    this.#born = grown(this.#born, room)
    this.#ttls = grown(this.#ttls, room)
    this.#ttis = grown(this.#ttis, room)
    if (this.#windows !== undefined) {
      const { revalidate, ifError } = this.#windows
      this.#windows = { revalidate: grown(revalidate, room), ifError: grown(ifError, room) }
    }
  }
}

function grown(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (length === array.length) return array
  const larger = new Float64Array(length)
  larger.set(array)
  return larger
}

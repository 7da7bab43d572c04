/**
 * The entries of a `Cache`: values in their slots, with sizes and lifetimes where it has such, and what becomes of them.
 *
 * Everything that reaches here was checked. No code of the user's runs before all is consistent: who has left is noted, and
 * {@link CacheEntries.tell}, which ends each operation, calls `dispose`.
 */
import type { CacheInfo, CacheSettings, EntrySettings } from './cache-options.js'
import { Counts } from './counts.js'
import { Departures, type DisposeReason } from './departures.js'
import { closed } from './errors.js'
import { ForeignClock } from './foreign-clock.js'
import { Lifetimes } from './lifetimes.js'
import type { Held } from './loading.js'
import type { Activity } from './native.js'
import { SlotTable } from './slot-table.js'
import { Sweeper } from './sweeper.js'
import { Weighing } from './weighing.js'

/** The most entries there are, whatever the limits: what a Map holds. */
const MOST_ENTRIES = 2 ** 24
/** A sweep comes no sooner than so many milliseconds after the last, and later for a large table. */
const SWEEP_INTERVAL = 100
/** The slots that a sweep looks at in a millisecond at least: with these it takes a hundredth of the time at the most. */
const SLOTS_PER_MS = 1000
/** With a clock of the user's a timer cannot tell when it will have moved: so often it looks, in milliseconds. */
const FOREIGN_CLOCK_INTERVAL = 1000
/** How many slots a slice of a sweep looks at, and how many entries it lets go: each takes less than a millisecond. */
const SLICE_SLOTS = 1 << 18
const SLICE_ENTRIES = 1024

const { POSITIVE_INFINITY: NEVER } = Number

/** What the cache says where the options of an entry are silent. In milliseconds. */
interface Defaults {
  readonly ttl: number
  readonly tti: number
  readonly staleWhileRevalidate: number
  readonly staleIfError: number
}

/** See the module. */
export class CacheEntries<K, V> {
  readonly counts = new Counts()
  readonly #table: SlotTable<K, V>
  readonly #weighing: Weighing<K, V> | undefined
  readonly #departures: Departures<K, V> | undefined
  readonly #sweeper: Sweeper<CacheEntries<K, V>>
  readonly #clock: ForeignClock | undefined
  readonly #name: string | undefined
  readonly #defaults: Defaults
  /** Made when the first entry comes that ends. */
  #lifetimes: Lifetimes | undefined
  #max: number
  #closed = false
  /** When the next sweep is planned, by the cache's clock. */
  #sweepAt = NEVER
  /** The slot at which the sweep goes on. */
  #sweptTo = 1

  constructor(settings: CacheSettings<K, V>) {
    const { max, maxSize, ttl, tti, policy, clock, dispose } = settings
    const lru = policy === 'lru'
    if (maxSize === NEVER) {
      this.#table = new SlotTable(lru, Math.min(max, MOST_ENTRIES), NEVER)
    } else {
      this.#weighing = new Weighing(maxSize, settings.sizeCalculation)
      this.#table = new SlotTable(lru, this.#weighing.limit, Math.min(max, MOST_ENTRIES))
    }
    this.#departures = dispose === undefined ? undefined : new Departures(dispose)
    this.#sweeper = new Sweeper<CacheEntries<K, V>>(this, CacheEntries.#sweepSlice)
    this.#clock = clock && new ForeignClock(clock)
    this.#name = settings.name
    this.#defaults = {
      ttl,
      tti,
      staleWhileRevalidate: settings.staleWhileRevalidate ?? 0,
      staleIfError: settings.staleIfError ?? 0,
    }
    this.#max = max
    if (clock !== undefined || Math.min(ttl, tti) !== NEVER) this.#keepTimes()
  }

  /** How many there are, expired ones included until they are swept. */
  get size(): number {
    return this.#table.slots.size
  }

  /** What their sizes sum up to. */
  get calculatedSize(): number {
    return this.#weighing?.total ?? 0
  }

  get max(): number {
    return this.#max
  }

  get maxSize(): number {
    return this.#weighing?.maxSize ?? NEVER
  }

  /** Whether an entry can idle out unless its options say otherwise. */
  get idles(): boolean {
    return this.#defaults.tti !== NEVER
  }

  /** Whether entries have sizes. */
  get isSized(): boolean {
    return this.#weighing !== undefined
  }

  /** What the policy is doing. */
  activity(): Activity {
    return this.#table.activity()
  }

  /** Begins to count anew. */
  resetCounts(): void {
    this.counts.reset()
    this.#table.resetActivity()
  }

  /** The present, in milliseconds. */
  now(): number {
    return (this.#lifetimes ?? this.#keepTimes()).now()
  }

  /** Throws what reading the time would throw, before anything changes. */
  checkClock(): void {
    this.#lifetimes?.now()
  }

  /** A read that counts, and keeps the entry from idling out. */
  get(key: K, fallback: unknown): unknown {
    const table = this.#table
    const slot = table.slots.get(key)
    if (slot === undefined) return this.#miss(fallback)
    const lifetimes = this.#lifetimes
    if (lifetimes?.hasEndedAtRead(slot)) return this.#missEnded(lifetimes, slot, fallback)
    this.counts.hits++
    table.read(slot)
    return table.values[slot]
  }

  /** As {@link CacheEntries.get}, but leaves it to the caller to {@link tell}. */
  getQuietly(key: K): V | undefined {
    const table = this.#table
    const slot = table.slots.get(key)
    if (slot === undefined) return this.#miss(undefined) as undefined
    if (this.#lifetimes?.hasEndedAtRead(slot)) {
      this.#countEnded(this.#lifetimes, slot)
      return undefined
    }
    this.counts.hits++
    table.read(slot)
    return this.valueAt(slot)
  }

  /** As {@link CacheEntries.get}, but counts no miss and lets nothing go. */
  getUncounted(key: K, fallback: unknown): unknown {
    const table = this.#table
    const slot = table.slots.get(key)
    if (slot === undefined) {
      this.checkOpen()
      return fallback
    }
    if (this.#lifetimes?.hasEndedAtRead(slot)) return fallback
    this.counts.hits++
    table.read(slot)
    return table.values[slot]
  }

  /** The slot of a key whose entry has not expired. Leaves no trace. */
  find(key: K): number | undefined {
    const slot = this.#table.slots.get(key)
    if (slot === undefined) {
      this.checkOpen()
      return undefined
    }
    return this.#lifetimes?.hasEnded(slot) ? undefined : slot
  }

  /** The value in a slot. */
  valueAt(slot: number): V {
    return this.#table.values[slot] as V
  }

  /** What there is for a key, fresh or kept stale. Leaves no trace. */
  held(key: K): Held<V> | undefined {
    const slot = this.#table.slots.get(key)
    if (slot === undefined) return undefined
    const stale = this.#lifetimes?.stale(slot) ?? { past: -NEVER, staleWhileRevalidate: 0, staleIfError: 0 }
    return { result: this.valueAt(slot), ...stale }
  }

  /** The size of an entry to be written: what was given, else what is calculated, which runs the user's code. */
  sizeOf(given: number | undefined, value: V, key: K): number {
    if (this.#weighing === undefined) return 1
    this.checkOpen()
    return this.#weighing.sizeOf(given, value, key)
  }

  /** Stores an entry that was written `age` milliseconds ago; refuses one too large. */
  write(key: K, value: V, size: number, settings: EntrySettings, age: number): void {
    const table = this.#table
    const weighing = this.#weighing
    let slot = table.slots.get(key)
    if (slot === undefined) this.checkOpen()
    if (weighing !== undefined && size > weighing.maxSize) {
      this.counts.rejected++
      return
    }
    const lifetimes = this.#lifetimes
    // A clock of the user's may throw, so it is asked before anything changes.
    const now = lifetimes === undefined ? 0 : lifetimes.now()
    if (slot !== undefined && lifetimes?.hasEndedBy(slot, now)) {
      this.#expire(slot)
      slot = undefined
    }
    this.counts.sets++
    if (slot === undefined) {
      slot = this.#add(key, value, size)
    } else {
      this.#overwrite(slot, key, value)
      if (weighing !== undefined && weighing.sizeAt(slot) !== size)
        table.reweigh(slot, weighing.weightOf(size))
      table.read(slot)
      this.#evictGone()
      weighing?.setSize(slot, size)
    }
    if (lifetimes !== undefined) this.#limitTime(lifetimes, slot, settings, age, now)
    else if (Math.min(settings.ttl ?? NEVER, settings.tti ?? NEVER) !== NEVER) {
      const made = this.#keepTimes()
      this.#limitTime(made, slot, settings, age, made.now())
    }
  }

  /** Whether an entry that was written so long ago would be over already. */
  isOver(age: number, ttl: number | undefined): boolean {
    return age >= (ttl ?? this.#defaults.ttl)
  }

  /** Takes out an entry; whether there was one that had not expired. */
  delete(key: K): boolean {
    this.#clock?.checkFree()
    const slot = this.#table.slots.get(key)
    if (slot === undefined) {
      this.checkOpen()
      return false
    }
    if (this.#lifetimes?.hasEnded(slot)) {
      this.#expire(slot)
      return false
    }
    this.counts.deletes++
    this.#table.forget(slot)
    this.#table.forgetListed()
    this.#leave(slot, 'delete')
    return true
  }

  /** Takes out all entries. */
  clear(): void {
    const table = this.#table
    this.counts.cleared += table.slots.size
    if (this.#departures !== undefined) {
      for (const [key, slot] of table.slots) this.#departures.note(this.valueAt(slot), key, 'clear')
    }
    table.clear()
    this.#weighing?.clear()
    if (this.#lifetimes !== undefined) this.#keepTimes()
    this.#sweptTo = 1
    this.#planSweep(NEVER, 0)
  }

  /** Changes the limits; entries that no longer fit leave. */
  resize(max: number, maxSize: number): void {
    const table = this.#table
    const weighing = this.#weighing
    const most = Math.min(max, MOST_ENTRIES)
    this.#max = max
    if (weighing === undefined) {
      table.resize(most, NEVER)
    } else if (weighing.resize(maxSize)) {
      table.resize(weighing.limit, most)
    } else {
      for (const slot of table.slots.values()) {
        if (weighing.sizeAt(slot) <= maxSize) continue
        table.forget(slot)
        this.#evict(slot)
      }
      table.forgetListed()
      const weigh = (slot: number): number => weighing.weightOf(weighing.sizeAt(slot))
      table.rebuild(weighing.limit, most, table.inOrder(), weigh, (slot) => this.#evict(slot))
    }
    this.#evictGone()
  }

  /** Lets go of all that has expired and is not kept stale; how many there were. */
  purgeExpired(): number {
    const before = this.counts.expirations
    if (this.#lifetimes !== undefined) this.#expireFrom(1, this.#table.length, NEVER, this.#lifetimes.now())
    return this.counts.expirations - before
  }

  /** What is known of the entry in a slot. */
  describe(slot: number): CacheInfo<V> {
    const times = this.#lifetimes?.describe(slot) ?? {
      ttl: NEVER,
      tti: NEVER,
      remaining: NEVER,
      age: undefined,
    }
    return { value: this.valueAt(slot), size: this.#weighing?.sizeAt(slot), ...times }
  }

  /** Keys and slots of the entries that have not expired, as a Map iterates. */
  *eachFresh(): Generator<[K, number], void, undefined> {
    for (const entry of this.#table.slots) if (!this.#lifetimes?.hasEnded(entry[1])) yield entry
  }

  /** Calls `dispose` for all who have left, and throws what it threw. Ends every operation that lets entries go. */
  tell(): void {
    this.#departures?.tell()
  }

  /** Drops all entries and whatever outlives an operation. `dispose` is told while the cache, empty, can still be used. */
  close(): void {
    if (this.#closed) return
    this.#clock?.checkFree()
    this.clear()
    if (this.#departures === undefined) this.#end()
    else this.#departures.tell(() => this.#end())
  }

  /**
   * Throws after {@link CacheEntries.close}, and while the clock is asked. A closed cache has no entries, so whoever finds one
   * need not ask.
   */
  checkOpen(): void {
    this.#clock?.checkFree()
    if (this.#closed) throw closed(this.#name === undefined ? 'the cache' : `the cache ${this.#name}`)
  }

  #miss(fallback: unknown): unknown {
    this.checkOpen()
    this.counts.misses++
    return fallback
  }

  #missEnded(lifetimes: Lifetimes, slot: number, fallback: unknown): unknown {
    this.#countEnded(lifetimes, slot)
    this.tell()
    return fallback
  }

  #countEnded(lifetimes: Lifetimes, slot: number): void {
    this.counts.misses++
    if (!lifetimes.isKept(slot)) this.#expire(slot)
  }

  /** Ends the cache, unless that was done. What `dispose` has stored meanwhile leaves as well. */
  #end(): void {
    if (this.#closed) return
    this.clear()
    this.#table.close()
    this.#closed = true
  }

  #add(key: K, value: V, size: number): number {
    const weighing = this.#weighing
    const slot = this.#table.add(key, value, weighing === undefined ? 1 : weighing.weightOf(size))
    this.#evictGone()
    weighing?.setSize(slot, size)
    if (this.size > this.#max || this.calculatedSize > this.maxSize) this.#mend()
    return slot
  }

  #overwrite(slot: number, key: K, value: V): void {
    this.counts.replaced++
    const { values } = this.#table
    const old = values[slot] as V
    values[slot] = value
    if (this.#departures !== undefined && !Object.is(old, value)) this.#departures.note(old, key, 'set')
  }

  #limitTime(lifetimes: Lifetimes, slot: number, settings: EntrySettings, age: number, now: number): void {
    const defaults = this.#defaults
    const { staleWhileRevalidate = defaults.staleWhileRevalidate, staleIfError = defaults.staleIfError } =
      settings
    const { ttl = defaults.ttl, tti = defaults.tti } = settings
    const end = lifetimes.set(slot, now, ttl, tti, age)
    lifetimes.keepStale(slot, staleWhileRevalidate, staleIfError)
    if (end < this.#sweepAt) this.#planSweep(end, now)
  }

  #expire(slot: number): void {
    this.counts.expirations++
    this.#table.forget(slot)
    this.#table.forgetListed()
    this.#leave(slot, 'expire')
  }

  /** Lets go of what the policy has let go. */
  #evictGone(): void {
    const table = this.#table
    for (let slot = table.nextGone(); slot !== 0; slot = table.nextGone()) this.#evict(slot)
  }

  #evict(slot: number): void {
    this.counts.evictions++
    this.#leave(slot, 'evict')
  }

  /**
   * Has the policy learn anew what there is. The timeout of a script cuts off what it calls, and what the policy had let go
   * just then is still here.
   */
  #mend(): void {
    const weighing = this.#weighing
    const most = Math.min(this.#max, MOST_ENTRIES)
    const [limit, max] = weighing === undefined ? [most, NEVER] : [weighing.limit, most]
    const slots = Array.from(this.#table.slots.values())
    weighing?.recount(slots)
    const weigh = (slot: number): number => weighing?.weightOf(weighing.sizeAt(slot)) ?? 1
    this.#table.rebuild(limit, max, slots, weigh, (slot) => this.#evict(slot))
  }

  /** Empties a slot that the policy knows no more. */
  #leave(slot: number, reason: DisposeReason): void {
    const table = this.#table
    this.#departures?.note(this.valueAt(slot), table.keys[slot] as K, reason)
    this.#weighing?.setSize(slot, 0)
    this.#lifetimes?.forget(slot)
    table.vacate(slot)
  }

  /** Keeps times from here on; what is there already never ends. */
  #keepTimes(): Lifetimes {
    this.#lifetimes = new Lifetimes(this.#clock, this.#table.length)
    return this.#lifetimes
  }

  /** Lets go of what has ended of the slots from `from` on, below `end`, `most` of them; where it stopped. */
  #expireFrom(from: number, end: number, most: number, now: number): number {
    const table = this.#table
    const lifetimes = this.#lifetimes
    if (lifetimes === undefined) return end
    let slot = lifetimes.nextGone(from, end, now)
    for (let expired = 0; slot < end && expired < most; expired++) {
      this.counts.expirations++
      table.forget(slot)
      this.#leave(slot, 'expire')
      slot = lifetimes.nextGone(slot + 1, end, now)
    }
    table.forgetListed()
    return slot
  }

  /** Sweeps when the entry ends that ends at `end`, or a little later; never, for {@link NEVER}. */
  #planSweep(end: number, now: number): void {
    if (end === NEVER) {
      this.#sweepAt = NEVER
      this.#sweeper.plan(NEVER)
      return
    }
    const delay = Math.max(end - now, SWEEP_INTERVAL + this.#table.length / SLOTS_PER_MS)
    if (now + delay >= this.#sweepAt) return
    this.#sweepAt = now + delay
    this.#sweeper.plan(this.#clock === undefined ? delay : Math.min(delay, FOREIGN_CLOCK_INTERVAL))
  }

  /** A turn of the sweeper, which must not hold the entries: hence static. */
  static #sweepSlice<K, V>(entries: CacheEntries<K, V>): void {
    const lifetimes = entries.#lifetimes
    if (lifetimes === undefined) return
    let now: number
    try {
      now = lifetimes.now()
    } catch {
      entries.#sweeper.plan(FOREIGN_CLOCK_INTERVAL) // a clock of the user's; whoever calls next is told what is wrong
      return
    }
    const { length } = entries.#table
    if (entries.#sweptTo === 1) lifetimes.beginSweep()
    const end = Math.min(length, entries.#sweptTo + SLICE_SLOTS)
    entries.#sweptTo = entries.#expireFrom(entries.#sweptTo, end, SLICE_ENTRIES, now)
    if (entries.#sweptTo < length) {
      entries.#sweeper.plan(0)
    } else {
      entries.#sweptTo = 1
      entries.#sweepAt = NEVER
      entries.#planSweep(lifetimes.earliest, now)
    }
    entries.tell()
  }
}

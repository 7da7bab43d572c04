/**
 * The slot table of a `Cache`: a Map from keys to slots, and what each slot holds, side by side in arrays.
 *
 * The policy, in Rust, knows the slots alone and says which must go. Reads reach it in samples: an entry's 1st, 2nd, 4th
 * and so on to the 128th, then every 128th read is noted in the wire and crosses with a later call, so a hit crosses
 * nothing.
 */
import { internal, outOfMemory } from './errors.js'
import { type Activity, native, OUT_OF_MEMORY } from './native.js'
import { sketchKey } from './sketch-key.js'

// Once a name of its own each, which is cheaper to call than a property.
const {
  policyActivity,
  policyClear,
  policyFree,
  policyInsert,
  policyMore,
  policyNew,
  policyRemove,
  policyResetActivity,
  policyResize,
  policyReweigh,
} = native

// The wire's words, as src/forms/wire.rs has them: how many reads wait, how many slots the list has and how many
// have left beyond it, the slot and weight that a call is about; then the reads, then the list.
const READS = 0
const LISTED = 1
const UNLISTED = 2
const SLOT = 3
const WEIGHT = 4
const FIRST_READ = 5
const FIRST_LISTED = 192
const WORDS = 256

/** For how many slots the smallest table has room. */
const FIRST_ROOM = 16

/** How many reads wait at the most. */
const MOST_READS = FIRST_LISTED - FIRST_READ

/** How many slots the list has room for. */
const MOST_LISTED = WORDS - FIRST_LISTED

/**
 * One in so many reads of an entry is reported, after the first ones. Each report costs some 200 ns: with one in 32, a hit
 * takes 7 ns more. Mean hit ratios with 32 and with 128: 47.6 and 47.5 (production traces), 47.3 and 47.2 (LIRS).
 */
const READ_SAMPLE = 128

/** The window's share that a policy begins with, as src/engine/policy/setting.rs says. */
const FIRST_WINDOW = 0.2

/** No policy yet: it is made for the first entry, so that a cache that stays empty costs nothing. */
const NONE = -1

/** Lets go of the policies of tables that are unreachable. */
const unreachable = new FinalizationRegistry<number>((policy) => policyFree(policy))

/**
 * See the module. What the policy lets go is listed by the call that caused it; the owner of the table takes each from
 * {@link SlotTable.nextGone} and vacates it before it calls again.
 */
export class SlotTable<K, V> {
  /** The slot of each key. */
  readonly slots = new Map<K, number>()
  /** The key of each slot. Slot 0 is never used: it makes the arrays hold references, whatever comes first. */
  keys: (K | undefined)[] = [undefined]
  /** The value of each slot. */
  values: (V | undefined)[] = [undefined]
  #reads = new Uint8Array(FIRST_ROOM)
  #vacant: number[] = []
  #wire: Uint32Array | undefined
  #policy = NONE
  readonly #lru: boolean
  #limit: number
  #max: number

  /** For entries whose weights sum up to `limit` at the most, and which are `max` at the most. */
  constructor(lru: boolean, limit: number, max: number) {
    this.#lru = lru
    this.#limit = limit
    this.#max = max
  }

  /** One more than the highest slot in use so far. */
  get length(): number {
    return this.values.length
  }

  /** Notes a read of `slot`, or leaves it out of the sample. */
  read(slot: number): void {
    if (this.#lru) {
      this.#report(slot)
      return
    }
    const reads = this.#reads
    const before = reads[slot] as number
    reads[slot] = before === 2 * READ_SAMPLE - 1 ? READ_SAMPLE : before + 1
    if ((before & (before + 1)) === 0) this.#report(slot)
  }

  /** Adds an entry, which is there when this returns: its slot. Others may have to leave for it. */
  add(key: K, value: V, weight: number): number {
    const slot = this.#vacant.pop() ?? this.#grow()
    // First, since it may fail for want of memory: then the slot stays empty for good.
    this.#insert(slot, key, weight)
    this.keys[slot] = key
    this.values[slot] = value
    this.#reads[slot] = 0
    this.slots.set(key, slot)
    return slot
  }

  /** Weighs an entry anew. Others may have to leave for it. */
  reweigh(slot: number, weight: number): void {
    const wire = this.#wire as Uint32Array
    wire[SLOT] = slot
    wire[WEIGHT] = weight
    check(policyReweigh(this.#policy))
  }

  /** The slot of an entry that the policy let go, 0 if there is none. */
  nextGone(): number {
    const wire = this.#wire
    if (wire === undefined) return 0
    let listed = wire[LISTED] as number
    if (listed === 0) {
      if (wire[UNLISTED] === 0) return 0
      check(policyMore(this.#policy))
      listed = wire[LISTED] as number
    }
    wire[LISTED] = listed - 1
    return wire[FIRST_LISTED + listed - 1] as number
  }

  /** Has the policy forget `slot`, at the latest when {@link SlotTable.forgetListed} is called. */
  forget(slot: number): void {
    const wire = this.#wire as Uint32Array
    const listed = wire[LISTED] as number
    wire[FIRST_LISTED + listed] = slot
    wire[LISTED] = listed + 1
    if (listed + 1 === MOST_LISTED) this.forgetListed()
  }

  /** Ends a row of {@link SlotTable.forget}. */
  forgetListed(): void {
    if (this.#wire !== undefined && this.#wire[LISTED] !== 0) check(policyRemove(this.#policy))
  }

  /** Empties a slot that the policy knows no more. */
  vacate(slot: number): void {
    this.slots.delete(this.keys[slot] as K)
    this.keys[slot] = undefined
    this.values[slot] = undefined
    this.#vacant.push(slot)
  }

  /** Changes the limits. Others may have to leave. */
  resize(limit: number, max: number): void {
    this.#limit = limit
    this.#max = max
    if (this.#policy !== NONE) check(policyResize(this.#policy, limit, max))
  }

  /** All slots, those first that are to leave first: the least recently used ones in an lru cache. */
  inOrder(): number[] {
    return this.#lru ? this.#byUse() : Array.from(this.slots.values())
  }

  /**
   * Changes the limits, and with them what all entries weigh: the policy starts anew with the slots in `order`. Those that
   * must leave are given to `leave`, which vacates them.
   */
  rebuild(
    limit: number,
    max: number,
    order: readonly number[],
    weigh: (slot: number) => number,
    leave: (slot: number) => void,
  ): void {
    this.#limit = limit
    this.#max = max
    const before = this.#policy
    if (before !== NONE) {
      unreachable.unregister(this)
      this.#makePolicy() // first: it is never without one, wherever the timeout of a script cuts it off
      policyFree(before)
    }
    for (const slot of order) {
      this.#insert(slot, this.keys[slot] as K, weigh(slot))
      for (let gone = this.nextGone(); gone !== 0; gone = this.nextGone()) leave(gone)
    }
  }

  /** What the policy is doing; as at its start, before there is one. */
  activity(): Activity {
    if (this.#policy === NONE) return [0, 0, this.#lru ? 1 : FIRST_WINDOW]
    const activity = policyActivity(this.#policy)
    if (typeof activity === 'number') throw internal(activity)
    return activity
  }

  /** Counts anew what the policy is doing. */
  resetActivity(): void {
    if (this.#policy !== NONE) check(policyResetActivity(this.#policy))
  }

  /** Drops all entries. */
  clear(): void {
    this.slots.clear()
    this.keys = [undefined]
    this.values = [undefined]
    this.#vacant = []
    if (this.#policy !== NONE) check(policyClear(this.#policy))
  }

  /** Drops all entries and lets go of the policy; a table that gets entries again makes another. */
  close(): void {
    this.clear()
    this.#freePolicy()
  }

  /** All slots, the least recently used first; the policy has let go of most. */
  #byUse(): number[] {
    const order: number[] = []
    if (this.#policy === NONE) return order
    check(policyResize(this.#policy, 1, 1))
    for (let gone = this.nextGone(); gone !== 0; gone = this.nextGone()) order.push(gone)
    const met = new Set(order)
    for (const slot of this.slots.values()) if (!met.has(slot)) order.push(slot)
    return order
  }

  #report(slot: number): void {
    const wire = this.#wire as Uint32Array
    const waiting = wire[READS] as number
    wire[FIRST_READ + waiting] = slot
    wire[READS] = waiting + 1
    if (waiting + 1 === MOST_READS) check(policyMore(this.#policy))
  }

  #insert(slot: number, key: K, weight: number): void {
    const wire = this.#wire ?? this.#makePolicy()
    wire[SLOT] = slot
    wire[WEIGHT] = weight
    if (policyInsert(this.#policy, sketchKey(key)) !== undefined) this.#insertSlow(slot, key)
  }

  /** As before, where that failed: the policy may have the slot still, of an entry whose deletion was cut off. */
  #insertSlow(slot: number, key: K): void {
    const wire = this.#wire as Uint32Array
    wire[LISTED] = 1
    wire[FIRST_LISTED] = slot
    check(policyRemove(this.#policy))
    const code = policyInsert(this.#policy, sketchKey(key))
    if (code === OUT_OF_MEMORY) throw outOfMemory(key)
    check(code)
  }

  #makePolicy(): Uint32Array {
    const wire = new Uint32Array(WORDS)
    const policy = policyNew(wire, this.#lru ? 1 : 0, this.#limit, this.#max)
    if (policy < 0) throw internal(policy)
    this.#policy = policy
    this.#wire = wire
    unreachable.register(this, policy, this)
    return wire
  }

  #freePolicy(): void {
    if (this.#policy === NONE) return
    unreachable.unregister(this)
    policyFree(this.#policy)
    this.#policy = NONE
    this.#wire = undefined
  }

  /** A slot beyond those there have been. */
  #grow(): number {
    const slot = this.values.length
    this.keys.push(undefined)
    this.values.push(undefined)
    if (slot >= this.#reads.length) {
      const reads = new Uint8Array(this.#reads.length * 2)
      reads.set(this.#reads)
      this.#reads = reads
    }
    return slot
  }
}

/** A call of the policy answers only when it failed. */
function check(code: number | undefined): void {
  if (code !== undefined) throw internal(code)
}

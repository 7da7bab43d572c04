/**
 * The addon's functions, typed by hand: the one place that knows what crosses the boundary.
 *
 * They are raw: they check what memory safety needs and answer with codes, from which the classes make
 * errors. A cache is named by the number that `create` or `attach` returned to this thread.
 */

import { loadAddon } from './addon'

/** What operations answer when they do not answer with a value; the same numbers stand in src/binding/answer.rs. */
export const OK = 0
export const TOO_LARGE = 1
export const CLOSED = -1
export const BAD_KEY = -2
export const BAD_VALUE = -3
export const OUT_OF_MEMORY = -4
export const NAME_TAKEN = -5
export const GONE = -6

/** What `create` may do about a living cache of the same name, and about none. */
export const MAKE = 0
export const MAKE_OR_OPEN = 1
export const OPEN = 2

/** What `get` and `peek` answer for a key that is not there, above all kinds of value. */
export const NOT_FOUND = 0x100

/** What {@link Native.join} tells a thread to do about a key. */
export const Join = Object.freeze({ Fresh: 0, Load: 1, Loading: 2, Wait: 3, Busy: 4, Failed: 5 })

/** How a flight stands that has not landed. */
export const Standing = Object.freeze({ UnderWay: 0, Yours: 1, Deserted: 2, Unknown: 3 })

/** What stands in place of a kind when a flight landed with an error. */
export const LANDED_ERROR = 0x103

/** A cache as {@link Native.describe} tells it: see there. */
export type Description = [
  index: number,
  generation: number,
  maxBytes: number,
  max: number,
  maxEntryBytes: number,
  lru: number,
  ttl: number,
  tti: number,
  codec: string,
  name: string | undefined,
  staleWhileRevalidate: number,
  staleIfError: number,
  errorTtl: number,
]

/** Counters in the order that {@link Native.stats} gives them. */
export type Counters = [
  hits: number,
  misses: number,
  sets: number,
  replaced: number,
  deletes: number,
  cleared: number,
  evictions: number,
  expirations: number,
  rejected: number,
  loads: number,
  loadErrors: number,
  coalesced: number,
  admitted: number,
  refused: number,
  windowShare: number,
]

/** What a policy is doing. */
export type Activity = [admitted: number, refused: number, windowShare: number]

/** What is known of an entry beside its value; spans are in milliseconds. */
export type EntryInfo = [bytes: number, ttl: number, tti: number, remaining: number, age: number]

/** What a read returns: a number, a string, an ArrayBuffer for bytes, or nothing. */
export type RawPayload = number | string | ArrayBuffer | undefined

/** What there is for a key: `past` its deadline by so many milliseconds, negative while it is fresh. */
export type RawHeld = [
  kind: number,
  payload: RawPayload,
  past: number,
  staleWhileRevalidate: number,
  staleIfError: number,
]

/** What to do about a key. */
export type RawJoin = [what: number, flight: number, error: ArrayBuffer | undefined]

/** What a flight landed with: a value, or with the kind {@link LANDED_ERROR} an error. */
export type RawLanding = [kind: number, payload: RawPayload]

/** What `getMany` notes in place of a kind for a key that is not there. */
export const MISS_IN_BULK = 0xff

interface Native {
  /** The version of the package that the addon was built for. */
  version(): string
  /** What {@link call} and the others look into: one for all copies of this module in the thread. */
  buffer?: ArrayBuffer
  /** The page of coarse time, likewise. */
  page?: Float64Array<ArrayBuffer>
  /** Uses `buffer` for results from here on, and keeps it alive; it must never be detached. */
  register(buffer: Uint8Array): number
  /** Tells this image of the addon from any other copy, and from other processes. */
  image(): string
  /** How many caches this thread has open, and how many live in the process. */
  living(): [open: number, living: number]
  /** Moves the clock of all shared caches forward. */
  advance(milliseconds: number): number
  /** Makes a cache or opens the living one of that name, as `mode` says: its number, `NAME_TAKEN` or `GONE`. */
  create(
    name: string | undefined,
    mode: number,
    maxBytes: number,
    max: number,
    lru: number,
    spans: [ttl: number, tti: number, staleWhileRevalidate: number, staleIfError: number, errorTtl: number],
    codec: string,
  ): number
  /** Opens the cache of a handle: its number, or `GONE`. */
  attach(index: number, generation: number): number
  /** How an open cache was made, or `CLOSED`. */
  describe(id: number): Description | number
  /** Lets go of a cache. */
  release(id: number): void
  /** For tests: panics, under the lock of the key's shard if the key is there. The panic arrives as an error. */
  failInside(id: number, key?: unknown): never
  /**
   * Reads a value: answers with its kind, {@link NOT_FOUND} or a code, and returns a string or an ArrayBuffer, or nothing for a
   * number and for short bytes, which then lie in {@link number} and {@link scratch}.
   */
  get(key: unknown): RawPayload
  /** As `get`, but counts nothing and refreshes nothing. */
  peek(key: unknown): RawPayload
  /** Answers with 1, 0 or a code. */
  has(key: unknown): void
  /** Stores a payload under {@link call}'s kind with the cache's lifetime: answers with a code. */
  set(key: unknown, payload: unknown): void
  /** As `set`, with a lifetime of the entry's own where it is given. */
  setFor(key: unknown, payload: unknown, ttl: number | undefined, tti: number | undefined): void
  /** Answers with 1, 0 or a code. */
  delete(key: unknown): void
  clear(id: number): number
  size(id: number): number
  bytes(id: number): number
  stats(id: number): Counters | number
  resetStats(id: number): number
  /** What is known of an entry, `OK` when there is none, or a code. */
  info(id: number, key: unknown): EntryInfo | number
  /** Changes the limits that are given. */
  resize(id: number, maxBytes: number | undefined, max: number | undefined): number
  /** Removes all expired entries: how many there were. */
  purgeExpired(id: number): number
  /** Reads many keys: what makes each value. `kinds` is filled, with {@link MISS_IN_BULK} where there is none. */
  getMany(id: number, keys: readonly unknown[], kinds: Uint8Array): RawPayload[] | number
  /** Stores many payloads under their `kinds`. */
  setMany(
    id: number,
    keys: readonly unknown[],
    kinds: Uint8Array,
    payloads: readonly unknown[],
    ttl?: number,
    tti?: number,
  ): number
  /** Deletes many keys: how many were there. */
  deleteMany(id: number, keys: readonly unknown[], count: number): number
  /**
   * Up to `most` keys from a place in the table on: `[nextShard, nextSlot, key, key, …]`, and the next shard is -1 at the
   * end. A key that is an ArrayBuffer stands for a `Uint8Array` over it.
   */
  scan(
    id: number,
    shard: number,
    slot: number,
    most: number,
  ): (number | string | bigint | ArrayBuffer)[] | number
  /**
   * Makes the policy of a `Cache`: the number that names it. `limit` is of the sum of weights, `max` of the number of
   * entries. Through `wire`, which lib/slot-table.ts describes, its calls get slots and weights and list who has left.
   */
  policyNew(wire: Uint32Array, lru: number, limit: number, max: number): number
  /** Lets go of a policy. */
  policyFree(id: number): void
  /** A new entry in the wire's slot with the wire's weight; a number is an error. */
  policyInsert(id: number, key: unknown): number | undefined
  /** The wire's slot has the wire's weight from now on. */
  policyReweigh(id: number): number | undefined
  /** Takes the listed slots out. */
  policyRemove(id: number): number | undefined
  /** Takes in the reads that wait, and lists more of those that have left. */
  policyMore(id: number): number | undefined
  /** Changes the limits. */
  policyResize(id: number, limit: number, max: number): number | undefined
  /** What it is doing, or a code. */
  policyActivity(id: number): Activity | number
  /** Counts anew what it is doing. */
  policyResetActivity(id: number): number | undefined
  /** Forgets all entries. */
  policyClear(id: number): number | undefined
  /** Where this thread reads coarse time from now on; it must live as long as the thread. */
  registerPage(page: Uint8Array): number
  /** The time in milliseconds, which is kept in the page for as long as it is read there. */
  keepTime(): number
  /** As `get`, but does not count a miss. */
  find(key: unknown): RawPayload
  /** An ArrayBuffer over the stamps of a cache, undefined where the runtime refuses one, or a code. */
  mapStamps(id: number): ArrayBuffer | number | undefined
  /** The stamp of a stripe; undefined for a closed cache. */
  stampOf(id: number, stripe: number): number | undefined
  /** As `get`, and tells the {@link spot}. */
  getNear(key: unknown): RawPayload
  /** As `find`, and tells the {@link spot}. */
  findNear(key: unknown): RawPayload
  /**
   * Reads without a value, for one that is kept since that stamp: answers 1, or 0 if it has left or may have changed, which
   * counts nothing; tells the {@link spot}.
   */
  readAgain(key: unknown, stamp: number): void
  /** Takes in `count` reads of a near cache, each a shard, a slot, a generation and how often, and counts `hits`. */
  reportNear(id: number, reads: Uint8Array, count: number, hits: number): number
  /** What there is for a key, fresh or kept stale, `OK` when there is nothing, or a code. Leaves no trace. */
  held(id: number, key: unknown): RawHeld | number
  /** Counts: see `Counter` in loading.ts. */
  count(id: number, counter: number): number
  /**
   * Takes part in the load of a key, which begins if there is none: one of {@link Join}, the flight's number, and the
   * error that still stands. `anew` asks for a load although there is a value; `inBackground` does not wait.
   */
  join(id: number, key: unknown, anew: number, inBackground: number): RawJoin | number
  /**
   * Lands a flight with a value, which is stored unless the key was written meanwhile: for how many other threads, or a
   * code. What is undefined is the cache's; a ttl of 0 stores nothing.
   */
  complete(
    id: number,
    flight: number,
    kind: number,
    payload: unknown,
    ttl: number | undefined,
    tti: number | undefined,
    staleWhileRevalidate: number | undefined,
    staleIfError: number | undefined,
  ): number
  /** Lands a flight with an error, which stands for so many milliseconds: for how many other threads, or a code. */
  fail(id: number, flight: number, error: Uint8Array, stands: number): number
  /** How a flight stands, one of {@link Standing}; what it landed with, which is told once; or a code. */
  look(id: number, flight: number): RawLanding | number
  /** Takes this thread's callers out of a flight: 1 if nobody waits for it any more, else 0, or a code. */
  leave(id: number, flight: number, lasting: number): number
}

/** The addon, as the generated loader finds it. */
export const native = loadAddon(() => require('../index.js')) as Native

/** So many bytes of a value the addon writes into {@link scratch}; src/binding/value.rs has the same number. */
const SHORT = 4096

/** Added to the kind of a text that is set and lies in {@link draft}. */
export const DRAFTED = 0x100

/**
 * The buffer that all copies of this module in a thread use: a test runner that resets modules loads lib/ again over the
 * same addon, which knows one buffer for each thread. Its exports hold it, so that it lives as long as they can be called.
 */
function sharedBuffer(): ArrayBuffer {
  if (native.buffer === undefined) {
    native.buffer = new ArrayBuffer(2 * SHORT)
    native.register(new Uint8Array(native.buffer))
  }
  return native.buffer
}

const buffer = sharedBuffer()

/**
 * What the hot operations, those without an `id`, are told and answer: {@link CACHE} and {@link KIND} are written just
 * before the call, {@link ANSWER} and {@link LENGTH} are read just after it.
 */
export const call = new Int32Array(buffer, 0, 4)

/** Where {@link call} has the number of the cache. */
export const CACHE = 0

/** Where {@link call} has the kind of the payload that is set. */
export const KIND = 1

/** Where {@link call} has the answer: the kind of a value that was read, or a code. */
export const ANSWER = 2

/** Where {@link call} has how many bytes lie in {@link scratch} or {@link draft}. */
export const LENGTH = 3

/** What a call for a near cache tells beside, each where {@link SPOT} says. */
export const spot = new Int32Array(buffer, call.byteLength, 6)

/** Where {@link spot} has the key's stripe, its stamp before the lookup, and where the entry is. */
export const SPOT = Object.freeze({ STRIPE: 0, STAMP: 1, SHARD: 2, SLOT: 3, GENERATION: 4 })

/** After so many milliseconds the entry of the {@link spot} is to be asked for again; `Infinity` if it does not expire. */
export const spotSpan = new Float64Array(buffer, call.byteLength + spot.byteLength, 1)

/** How long all that is beside the bytes. */
const HEADER = call.byteLength + spot.byteLength + spotSpan.byteLength

/** Where a number lies that is set or was read. */
export const number = new Float64Array(buffer, HEADER, 1)

/** Where short bytes lie after a read, until the next one. */
export const scratch = new Uint8Array(buffer, HEADER, SHORT)

/** Where a text may lie that is set, one byte a unit; {@link LENGTH} tells how many. Only JavaScript writes here. */
export const draft = new Uint8Array(buffer, HEADER + SHORT)

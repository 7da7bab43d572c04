/**
 * The addon's functions, typed by hand: the one place that knows what crosses the boundary.
 *
 * They are raw: they check what memory safety needs and answer with codes, from which the classes make
 * errors. A cache is named by the number that `create` or `attach` returned to this thread.
 */

/** What operations answer when they do not answer with a value; the same numbers stand in shared.rs. */
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

/** What `get` and `peek` report beside a result, above all kinds of value. */
export const READ_MISS = 0x100
export const READ_CLOSED = 0x101
export const READ_BAD_KEY = 0x102

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
]

/** What is known of an entry beside its value; spans are in milliseconds. */
export type EntryInfo = [bytes: number, ttl: number, tti: number, remaining: number, age: number]

/** What a read returns: a number, a string, an ArrayBuffer for bytes, or nothing. */
export type RawPayload = number | string | ArrayBuffer | undefined

/** What `getMany` notes in place of a kind for a key that is not there. */
export const MISS_IN_BULK = 0xff

interface Native {
  /** The version of the package that the addon was built for. */
  version(): string
  /** Uses `buffer` for results from here on; it must live as long as the thread. */
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
    ttl: number,
    tti: number,
    codec: string,
  ): number
  /** Opens the cache of a handle: its number, or `GONE`. */
  attach(index: number, generation: number): number
  /** How an open cache was made, or `CLOSED`. */
  describe(id: number): Description | number
  /** Lets go of a cache. */
  release(id: number): void
  /**
   * Reads a value: reports its kind in {@link report} and returns a number, a string, or an ArrayBuffer,
   * or nothing for short bytes, which then lie in {@link scratch}.
   */
  get(id: number, key: unknown): RawPayload
  /** As `get`, but counts nothing and refreshes nothing. */
  peek(id: number, key: unknown): RawPayload
  has(id: number, key: unknown): boolean | number
  /** Stores a payload under its kind. Without ttl and tti the entry gets the cache's. */
  set(id: number, key: unknown, kind: number, payload: unknown, ttl?: number, tti?: number): number
  delete(id: number, key: unknown): boolean | number
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
}

/** The addon, as the generated loader finds it. */
export const native = require('../index.js') as Native

const buffer = new ArrayBuffer(8192)

/** What a read reported: the kind of value, and for short bytes how many. */
export const report = new Uint32Array(buffer, 0, 2)

/** Where short bytes lie after a read, until the next one. */
export const scratch = new Uint8Array(buffer, 8)

native.register(new Uint8Array(buffer))

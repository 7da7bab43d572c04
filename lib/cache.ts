/**
 * `Cache`: JavaScript values by reference, in one thread, about as fast as lru-cache.
 */
import { CacheEntries } from './cache-entries.js'
import {
  type CacheInfo,
  type CacheLimits,
  type CacheOptions,
  type CacheSetOptions,
  type EntrySettings,
  readCacheSettings,
  readEntrySettings,
  readLimits,
} from './cache-options.js'
import { checkDump, type Dumped } from './dump.js'
import { Counter } from './loading.js'
import type { Load, LoadDefaults, SizedLoadOptions } from './loading-options.js'
import { LocalLoading } from './local-loading.js'
import { MISS, type Miss } from './miss.js'
import { checkFunction, listOf, pairsOf } from './options.js'
import type { CacheStats } from './stats.js'
import { markAsUncloneable } from './threads.js'

/** Stands for the options of an entry that leave all to the cache. */
const DEFAULTS: EntrySettings = Object.freeze({
  ttl: undefined,
  tti: undefined,
  size: undefined,
  staleWhileRevalidate: undefined,
  staleIfError: undefined,
})

/**
 * A cache of JavaScript values by reference, for one thread. It takes any key with the equality of a Map, and any value;
 * `get` gives back the same reference.
 *
 * Entries stay by frequency and recency (W-TinyLFU around moka), or with `policy: 'lru'` exactly by recency. A new entry
 * is always there after its `set`, and the limits hold after every call.
 *
 * Every method but `close` throws a `MokapotError` with code `ERR_MOKAPOT_CLOSED` after {@link Cache.close}; what an option
 * cannot be is a `RangeError` or `TypeError` with a `code`, and changes nothing.
 *
 * @example
 * import { Cache } from 'mokapot'
 *
 * const users = new Cache<string, { name: string }>({ max: 10_000, ttl: '5m' })
 * users.set('ada', { name: 'Ada' })
 * users.get('ada') // { name: 'Ada' }, the very same object
 * users.get('bob') // undefined
 */
export class Cache<K, V> implements Iterable<[K, V]> {
  readonly #entries: CacheEntries<K, V>
  readonly #updateAgeOnGet: boolean
  readonly #loadDefaults: LoadDefaults
  /** What `getOrSet` needs, from its first call on. */
  #loading: LocalLoading<K, V> | undefined

  /**
   * Makes a cache. One of `max` and `maxSize` is required.
   *
   * Throws a `RangeError` or `TypeError` that names the option: code `ERR_MOKAPOT_INVALID_OPTION` for what an option cannot
   * be, `ERR_MOKAPOT_UNKNOWN_OPTION` for one that does not exist.
   */
  constructor(options: CacheOptions<K, V>) {
    const settings = readCacheSettings<K, V>(options)
    this.#entries = new CacheEntries(settings)
    this.#updateAgeOnGet = settings.updateAgeOnGet
    const { staleWhileRevalidate, staleIfError, errorTtl } = settings
    this.#loadDefaults = { staleWhileRevalidate, staleIfError, errorTtl }
    markAsUncloneable(this)
  }

  /** How many entries are held, expired ones included until they are swept. Never above `max`. */
  get size(): number {
    return this.#open().size
  }

  /** What the sizes of the entries sum up to; 0 in a cache without `maxSize`, above which it never is. */
  get calculatedSize(): number {
    return this.#open().calculatedSize
  }

  /** The limit on the number of entries, `Infinity` without one. */
  get max(): number {
    return this.#open().max
  }

  /** The limit on the sum of sizes, `Infinity` without one. */
  get maxSize(): number {
    return this.#open().maxSize
  }

  /**
   * The value of `key`, or `fallback` (undefined unless given) when there is none. It counts as a hit or a miss, and keeps
   * the entry from idling out.
   *
   * `undefined` can be a value; `get(key, MISS)` tells it from a miss.
   */
  get(key: K): V | undefined
  get<F>(key: K, fallback: F): V | F
  get(key: K, fallback?: unknown): unknown {
    return this.#entries.get(key, fallback)
  }

  /** As {@link Cache.get}, but counts nothing and refreshes nothing. */
  peek(key: K): V | undefined
  peek<F>(key: K, fallback: F): V | F
  peek(key: K, fallback?: unknown): unknown {
    const slot = this.#entries.find(key)
    return slot === undefined ? fallback : this.#entries.valueAt(slot)
  }

  /** Whether `key` has a value. Counts nothing and refreshes nothing. */
  has(key: K): boolean {
    return this.#entries.find(key) !== undefined
  }

  /**
   * Stores `value`, which is there when this returns, and lets others go for it if need be. An entry whose size is above
   * `maxSize` is refused: the old value stays, and `stats().rejected` counts it.
   *
   * Throws a `TypeError` with code `ERR_MOKAPOT_INVALID_OPTION` when `maxSize` asks for a size and there is none, and what
   * `sizeCalculation` throws; the old value stays then too.
   */
  set(key: K, value: V, options?: CacheSetOptions): this {
    const entries = this.#entries
    const settings = options === undefined ? DEFAULTS : this.#settings('set', options)
    const size = entries.sizeOf(settings.size, value, key)
    this.#loading?.forget(key)
    entries.write(key, value, size, settings, 0)
    entries.tell()
    return this
  }

  /** Takes out the entry of `key`; whether there was one. */
  delete(key: K): boolean {
    this.#loading?.forget(key)
    const deleted = this.#entries.delete(key)
    this.#entries.tell()
    return deleted
  }

  /** Takes out all entries. */
  clear(): void {
    const entries = this.#open()
    this.#loading?.forgetAll()
    entries.clear()
    entries.tell()
  }

  /** The values of many keys, in their order and undefined where there is none. Each counts as a {@link Cache.get}. */
  getMany(keys: Iterable<K>): (V | undefined)[] {
    const entries = this.#open()
    const values = listOf('keys', keys).map((key) => entries.getQuietly(key))
    entries.tell()
    return values
  }

  /** Stores many entries, as {@link Cache.set} would. All options and sizes are checked before the first is stored. */
  setMany(entries: Iterable<readonly [K, V]>, options?: CacheSetOptions): this {
    const held = this.#open()
    const settings = this.#settings('setMany', options)
    const { keys, values } = pairsOf(entries, (key) => key)
    const sizes = keys.map((key, i) => held.sizeOf(settings.size, values[i] as V, key))
    keys.forEach((key, i) => {
      this.#loading?.forget(key)
      held.write(key, values[i] as V, sizes[i] as number, settings, 0)
    })
    held.tell()
    return this
  }

  /** Takes out the entries of many keys; how many there were. */
  deleteMany(keys: Iterable<K>): number {
    const entries = this.#open()
    let deleted = 0
    for (const key of listOf('keys', keys)) {
      this.#loading?.forget(key)
      if (entries.delete(key)) deleted++
    }
    entries.tell()
    return deleted
  }

  /**
   * The value of `key`, or else what `compute` returns for it, which is stored. What `compute` throws reaches the caller,
   * and nothing is stored.
   *
   * @example
   * const area = cache.memo(radius, (r) => Math.PI * r * r)
   */
  memo(key: K, compute: (key: K) => V, options?: CacheSetOptions): V {
    this.#open()
    checkFunction('compute', compute)
    const settings = this.#settings('memo', options)
    const found = this.get(key, MISS)
    if (found !== MISS) return found
    const value = compute(key)
    const size = this.#entries.sizeOf(settings.size, value, key)
    this.#loading?.forget(key)
    this.#entries.write(key, value, size, settings, 0)
    this.#entries.tell()
    return value
  }

  /**
   * The value of `key`, or else what `load` brings, which is stored.
   *
   * A key is loaded once for all who ask meanwhile; all of them get the value, or the error. A `set`, `delete` or `clear`
   * meanwhile wins over what the load would store: who waits already still gets that, who comes later sees the new state.
   * A caller with a `signal` can leave alone; when all have left so, the signal that the load got is aborted.
   *
   * Nothing is thrown: a bad load or option rejects the promise too, before anything happens. An error is not stored, and
   * the next caller loads anew, unless `errorTtl` says otherwise.
   *
   * @example
   * const user = await cache.getOrSet(id, () => fetchUser(id), { ttl: '5m', staleIfError: '1h' })
   */
  getOrSet(key: K, load: Load<K, V>, options?: SizedLoadOptions<V>): Promise<V> {
    try {
      this.#entries.checkOpen()
    } catch (error) {
      return Promise.reject(error)
    }
    this.#loading ??= this.#makeLoading()
    return this.#loading.getOrSet(key, load, options)
  }

  /**
   * The entries, in the order in which their keys were first set: an overwrite keeps its place, and reads change nothing. As
   * in a Map, entries may be set and deleted meanwhile. Counts nothing and refreshes nothing.
   */
  entries(): IterableIterator<[K, V]> {
    this.#open()
    return this.#eachEntry()
  }

  /** The keys, in the order of {@link Cache.entries}. */
  keys(): IterableIterator<K> {
    this.#open()
    return this.#eachKey()
  }

  /** The values, in the order of {@link Cache.entries}. */
  values(): IterableIterator<V> {
    this.#open()
    return this.#eachValue()
  }

  /** {@link Cache.entries}. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    this.#open()
    return this.entries()
  }

  /** Calls `act` for each entry, in the order of {@link Cache.entries}; `thisArg` is its `this`, by default the cache. */
  forEach(act: (value: V, key: K, cache: this) => void, thisArg: unknown = this): void {
    this.#open()
    checkFunction('act', act)
    for (const [key, value] of this.entries()) act.call(thisArg, value, key, this)
  }

  /** How many milliseconds the entry of `key` has left: 0 if there is none, `Infinity` without a deadline. */
  getRemainingTTL(key: K): number {
    this.#open()
    return this.info(key)?.remaining ?? 0
  }

  /** What is known of the entry of `key`; undefined if there is none. Counts nothing and refreshes nothing. */
  info(key: K): CacheInfo<V> | undefined {
    const slot = this.#entries.find(key)
    return slot === undefined ? undefined : this.#entries.describe(slot)
  }

  /** Removes all expired entries at once, which otherwise happens little by little; how many there were. */
  purgeExpired(): number {
    const entries = this.#open()
    const purged = entries.purgeExpired()
    entries.tell()
    return purged
  }

  /**
   * Changes the limits. Where one becomes smaller, entries leave before this returns, which takes time in proportion to
   * their number. `maxSize` can only be given to a cache that was made with it. Throws as the constructor does.
   */
  resize(limits: CacheLimits): void {
    const entries = this.#open()
    const { max, maxSize } = readLimits(limits, entries.max, entries.maxSize)
    entries.resize(max, maxSize)
    entries.tell()
  }

  /**
   * All entries that have not expired, in the order of {@link Cache.entries}, as {@link Cache.load} takes them. Keys and
   * values are those of the cache. Spans are in milliseconds; `ttl` is `Infinity` for without end, `tti` and `size` are
   * there only where an entry has them, and `age` is undefined in a cache that keeps no times.
   */
  dump(): [K, Dumped<V>][] {
    const entries = this.#open()
    return Array.from(entries.eachFresh(), ([key, slot]): [K, Dumped<V>] => {
      const { value, size, ttl, tti, age } = entries.describe(slot)
      const dumped: Dumped<V> = { value, ttl, age }
      if (tti !== Number.POSITIVE_INFINITY || entries.idles) dumped.tti = tti
      if (size !== undefined) dumped.size = size
      return [key, dumped]
    })
  }

  /**
   * Replaces all entries by those of a {@link Cache.dump}, the first first; those whose time is over are left out. All of
   * it is checked before anything changes, and it stays as it was. An entry without `ttl` or `tti` gets the cache's.
   *
   * Throws a `TypeError` with code `ERR_MOKAPOT_INVALID_OPTION` that names the first item that is no entry of a dump.
   *
   * @example
   * warm.load(cache.dump())
   */
  load(dump: Iterable<readonly [K, Dumped<V>]>): void {
    const entries = this.#open()
    const loadable = checkDump(dump, entries.isSized).map((entry) => ({
      ...entry,
      size: entries.sizeOf(entry.settings.size, entry.value, entry.key),
    }))
    this.#open()
    entries.checkClock()
    this.#loading?.forgetAll()
    entries.clear()
    for (const { key, value, size, settings, age } of loadable) {
      if (!entries.isOver(age, settings.ttl)) entries.write(key, value, size, settings, age)
    }
    entries.tell()
  }

  /** What happened since the cache was made, or since {@link Cache.resetStats}: a plain object of its own. */
  stats(): CacheStats {
    const entries = this.#open()
    return entries.counts.snapshot(entries.activity(), entries.size, entries.calculatedSize)
  }

  /** Begins to count anew. */
  resetStats(): void {
    this.#open().resetCounts()
  }

  /**
   * Drops all entries, as {@link Cache.clear}, and ends the cache. It may be called again. `dispose` finds the cache empty
   * and may still use it; what it stores leaves as well.
   */
  close(): void {
    this.#loading?.forgetAll()
    try {
      this.#entries.close()
    } finally {
      this.#loading?.forgetAll()
    }
  }

  /** {@link Cache.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** `'Cache'`, for messages and `util.inspect`. */
  get [Symbol.toStringTag](): string {
    return 'Cache'
  }

  *#eachEntry(): Generator<[K, V], void, undefined> {
    for (const [key, slot] of this.#entries.eachFresh()) yield [key, this.#entries.valueAt(slot)]
  }

  *#eachKey(): Generator<K, void, undefined> {
    for (const [key] of this.#entries.eachFresh()) yield key
  }

  *#eachValue(): Generator<V, void, undefined> {
    for (const [, slot] of this.#entries.eachFresh()) yield this.#entries.valueAt(slot)
  }

  /** The entries, if the cache is open. */
  #open(): CacheEntries<K, V> {
    this.#entries.checkOpen()
    return this.#entries
  }

  #settings(owner: string, given: unknown): EntrySettings {
    this.#open()
    return this.#idle(readEntrySettings(owner, given, this.#entries.isSized))
  }

  /** With `updateAgeOnGet` a ttl is a time to idle. */
  #idle(settings: EntrySettings): EntrySettings {
    if (!this.#updateAgeOnGet || settings.ttl === undefined || settings.tti !== undefined) return settings
    return { ...settings, ttl: Number.POSITIVE_INFINITY, tti: settings.ttl }
  }

  #makeLoading(): LocalLoading<K, V> {
    const entries = this.#entries
    const { counts } = entries
    return new LocalLoading<K, V>(
      {
        find: (key) => entries.getUncounted(key, MISS) as V | Miss,
        held: (key) => entries.held(key),
        count: (counter) => {
          if (counter === Counter.Hit) counts.hits++
          else if (counter === Counter.Miss) counts.misses++
          else if (counter === Counter.Load) counts.loads++
          else if (counter === Counter.LoadError) counts.loadErrors++
          else if (counter === Counter.Coalesced) counts.coalesced++
          else {
            counts.hits++
            counts.misses--
          }
        },
        store: (key, value, storing) => {
          const size = entries.sizeOf(storing.size, value, key)
          entries.write(key, value, size, this.#idle(storing), 0)
          entries.tell()
        },
        now: () => entries.now(),
      },
      this.#loadDefaults,
      entries.isSized,
    )
  }
}

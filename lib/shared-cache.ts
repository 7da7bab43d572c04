/**
 * `SharedCache`: one cache for all worker threads of a process, held off the JavaScript heap as bytes.
 */
import { parseBytes, type Size } from './bytes.js'
import { type Codec, Kind, type Payload, type ValueCodec } from './codecs.js'
import { deepFreeze } from './deep-freeze.js'
import { closed, internal, outOfMemory } from './errors.js'
import type { SharedHandle } from './handle.js'
import type { Load, LoadOptions } from './loading-options.js'
import { MISS } from './miss.js'
import {
  ANSWER,
  BAD_KEY,
  CACHE,
  CLOSED,
  call,
  type Description,
  type EntryInfo,
  KIND,
  MISS_IN_BULK,
  NOT_FOUND,
  native,
  number,
  OK,
  OUT_OF_MEMORY,
  type RawPayload,
  TOO_LARGE,
} from './native.js'
import { NearCache, NearEntry } from './near-cache.js'
import { checkFunction, checkOptions, pairsOf, parseCount } from './options.js'
import { payloadOf } from './payload.js'
import {
  checkKey,
  checkKeys,
  FIRST,
  keyOf,
  nextPlace,
  type Place,
  SCANNED_AT_ONCE,
  settled,
} from './shared-bulk.js'
import { asyncMemo, invalidKey } from './shared-errors.js'
import { SharedLoading } from './shared-loading.js'
import { attachTo, loadDefaults, make, Opened, openNamed } from './shared-opening.js'
import {
  type Lifetime,
  lifetimeOf,
  type NearOptions,
  type SharedCacheOptions,
  type SharedInfo,
  type SharedKey,
  type SharedLimits,
  type SharedSetOptions,
} from './shared-options.js'
import { type SharedStats, sharedStats } from './stats.js'
import { markAsUncloneable } from './threads.js'

/** Lets go of the caches whose object is unreachable. */
const unreachable = new FinalizationRegistry<number>((id) => native.release(id))

/**
 * One cache for all worker threads of the process. Values are kept as bytes off the JavaScript heap, within a limit in
 * true bytes; each `get` gives its caller a copy of its own, unless `near` is on.
 *
 * Any thread opens the same cache by name ({@link SharedCache.open}) or by handle ({@link SharedCache.attach}). It lives
 * as long as any thread has it open; a worker that ends, by any means, lets go of what it had open. A cache without a
 * name whose handle was never read is also let go when its object becomes unreachable.
 *
 * Every method but `close` throws a `MokapotError` with code `ERR_MOKAPOT_CLOSED` after {@link SharedCache.close}, and
 * those that take a key a `TypeError` with code `ERR_MOKAPOT_INVALID_KEY` for what cannot be one.
 *
 * @example
 * import { Worker, isMainThread, workerData } from 'node:worker_threads'
 * import { SharedCache } from 'mokapot'
 *
 * if (isMainThread) {
 *   const cache = new SharedCache({ maxBytes: '64mb', ttl: '5m' })
 *   cache.set('greeting', { text: 'hello' })
 *   new Worker(new URL(import.meta.url), { workerData: cache.handle })
 * } else {
 *   const cache = SharedCache.attach(workerData)
 *   console.log(cache.get('greeting')) // { text: 'hello' }
 * }
 */
export class SharedCache<V, K extends SharedKey = SharedKey> {
  /** The number this thread knows the cache by, {@link CLOSED} once it is closed. */
  #id: number
  readonly #codec: ValueCodec<V>
  readonly #description: Description
  /** The decoded values that this thread keeps, if it keeps any. */
  #near: NearCache<K, V> | undefined
  readonly #freezes: boolean
  /** What `getOrSet` needs, from its first call on. */
  #loading: SharedLoading<K, V> | undefined

  /**
   * Makes a cache. `maxBytes` is required.
   *
   * Throws a `RangeError` or `TypeError` that names the option, with code `ERR_MOKAPOT_INVALID_OPTION` for what an option
   * cannot be and `ERR_MOKAPOT_UNKNOWN_OPTION` for one that does not exist, and a `MokapotError` with
   * code `ERR_MOKAPOT_NAME_TAKEN` when a living cache has the name.
   */
  constructor(options: SharedCacheOptions<V>) {
    const opened = options instanceof Opened ? (options as Opened<V>) : make<V>(options)
    this.#id = opened.id
    this.#codec = opened.codec
    this.#description = opened.description
    const { near } = opened
    this.#near = near && new NearCache(opened.id, near.max, opened.description[5] === 1)
    this.#freezes = near?.freeze === true
    markAsUncloneable(this)
    if (this.#description[9] === undefined) unreachable.register(this, this.#id, this)
  }

  /**
   * Opens the living cache of that name, or makes it if there is none: any thread may come first.
   *
   * Throws a `MokapotError` with code `ERR_MOKAPOT_OPTIONS_DIFFER` when an option given contradicts the living cache.
   * Without `maxBytes` only a living cache is opened, else a `TypeError` asks for it.
   */
  static open<V, K extends SharedKey = SharedKey>(
    name: string,
    options?: Omit<SharedCacheOptions<V>, 'maxBytes' | 'name'> & { maxBytes?: Size | undefined },
  ): SharedCache<V, K> {
    return new SharedCache<V, K>(openNamed<V>(name, options) as never)
  }

  /**
   * Opens the cache of a handle, which any thread of this process may have sent.
   *
   * A built-in codec is known from the handle; a codec of your own must be given again, and have the same name, else a
   * `MokapotError` with code `ERR_MOKAPOT_CODEC` says so. Throws `ERR_MOKAPOT_STALE_HANDLE` for a cache that is gone,
   * `ERR_MOKAPOT_OTHER_COPY` for a handle of another copy of this package, and a `TypeError` with code
   * `ERR_MOKAPOT_INVALID_HANDLE` for anything else.
   */
  static attach<V, K extends SharedKey = SharedKey>(
    handle: SharedHandle,
    options?: { codec?: Codec<V> | undefined; near?: number | NearOptions | undefined },
  ): SharedCache<V, K> {
    return new SharedCache<V, K>(attachTo<V>(handle, options) as never)
  }

  /**
   * Names this cache for other threads: plain data for `workerData` and `postMessage`. It holds nothing alive; but from
   * the first reading on, this object lets go of the cache only by `close` or with its thread, since nobody knows where
   * the handle went.
   */
  get handle(): SharedHandle {
    this.#checkOpen()
    unreachable.unregister(this)
    const [index, generation] = this.#description
    return Object.freeze({ mokapot: 1, image: native.image(), index, generation })
  }

  /** How many entries are held, expired ones included until they are swept. */
  get size(): number {
    return this.#count(native.size(this.#id))
  }

  /** What the entries take in bytes: keys, values and what keeps track of them. Never above `maxBytes`. */
  get bytes(): number {
    return this.#count(native.bytes(this.#id))
  }

  /** The limit in bytes. */
  get maxBytes(): number {
    return this.#describe()[2]
  }

  /** The limit on the number of entries, `Infinity` without one. */
  get max(): number {
    return this.#describe()[3]
  }

  /** The largest entry that `set` stores, in bytes as `bytes` counts them: at least a quarter of `maxBytes`. */
  get maxEntryBytes(): number {
    return this.#describe()[4]
  }

  /**
   * The value of `key`, or `fallback` (undefined unless given) when there is none. It counts as a hit or a miss, and keeps
   * the entry from idling out. The value is the caller's own, and changing it changes nothing in the cache; with `near`, all
   * who read through this object share it.
   *
   * `undefined` can be a value; `get(key, MISS)` tells it from a miss.
   */
  get(key: K): V | undefined
  get<F>(key: K, fallback: F): V | F
  get(key: K, fallback?: unknown): unknown {
    const near = this.#near
    if (near !== undefined) {
      const kept = near.find(key)
      return kept === undefined ? this.#getNear(near, key, fallback, native.getNear) : kept.value
    }
    call[CACHE] = this.#id
    const payload = native.get(key)
    return this.#decode(payload, key, fallback)
  }

  /** As {@link SharedCache.get}, but counts nothing and refreshes nothing. */
  peek(key: K): V | undefined
  peek<F>(key: K, fallback: F): V | F
  peek(key: K, fallback?: unknown): unknown {
    call[CACHE] = this.#id
    const payload = native.peek(key)
    return this.#decode(payload, key, fallback)
  }

  /** Whether `key` has a value. Counts nothing and refreshes nothing. */
  has(key: K): boolean {
    call[CACHE] = this.#id
    native.has(key)
    return this.#truth(key)
  }

  /**
   * Stores a copy of `value`, encoded by the cache's codec, and makes room for it. It can be read at once, in every
   * thread. An entry larger than `maxEntryBytes` is refused: the old value stays, and `stats().rejected` counts it.
   *
   * Throws a `TypeError` for a value that the codec does not take (`ERR_MOKAPOT_UNCLONEABLE`, `ERR_MOKAPOT_INVALID_VALUE`,
   * `ERR_MOKAPOT_CODEC`), and for bad options; the old value stays then too.
   */
  set(key: K, value: V, options?: SharedSetOptions): this {
    if (options !== undefined) return this.#setFor(key, value, lifetimeOf('set', options))
    const payload = this.#codec.encode(value, key, true)
    this.#near?.forget(key)
    this.#hand(payload)
    native.set(key, payload)
    return this.#stored(key)
  }

  /** Takes out the entry of `key`; whether there was one. */
  delete(key: K): boolean {
    this.#near?.forget(key)
    call[CACHE] = this.#id
    native.delete(key)
    return this.#truth(key)
  }

  /**
   * The values of many keys, in their order and undefined where there is none, in one crossing. Each counts as a
   * {@link SharedCache.get}. With `near` only those cross that are not kept, one by one.
   */
  getMany(keys: Iterable<K>): (V | undefined)[] {
    const list = checkKeys(keys)
    if (this.#near !== undefined) return list.map((key) => this.get(key as K))
    const kinds = new Uint8Array(list.length)
    const payloads = native.getMany(this.#id, list, kinds)
    if (typeof payloads === 'number') throw this.#failure(payloads)
    return Array.from(kinds, (kind, i) =>
      kind === MISS_IN_BULK ? undefined : this.#codec.decode(kind, payloadOf(kind, payloads[i])),
    )
  }

  /**
   * Stores many entries in one crossing, as {@link SharedCache.set} would. All keys, values and options are checked
   * before the first is stored; other threads may see some of them before others.
   */
  setMany(entries: Iterable<readonly [K, V]>, options?: SharedSetOptions): this {
    const { ttl, tti } = lifetimeOf('setMany', options)
    const { keys, values } = pairsOf(entries, checkKey)
    const kinds = new Uint8Array(keys.length)
    const payloads = values.map((value, i) => {
      const payload = this.#codec.encode(value, keys[i], false, true)
      kinds[i] = this.#codec.kind
      return settled(payload, this.#codec.mostBytes)
    })
    this.#forgetAll(keys)
    const code = native.setMany(this.#id, keys, kinds, payloads, ttl, tti)
    if (code !== OK) throw this.#failure(code)
    return this
  }

  /** Takes out the entries of many keys in one crossing; how many there were. */
  deleteMany(keys: Iterable<K>): number {
    const list = checkKeys(keys)
    this.#forgetAll(list)
    return this.#count(native.deleteMany(this.#id, list, list.length))
  }

  /**
   * The value of `key`, or else what `compute` returns for it, which is stored. Threads that miss at the same time each
   * compute it, unlike with {@link SharedCache.getOrSet}. What `compute` throws reaches the caller, and nothing is
   * stored. A promise is no value: it is a `TypeError` with code `ERR_MOKAPOT_INVALID_VALUE`.
   */
  memo(key: K, compute: (key: K) => V, options?: SharedSetOptions): V {
    this.#checkOpen()
    checkFunction('compute', compute)
    const lifetime = lifetimeOf('memo', options)
    const found = this.get(key, MISS)
    if (found !== MISS) return found
    const value = compute(key)
    if (typeof (value as PromiseLike<V> | null | undefined)?.then === 'function') throw asyncMemo(key)
    this.#setFor(key, value, lifetime)
    return value
  }

  /**
   * The value of `key`, or else what `load` brings, which is stored: the promise of a copy of its own for each caller.
   *
   * A key is loaded once for all who ask meanwhile, in whatever thread; all of them get the value, or the error, which in
   * other threads is a copy (name, message, stack, code, cause). A `set`, `delete` or `clear` meanwhile wins over what
   * the load would store: who waits already still gets that, who comes later sees the new state. If the thread that loads
   * ends, a caller of another thread loads in its place. A caller keeps its thread alive while it waits for another one.
   * A caller with a `signal` can leave alone; when all have left so, the signal that the load got is aborted.
   *
   * Nothing is thrown: a bad key, load or option rejects the promise too, before anything happens. An error is not stored,
   * and the next caller loads anew, unless `errorTtl` says otherwise.
   *
   * @example
   * const user = await cache.getOrSet(`user ${id}`, () => fetchUser(id), { ttl: '5m', staleIfError: '1h' })
   */
  getOrSet(key: K, load: Load<K, V>, options?: LoadOptions<V>): Promise<V> {
    if (this.#id === CLOSED) return Promise.reject(this.#failure(CLOSED))
    this.#loading ??= this.#makeLoading()
    return this.#loading.getOrSet(key, load, options)
  }

  /**
   * The entries, in no particular order. What is there all the while is met once, what is set meanwhile may be met or
   * not, and what has left is not met. Counts nothing and refreshes nothing. Keys that are bytes come as new
   * `Uint8Array`s.
   */
  entries(): IterableIterator<[K, V]> {
    this.#checkOpen()
    return this.#eachEntry()
  }

  /** The keys, as {@link SharedCache.entries} meets them. */
  keys(): IterableIterator<K> {
    this.#checkOpen()
    return this.#eachKey()
  }

  /** The values, as {@link SharedCache.entries} meets them. */
  values(): IterableIterator<V> {
    this.#checkOpen()
    return this.#eachValue()
  }

  /** {@link SharedCache.entries}. */
  [Symbol.iterator](): IterableIterator<[K, V]> {
    this.#checkOpen()
    return this.entries()
  }

  /** Calls `act` for each entry, as {@link SharedCache.entries} meets them. */
  forEach(act: (value: V, key: K, cache: this) => void): void {
    this.#checkOpen()
    checkFunction('act', act)
    for (const [key, value] of this.entries()) act(value, key, this)
  }

  /** How many milliseconds the entry of `key` has left: 0 if there is none, `Infinity` without a deadline. */
  getRemainingTTL(key: K): number {
    return this.#info(key)?.[3] ?? 0
  }

  /** What is known of the entry of `key`; undefined if there is none. Counts nothing and refreshes nothing. */
  info(key: K): SharedInfo<V> | undefined {
    const info = this.#info(key)
    const value = this.peek(key, MISS)
    if (info === undefined || value === MISS) return undefined
    const [size, ttl, tti, remaining, age] = info
    return { value, size, ttl, tti, remaining, age }
  }

  /**
   * Removes all expired entries at once, which otherwise happens little by little; how many there were. Those that
   * `getOrSet` may still serve stale stay.
   */
  purgeExpired(): number {
    return this.#count(native.purgeExpired(this.#id))
  }

  /**
   * Changes the limits for all threads. Where one becomes smaller, entries leave before this returns, which takes time in
   * proportion to their number. Throws as the constructor does for what a limit cannot be.
   */
  resize(limits: SharedLimits): void {
    const { maxBytes, max } = checkOptions('resize', limits, ['maxBytes', 'max'])
    const bytes = maxBytes === undefined ? undefined : parseBytes(maxBytes, 'maxBytes')
    const count = max === undefined ? undefined : parseCount(max, 'max')
    this.#count(native.resize(this.#id, bytes, count))
  }

  /** Takes out all entries. */
  clear(): void {
    this.#near?.clear()
    this.#count(native.clear(this.#id))
  }

  /** Begins to count anew, for all threads. */
  resetStats(): void {
    this.#near?.flush()
    this.#count(native.resetStats(this.#id))
  }

  /** What happened so far: sums over all threads. Near hits of other threads come in batches of a thousand or so. */
  stats(): SharedStats {
    this.#near?.flush()
    const counters = native.stats(this.#id)
    if (typeof counters === 'number') throw this.#failure(counters)
    return sharedStats(counters, this.size, this.bytes)
  }

  /**
   * Lets go of the cache for this object; other objects and threads keep theirs. It may be called again; everything else
   * throws `ERR_MOKAPOT_CLOSED` from then on. Who waits for a load still gets its result.
   */
  close(): void {
    if (this.#id === CLOSED) return
    unreachable.unregister(this)
    this.#near?.flush()
    this.#near = undefined
    if (this.#loading === undefined) native.release(this.#id)
    else this.#loading.release()
    this.#id = CLOSED
  }

  /** {@link SharedCache.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  *#eachEntry(): Generator<[K, V], void, undefined> {
    for (const key of this.#scan()) {
      const value = this.peek(key, MISS)
      if (value !== MISS) yield [key, value]
    }
  }

  *#eachKey(): Generator<K, void, undefined> {
    for (const key of this.#scan()) if (this.has(key)) yield key
  }

  *#eachValue(): Generator<V, void, undefined> {
    for (const [, value] of this.#eachEntry()) yield value
  }

  /** The keys, some of which may have left since they were taken over. */
  *#scan(): Generator<K, void, undefined> {
    let place: Place | undefined = FIRST
    while (place !== undefined) {
      const items = native.scan(this.#id, place.shard, place.slot, SCANNED_AT_ONCE)
      if (typeof items === 'number') throw this.#failure(items)
      place = nextPlace(items)
      for (let i = 2; i < items.length; i++) yield keyOf(items[i]) as K
    }
  }

  #makeLoading(): SharedLoading<K, V> {
    const [index, generation] = this.#description
    return new SharedLoading<K, V>({
      id: this.#id,
      index,
      generation,
      codec: this.#codec,
      defaults: loadDefaults(this.#description),
      find: (key) => {
        const near = this.#near
        if (near !== undefined) {
          const kept = near.find(key)
          if (kept !== undefined) return kept.value as V
          return this.#getNear(near, key, MISS, native.findNear) as V | typeof MISS
        }
        call[CACHE] = this.#id
        const payload = native.find(key)
        return this.#decode(payload, key, MISS) as V | typeof MISS
      },
      failure: (code, key) => this.#failure(code, key),
    })
  }

  /** Reads what this thread does not keep, or not any more, by `read`; and keeps it. */
  #getNear(near: NearCache<K, V>, key: K, fallback: unknown, read: (key: unknown) => RawPayload): unknown {
    call[CACHE] = this.#id
    const payload = read(key)
    const kind = call[ANSWER] as number
    if (kind === NOT_FOUND) return fallback
    if (kind < 0) throw this.#failure(kind, key)
    // What the call told must be taken before the value is decoded, which may run anything.
    const entry = new NearEntry<K, V>(key)
    const value = this.#codec.decode(kind, payloadOf(kind, payload))
    entry.value = this.#freezes ? deepFreeze(value) : value
    if (typeof key !== 'object') near.keep(entry) // bytes are equal without being the same
    return entry.value
  }

  #forgetAll(keys: unknown[]): void {
    const near = this.#near
    if (near !== undefined) for (const key of keys) near.forget(key as K)
  }

  #setFor(key: K, value: V, { ttl, tti }: Lifetime): this {
    const payload = this.#codec.encode(value, key, true)
    this.#near?.forget(key)
    this.#hand(payload)
    native.setFor(key, payload, ttl, tti)
    return this.#stored(key)
  }

  /** Prepares the call that stores `payload`, the one that was encoded last. */
  #hand(payload: Payload): void {
    const { kind } = this.#codec
    call[CACHE] = this.#id
    call[KIND] = kind
    if (kind === Kind.Number) number[0] = payload as number
  }

  #stored(key: K): this {
    const code = call[ANSWER] as number
    if (code !== OK && code !== TOO_LARGE) throw this.#failure(code, key)
    return this
  }

  #info(key: K): EntryInfo | undefined {
    const info = native.info(this.#id, key)
    if (info === OK) return undefined
    if (typeof info === 'number') throw this.#failure(info, key)
    return info
  }

  #describe(): Description {
    const description = native.describe(this.#id)
    if (typeof description === 'number') throw this.#failure(description)
    return description
  }

  #decode(payload: RawPayload, key: K, fallback: unknown): unknown {
    const kind = call[ANSWER] as number
    if (kind === NOT_FOUND) return fallback
    if (kind < 0) throw this.#failure(kind, key)
    return this.#codec.decode(kind, payloadOf(kind, payload))
  }

  #truth(key: K): boolean {
    const answer = call[ANSWER] as number
    if (answer < 0) throw this.#failure(answer, key)
    return answer !== 0
  }

  #count(count: number): number {
    if (count < 0) throw this.#failure(count)
    return count
  }

  #checkOpen(): void {
    if (this.#id === CLOSED) throw this.#failure(CLOSED)
  }

  #failure(code: number, key?: unknown): Error {
    if (code === CLOSED) return closed('this SharedCache')
    if (code === BAD_KEY) return invalidKey(key)
    if (code === OUT_OF_MEMORY) return outOfMemory(key)
    return internal(code)
  }
}

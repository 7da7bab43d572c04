/**
 * A near cache: decoded values of a `SharedCache` in the thread that read them, trusted while shared memory says that
 * nothing changed.
 *
 * With each value it keeps the stamp of the key's stripe as it was before the value was looked up: src/engine/stamps.rs
 * says why the value is right for as long as that stamp stands. A hit reads a Map and a word and crosses nothing. Of the
 * hits a sample is reported, so that the shared cache keeps what is asked for here, and their number for its statistics.
 *
 * The word is read as any item of an array, for `Atomics.load` costs 12 ns, a third of a hit. That is enough: a thread
 * knows that another one's write has returned only by an operation that orders memory (`Atomics`, a message, a call that
 * took a lock), and neither V8 nor the machine moves a read of memory ahead of one of those. V8 makes the same machine
 * code for arrays over a `SharedArrayBuffer`, of which the language demands it.
 *
 * Which values make room for others is decided by the clock algorithm (Corbató 1968): a hand goes round and takes the
 * first one that was not read since it came by.
 */
import { coarseNow } from './coarse-time.js'
import { ANSWER, CACHE, call, native, SPOT, spot, spotSpan } from './native.js'

const { readAgain, reportNear, stampOf } = native

/**
 * An entry is reported at its 1st, 2nd, 4th read and so on, then once in so many, each time with how often it was read since:
 * in the shared cache these reads join those of all threads, of which the policy gets its sample.
 */
const READ_SAMPLE = 128

/** How many reports wait at the most, and how many numbers one has. */
const MOST_READS = 64
const READ_WORDS = 4

/** How many hits wait at the most to be counted. */
const MOST_HITS = 1024

/** How many values the hand passes at the most, so that no read takes long. */
const MOST_CHANCES = 32

/** In place of the time from which on the shared cache must be asked again. */
const NEVER = -1

/** So many milliseconds it is never put off: small integers are compared faster. */
const LONGEST = 2 ** 29

/** Where a value is that has no place. */
const NOWHERE = -1

/** What is kept of an entry. */
export class NearEntry<K, V> {
  /** How often it was read, up to where the sampling repeats itself. */
  reads = 0
  /** What {@link NearEntry.reads} was when the hand came by. */
  seen = 0
  place = NOWHERE
  /** The stamp before the lookup, and where it stands. */
  readonly stripe = spot[SPOT.STRIPE] as number
  readonly stamp = spot[SPOT.STAMP] as number
  /** Where the shared cache has it. */
  readonly shard = spot[SPOT.SHARD] as number
  readonly slot = spot[SPOT.SLOT] as number
  readonly generation = spot[SPOT.GENERATION] as number
  /** From then on the shared cache must be asked again, in coarse time, or {@link NEVER}. */
  again = timeToAsk()
  value: V | undefined = undefined

  /** What the last call told of `key`; the value is for the caller to fill in. */
  constructor(readonly key: K) {}
}

/** See the module. */
export class NearCache<K, V> {
  readonly #id: number
  readonly #max: number
  readonly #wantsEveryRead: boolean
  /** The stamps; undefined where they cannot be mapped, and the addon has to be asked. */
  readonly #stamps: Int32Array | undefined
  readonly #entries = new Map<K, NearEntry<K, V>>()
  /** All entries by their place, around which the hand goes. */
  readonly #places: (NearEntry<K, V> | undefined)[] = []
  #vacant: number[] = []
  #hand = 0
  readonly #reads = new Int32Array(READ_WORDS * MOST_READS)
  readonly #readBytes = new Uint8Array(this.#reads.buffer)
  #waiting = 0
  #hits = 0

  /** For up to `max` values of the cache with that number; `lru` wants each read reported. */
  constructor(id: number, max: number, lru: boolean) {
    this.#id = id
    this.#max = max
    this.#wantsEveryRead = lru
    const stamps = native.mapStamps(id) // makes them too
    // An object, if any: it may be an ArrayBuffer of another realm.
    this.#stamps = typeof stamps === 'object' ? new Int32Array(stamps) : undefined
  }

  /** What is kept of `key`, if it can be trusted: that counts as a hit. */
  find(key: K): NearEntry<K, V> | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const stamps = this.#stamps
    const stamp = stamps === undefined ? stampOf(this.#id, entry.stripe) : stamps[entry.stripe]
    if (stamp !== entry.stamp) return undefined
    if (entry.again !== NEVER && coarseNow() >= entry.again) return this.#ask(entry)
    const { reads } = entry
    entry.reads = reads === 2 * READ_SAMPLE - 1 ? READ_SAMPLE : reads + 1
    const hits = ++this.#hits
    if (this.#wantsEveryRead) this.#report(entry, 1)
    else if ((reads & (reads + 1)) === 0) this.#report(entry, reads === 0 ? 1 : (reads + 1) >> 1)
    else if (hits >= MOST_HITS) this.flush()
    return entry
  }

  /** Keeps an entry, whose value was filled in. Another one may have to leave for it. */
  keep(entry: NearEntry<K, V>): void {
    entry.place = this.#entries.get(entry.key)?.place ?? this.#freePlace()
    this.#places[entry.place] = entry
    this.#entries.set(entry.key, entry)
  }

  /** Forgets a key that is about to be written. */
  forget(key: K): void {
    if (this.#wantsEveryRead) this.flush() // the order of use, for who makes room
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#places[entry.place] = undefined
    this.#vacant.push(entry.place)
  }

  /** Forgets all. */
  clear(): void {
    this.#entries.clear()
    this.#places.length = 0
    this.#vacant = []
    this.#hand = 0
  }

  /** Reports the reads and counts the hits that wait. */
  flush(): void {
    if (this.#hits === 0) return
    reportNear(this.#id, this.#readBytes, this.#waiting, this.#hits)
    this.#waiting = 0
    this.#hits = 0
  }

  /** Reads an entry in the shared cache, which counts there: that keeps it from idling out, and tells whether it expired. */
  #ask(entry: NearEntry<K, V>): NearEntry<K, V> | undefined {
    call[CACHE] = this.#id
    readAgain(entry.key, entry.stamp)
    if (call[ANSWER] !== 1) return undefined
    entry.again = timeToAsk()
    return entry
  }

  /** Reports that an entry was read so many times since the last report. */
  #report(entry: NearEntry<K, V>, times: number): void {
    const reads = this.#reads
    const at = this.#waiting * READ_WORDS
    reads[at] = entry.shard
    reads[at + 1] = entry.slot
    reads[at + 2] = entry.generation
    reads[at + 3] = times
    if (++this.#waiting === MOST_READS) this.flush()
  }

  /** A place for one more entry. */
  #freePlace(): number {
    const vacant = this.#vacant.pop()
    if (vacant !== undefined) return vacant
    const places = this.#places
    if (places.length < this.#max) return places.length
    for (let chances = MOST_CHANCES; ; chances--) {
      const place = this.#hand
      this.#hand = place + 1 === places.length ? 0 : place + 1
      const entry = places[place]
      if (entry === undefined) return place // its taker was cut off, by the timeout of a script
      if (entry.reads === entry.seen || chances === 0) {
        this.#entries.delete(entry.key)
        return place
      }
      entry.seen = entry.reads
    }
  }
}

/** When the entry that the last call told of must be asked for again. */
function timeToAsk(): number {
  const span = spotSpan[0] as number
  // Rounded down, and coarse time is late: never too long.
  return span === Number.POSITIVE_INFINITY ? NEVER : Math.floor(coarseNow() + Math.min(span, LONGEST))
}

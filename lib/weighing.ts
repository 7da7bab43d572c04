/**
 * Weighing: the sizes of a `Cache`'s entries, by slot, and the weights that the policy gets for them.
 *
 * The policy counts in 32 bits; a limit too large for that is kept in a larger unit, and weights are rounded up to it, so
 * that sizes never sum up to more than the limit.
 */
import { sizeOf } from './cache-options.js'

/** The largest limit of weights at first; it leaves room for a limit that grows. */
const MOST_UNITS = 2 ** 28
/** The largest limit of weights there can be. */
const MOST_UNITS_EVER = 2 ** 32 - 2

/** See the module. */
export class Weighing<K, V> {
  readonly #calculate: ((value: V, key: K) => number) | undefined
  #maxSize: number
  #unit: number
  #sizes: number[] = [0]
  #total = 0

  constructor(maxSize: number, calculate: ((value: V, key: K) => number) | undefined) {
    this.#calculate = calculate
    this.#maxSize = maxSize
    this.#unit = unitFor(maxSize)
  }

  /** What all sizes may sum up to. */
  get maxSize(): number {
    return this.#maxSize
  }

  /** What all sizes sum up to. */
  get total(): number {
    return this.#total
  }

  /** What all weights may sum up to. */
  get limit(): number {
    return Math.min(Math.floor(this.#maxSize / this.#unit), MOST_UNITS_EVER)
  }

  /** The size of an entry: what was given, else what is calculated. Throws if there is neither, or a bad one. */
  sizeOf(given: number | undefined, value: V, key: K): number {
    return sizeOf(given, this.#calculate, value, key)
  }

  /** The weight of an entry whose size is at most `maxSize`. */
  weightOf(size: number): number {
    return this.#unit === 1 ? size : Math.min(Math.ceil(size / this.#unit), this.limit)
  }

  /** The size of the entry in `slot`. */
  sizeAt(slot: number): number {
    return this.#sizes[slot] as number
  }

  /** Notes the size of the entry in `slot`, 0 for none. */
  setSize(slot: number, size: number): void {
    const before = this.#sizes[slot] ?? 0
    this.#sizes[slot] = size
    this.#total += size - before
  }

  /** Changes the limit; whether weights are as before. */
  resize(maxSize: number): boolean {
    this.#maxSize = maxSize
    if (Math.floor(maxSize / this.#unit) <= MOST_UNITS_EVER && maxSize >= this.#unit) return true
    this.#unit = unitFor(maxSize)
    return false
  }

  /** Sums up anew the sizes of the entries in `slots`, which are all there are. */
  recount(slots: readonly number[]): void {
    const before = this.#sizes
    this.#sizes = before.map(() => 0)
    this.#total = 0
    for (const slot of slots) this.setSize(slot, before[slot] || 1)
  }

  /** Forgets all sizes. */
  clear(): void {
    this.#sizes = [0]
    this.#total = 0
  }
}

function unitFor(maxSize: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(maxSize / MOST_UNITS)))
}

/**
 * Departures: the entries that an operation let go, told to `dispose` once the cache is consistent again.
 */

/** Why an entry left: to make room, at its deadline, overwritten, deleted, or with all others by `clear` or `close`. */
export type DisposeReason = 'evict' | 'expire' | 'set' | 'delete' | 'clear'

/** Called once for each entry that leaves; it may use the cache. */
export type Dispose<K, V> = (value: V, key: K, reason: DisposeReason) => void

/** See the module. */
export class Departures<K, V> {
  readonly #dispose: Dispose<K, V>
  #waiting: [V, K, DisposeReason][] = []

  constructor(dispose: Dispose<K, V>) {
    this.#dispose = dispose
  }

  /** Notes an entry that left. */
  note(value: V, key: K, reason: DisposeReason): void {
    this.#waiting.push([value, key, reason])
  }

  /**
   * Tells of all that were noted, then acts, if there is something to do, and tells of what that noted. Throws what
   * `dispose` threw after all are told: itself if it is one, else an `AggregateError`.
   */
  tell(act?: () => void): void {
    if (this.#waiting.length === 0 && act === undefined) return
    const errors: unknown[] = []
    this.#tellWaiting(errors)
    if (act !== undefined) {
      act()
      this.#tellWaiting(errors)
    }
    if (errors.length === 1) throw errors[0]
    if (errors.length > 1) throw new AggregateError(errors, `dispose threw ${errors.length} times`)
  }

  #tellWaiting(errors: unknown[]): void {
    // What `dispose` does to the cache tells of its own departures.
    const waiting = this.#waiting
    this.#waiting = []
    for (const [value, key, reason] of waiting) {
      try {
        this.#dispose(value, key, reason)
      } catch (error) {
        errors.push(error)
      }
    }
  }
}

/**
 * Belady's optimum: the hits of a cache that knows the future and drops what is asked for again last.
 *
 * L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5 (2), 1966. Here it
 * may also not take an entry in, so that it is the ceiling of caches that refuse some, too. It is for entries that all
 * count as one; with weights the optimum is NP-hard, see bound.mjs.
 */

/** What is never asked for again. */
const NEVER = 0xffff_ffff

/**
 * For each request when its key is asked for next, NEVER for the last time.
 *
 * @param {import('./trace.mjs').Trace} trace
 */
export function nextUses({ requests, distinct }) {
  const soonest = new Uint32Array(distinct).fill(NEVER)
  const next = new Uint32Array(requests.length)
  for (let time = requests.length - 1; time >= 0; time--) {
    next[time] = soonest[requests[time]]
    soonest[requests[time]] = time
  }
  return next
}

/**
 * The hits at `size` entries. Entries stand in a set of times, each at its next use: when a time comes that is in the set,
 * its request is a hit, and the largest time is the one to drop.
 *
 * @param {Uint32Array} next from nextUses
 * @param {number} size
 * @returns {number}
 */
export function belady(next, size) {
  const held = new TimeSet(next.length)
  let entries = 0
  let hits = 0
  for (let time = 0; time < next.length; time++) {
    if (held.has(time)) {
      hits++
      held.delete(time)
      entries--
    }
    if (next[time] === NEVER) continue
    if (entries === size) {
      const latest = held.largest()
      if (latest < next[time]) continue
      held.delete(latest)
      entries--
    }
    held.add(next[time])
    entries++
  }
  return hits
}

/** A set of whole numbers below a limit: bits, and above each 32 of them a bit that tells whether any is set. */
class TimeSet {
  /** @type {Uint32Array[]} the lowest level first, the highest is one word */
  #levels = []

  /** @param {number} limit */
  constructor(limit) {
    let words = Math.max(1, limit)
    do {
      words = Math.ceil(words / 32)
      this.#levels.push(new Uint32Array(words))
    } while (words > 1)
  }

  /** @param {number} value */
  has(value) {
    return ((this.#levels[0][value >>> 5] >>> (value & 31)) & 1) === 1
  }

  /** @param {number} value */
  add(value) {
    let at = value
    for (const level of this.#levels) {
      const word = at >>> 5
      const before = level[word]
      level[word] = before | (1 << (at & 31))
      if (before !== 0) return
      at = word
    }
  }

  /** @param {number} value which is in the set */
  delete(value) {
    let at = value
    for (const level of this.#levels) {
      const word = at >>> 5
      level[word] &= ~(1 << (at & 31))
      if (level[word] !== 0) return
      at = word
    }
  }

  /** The largest number in the set, which is not empty. */
  largest() {
    let at = 0
    for (let index = this.#levels.length - 1; index >= 0; index--) {
      at = at * 32 + 31 - Math.clz32(this.#levels[index][at])
    }
    return at
  }
}

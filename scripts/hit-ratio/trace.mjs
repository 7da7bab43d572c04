/** A trace: the keys that were asked for, in order, each key as a number from 0 on in order of first appearance. */

/**
 * @typedef {object} Trace
 * @property {string} name
 * @property {Uint32Array} requests the key of each request
 * @property {number} distinct how many keys there are
 * @property {Float64Array | undefined} weights of each key
 * @property {number} weight of all keys together; 0 without weights
 */

/** Half of what a Map can hold in V8, so that none is near its limit, nor has to grow in one long step. */
const MOST_IN_MAP = 2 ** 23

/** V8 copies shorter slices; longer ones keep the whole text alive that they were cut from. */
const SHORTEST_SLICE = 13

/** Gathers a trace request by request; of a text it keeps each distinct key once. */
export class TraceBuilder {
  /** @type {Map<string, number>[]} */
  #maps = [new Map()]
  #distinct = 0
  #requests = new Uint32Array(2 ** 16)
  #length = 0
  /** @type {number[] | undefined} */
  #weights

  /** How many requests there are so far. */
  get length() {
    return this.#length
  }

  /**
   * @param {string} key
   * @param {number} [weight] with all requests or with none
   */
  add(key, weight) {
    if (this.#length === this.#requests.length) {
      const larger = new Uint32Array(2 * this.#length)
      larger.set(this.#requests)
      this.#requests = larger
    }
    const id = this.#idOf(key)
    this.#requests[this.#length++] = id
    if (weight === undefined) return
    this.#weights ??= []
    // A key's largest weight is what it weighs: a log has 0 for an answer without a body.
    this.#weights[id] = Math.max(this.#weights[id] ?? 1, Math.ceil(weight))
  }

  /**
   * @param {string} name
   * @returns {Trace}
   */
  build(name) {
    const weights = this.#weights && Float64Array.from(this.#weights)
    return {
      name,
      requests: this.#requests.subarray(0, this.#length),
      distinct: this.#distinct,
      weights,
      weight: weights?.reduce((sum, weight) => sum + weight, 0) ?? 0,
    }
  }

  /** @param {string} key */
  #idOf(key) {
    for (const map of this.#maps) {
      const id = map.get(key)
      if (id !== undefined) return id
    }
    let last = this.#maps[this.#maps.length - 1]
    if (last.size === MOST_IN_MAP) {
      last = new Map()
      this.#maps.push(last)
    }
    last.set(
      key.length < SHORTEST_SLICE ? key : Buffer.from(key, 'latin1').toString('latin1'),
      this.#distinct,
    )
    return this.#distinct++
  }
}

/**
 * The keys and weights that are asked for at most: what a cache without a limit would miss and hit.
 *
 * @param {Trace} trace
 */
export function totals({ requests, distinct, weights, weight }) {
  const asked = weights ? requests.reduce((sum, id) => sum + weights[id], 0) : 0
  return {
    requests: requests.length,
    weight: asked,
    hits: requests.length - distinct,
    weightHit: asked - weight,
  }
}

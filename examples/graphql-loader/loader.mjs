/**
 * A loader for resolvers, as DataLoader is: what they ask for one by one is fetched in batches. Behind it is a cache that
 * outlives the request, so that only what nobody asked for lately is fetched at all.
 */

/**
 * Fetches many values at once: for each key, in the order of the keys, its value, null for one that does not exist, or an
 * Error for one that failed.
 *
 * @template K, V
 * @typedef {(keys: readonly K[]) => Promise<readonly (V | Error | null)[]>} Fetch
 */

/**
 * @template K, V
 * @typedef {object} Options
 * @property {import('mokapot').Cache<K, V | null>} cache For this loader alone: its keys are this loader's. What is in it is
 *   given to every visitor, so whether a visitor may see a value is decided in the resolvers, never in `fetch`.
 * @property {number} [maxBatch] How many keys a database takes in one query.
 * @property {import('mokapot').Duration} [absentTtl] How long "does not exist" is believed: shorter than what exists, since
 *   it may be made any moment.
 */

/**
 * See the module.
 *
 * @template K, V
 */
export class Loader {
  /** @type {Fetch<K, V>} */
  #fetch
  #cache
  #maxBatch
  #absentTtl
  /** What waits for the next batch. @type {{ key: K, settle: (value: V | Error | null) => void }[]} */
  #waiting = []

  /**
   * @param {Fetch<K, V>} fetch
   * @param {Options<K, V>} options
   */
  constructor(fetch, { cache, maxBatch = 500, absentTtl = '10s' }) {
    this.#fetch = fetch
    this.#cache = cache
    this.#maxBatch = maxBatch
    this.#absentTtl = absentTtl
  }

  /**
   * The value of a key, null if it does not exist. All who ask for a key before it has come share one fetch: that is
   * `getOrSet`'s work, so that no key is in a batch twice.
   *
   * @param {K} key
   * @returns {Promise<V | null>}
   */
  load(key) {
    return this.#cache.getOrSet(key, () => this.#enqueue(key), {
      ttl: (value) => (value === null ? this.#absentTtl : undefined),
    })
  }

  /**
   * The values of many keys in their order, with an Error in the place of each that failed. What is cached is read in one
   * go, and only the rest waits for a batch.
   *
   * @param {readonly K[]} keys
   * @returns {Promise<(V | Error | null)[]>}
   */
  loadMany(keys) {
    const found = this.#cache.getMany(keys)
    return Promise.all(
      found.map((value, index) => (value === undefined ? this.load(keys[index]).catch(errorOf) : value)),
    )
  }

  /**
   * To be called when what a key stands for was changed. A fetch that is under way stores nothing then: it may have read the
   * old state.
   *
   * @param {K} key
   */
  clear(key) {
    this.#cache.delete(key)
  }

  /**
   * @param {K} key
   * @returns {Promise<V | null>}
   */
  #enqueue(key) {
    // After the promises that are settled already: the resolvers that run on them may ask for more, for the same batch.
    if (this.#waiting.length === 0) queueMicrotask(() => process.nextTick(() => this.#dispatch()))
    return new Promise((resolve, reject) => {
      const settle = (/** @type {V | Error | null} */ value) =>
        value instanceof Error ? reject(value) : resolve(value)
      this.#waiting.push({ key, settle })
    })
  }

  #dispatch() {
    const waiting = this.#waiting
    this.#waiting = []
    for (let start = 0; start < waiting.length; start += this.#maxBatch) {
      this.#fetchBatch(waiting.slice(start, start + this.#maxBatch))
    }
  }

  /** @param {readonly { key: K, settle: (value: V | Error | null) => void }[]} batch */
  async #fetchBatch(batch) {
    try {
      const values = await this.#fetch(batch.map(({ key }) => key))
      if (values.length !== batch.length) {
        throw new TypeError(`fetch returned ${values.length} values for ${batch.length} keys`)
      }
      for (const [index, { settle }] of batch.entries()) settle(values[index] ?? null)
    } catch (error) {
      for (const { settle } of batch) settle(errorOf(error))
    }
  }
}

/**
 * @param {unknown} error
 * @returns {Error}
 */
function errorOf(error) {
  return error instanceof Error ? error : new Error(String(error))
}

/**
 * A session store over a Cache, with the methods that express-session asks for. A session ends when nobody used it for a
 * while, and at the latest so long after it began.
 *
 * For express-session write `extends session.Store` in place of `extends EventEmitter`; nothing else changes. Sessions live
 * in this thread and end with the process. For worker threads take a SharedCache with the codec `'string'` in place of the
 * Cache: the calls are the same, but it has no `dispose`, so watch `stats().evictions`.
 */
import { EventEmitter } from 'node:events'
import { Cache } from 'mokapot'

/**
 * What is stored. `originalMaxAge` is the `maxAge` that the cookie was given, in milliseconds: null or absent for a cookie
 * that ends with the browser.
 *
 * @typedef {{ cookie?: { originalMaxAge?: number | null }, [name: string]: unknown }} Session
 */

/**
 * @template T
 * @typedef {(error: unknown, result?: T) => void} Callback
 */

/**
 * @typedef {object} Options
 * @property {number} [maxCharacters] The limit on what all sessions take together.
 * @property {import('mokapot').Duration} [idle] After so long without a request a session ends, unless its cookie has a
 *   `maxAge`, which counts instead.
 * @property {import('mokapot').Duration} [longest] So long after it began it ends in any case: somebody who stole it does
 *   not keep it for ever by using it.
 * @property {import('mokapot').Clock} [clock] For tests.
 */

/**
 * See the module. Emits `'evict'` with a session's id when it left to make room for others: a user was logged out for lack
 * of space, so the limit wants to be larger.
 */
export class SessionStore extends EventEmitter {
  /**
   * Sessions are kept as text, as in every other store. Kept by reference, a request that fails half way would have changed
   * the session already.
   *
   * @type {Cache<string, string>}
   */
  #cache
  #longest

  /** @param {Options} [options] */
  constructor({
    maxCharacters = 64 * 1024 * 1024,
    idle = '30m',
    longest = Number.POSITIVE_INFINITY,
    clock,
  } = {}) {
    super()
    this.#longest = longest
    this.#cache = new Cache({
      maxSize: maxCharacters,
      sizeCalculation: (text, id) => text.length + id.length,
      tti: idle,
      clock,
      dispose: (_, id, reason) => {
        if (reason === 'evict') this.emit('evict', id)
      },
    })
  }

  /**
   * The session, null if there is none. Reading it keeps it from idling out.
   *
   * @param {string} id
   * @param {Callback<Session | null>} callback
   */
  get(id, callback) {
    answer(callback, () => {
      const text = this.#cache.get(id)
      return text === undefined ? null : JSON.parse(text)
    })
  }

  /**
   * @param {string} id
   * @param {Session} session
   * @param {Callback<void>} [callback]
   */
  set(id, session, callback) {
    answer(callback, () => this.#store(id, session))
  }

  /**
   * Called at the end of each request that changed nothing but, maybe, the cookie. A session that was destroyed meanwhile
   * stays so.
   *
   * @param {string} id
   * @param {Session} session
   * @param {Callback<void>} [callback]
   */
  touch(id, session, callback) {
    answer(callback, () => {
      const text = this.#cache.peek(id)
      if (text !== undefined) this.#store(id, { ...JSON.parse(text), cookie: session.cookie })
    })
  }

  /**
   * @param {string} id
   * @param {Callback<void>} [callback]
   */
  destroy(id, callback) {
    answer(callback, () => void this.#cache.delete(id))
  }

  /** @param {Callback<void>} [callback] */
  clear(callback) {
    answer(callback, () => this.#cache.clear())
  }

  /** @param {Callback<number>} callback */
  length(callback) {
    answer(callback, () => {
      this.#cache.purgeExpired() // they count until they are swept
      return this.#cache.size
    })
  }

  /** @param {Callback<Record<string, Session>>} callback */
  all(callback) {
    answer(callback, () =>
      Object.fromEntries(Array.from(this.#cache, ([id, text]) => [id, JSON.parse(text)])),
    )
  }

  /** Ends all sessions. */
  close() {
    this.#cache.close()
  }

  /**
   * @param {string} id
   * @param {Session} session
   */
  #store(id, session) {
    const maxAge = session.cookie?.originalMaxAge ?? undefined
    if (maxAge !== undefined && maxAge <= 0) {
      this.#cache.delete(id)
      return
    }
    // A `ttl` begins anew with each `set`; so what is left of it is handed on, or sessions that change would never end.
    const held = this.#cache.info(id)
    const ttl = held === undefined ? this.#longest : held.ttl - (held.age ?? 0)
    this.#cache.set(id, JSON.stringify(session), { ttl, tti: maxAge })
  }
}

/**
 * Does the work and calls back, always later: a callback that is called sometimes before and sometimes after its function
 * has returned is hard to use.
 *
 * @template T
 * @param {Callback<T> | undefined} callback
 * @param {() => T} work
 */
function answer(callback, work) {
  /** @type {[unknown, T?]} */
  let outcome
  try {
    outcome = [null, work()]
  } catch (error) {
    outcome = [error]
  }
  if (callback) setImmediate(callback, ...outcome)
}

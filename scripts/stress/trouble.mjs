/** Trouble: what a hostile callback does, drawn from a seed. */

import { isPromise } from 'node:util/types'
import { Broken } from './common.mjs'

/** How deep callbacks may call the cache that calls them. */
const DEEPEST = 3

/** What hostile callbacks throw. */
export class Hostile extends Error {}

/** See the module. */
export class Trouble {
  /** Whether callbacks behave, for when what is left is looked at. */
  isCalm = true
  #depth = 0
  /** What callbacks do to the cache: it may throw. @type {() => void} */
  #reenter
  /** @type {() => number} */
  #random

  /** @param {() => number} random @param {() => void} reenter */
  constructor(random, reenter) {
    this.#random = random
    this.#reenter = reenter
  }

  /** What a callback does before it returns: nothing mostly; or it uses the cache, or throws. */
  make() {
    if (this.isCalm) return
    const what = this.#random()
    if (what < 0.2 && this.#depth < DEEPEST) {
      this.#depth++
      try {
        this.#reenter()
      } finally {
        this.#depth--
      }
    }
    if (what > 0.9) throw new Hostile('on purpose')
  }

  /**
   * Iterates over `items`, with trouble between them.
   *
   * @template T
   * @param {readonly T[]} items
   * @returns {Iterable<T>}
   */
  *among(items) {
    try {
      for (const item of items) {
        this.make()
        yield item
      }
    } finally {
      this.make()
    }
  }

  /**
   * An object with the properties of another, each behind a getter that makes trouble.
   *
   * @template {object} T
   * @param {T} object
   * @returns {T}
   */
  behindGetters(object) {
    const getters = {}
    for (const [name, value] of Object.entries(object)) {
      const get = () => {
        this.make()
        return value
      }
      Object.defineProperty(getters, name, { get, enumerable: true })
    }
    return /** @type {T} */ (getters)
  }

  /**
   * Does something that callbacks may disturb. What it throws must be what they threw, or one of the errors that are
   * documented; what it promises is looked at by `onPromise`.
   *
   * @param {() => unknown} act
   * @param {readonly string[]} codes of the errors that may come
   * @param {(promise: Promise<unknown>) => void} [onPromise]
   */
  attempt(act, codes, onPromise) {
    try {
      const result = act()
      if (isPromise(result)) onPromise?.(result)
      return result
    } catch (error) {
      checkError(error, codes)
      return undefined
    }
  }
}

/**
 * @param {unknown} error
 * @param {readonly string[]} codes
 */
export function checkError(error, codes) {
  if (error instanceof AggregateError) {
    for (const each of error.errors) checkError(each, codes)
    return
  }
  if (error instanceof Hostile) return
  if (error instanceof Error && codes.includes(String(/** @type {any} */ (error).code))) return
  if (error instanceof Broken) throw error
  throw new Broken(`an error that is not documented: ${error instanceof Error ? error.stack : String(error)}`)
}

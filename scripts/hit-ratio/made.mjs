/** Traces that are made, not recorded: the kinds of workload that caches meet, the same for the same seed. */
import { Stop } from '../prepare.mjs'

/**
 * @typedef {object} Recipe
 * @property {number} keys that are popular, or in a loop
 * @property {number} requests
 * @property {number} seed
 */

/** @typedef {(key: string) => void} Take */

const DEFAULTS = { keys: 10_000, requests: 200_000, seed: 1 }
const MOST = { keys: 10_000_000, requests: 1_000_000_000, seed: 0xffff_ffff }

/** The skew of web traffic in the measurements of Breslau et al. (INFOCOM '99) lies between 0.64 and 0.83. */
const SKEW = 0.8

/** @type {Record<string, (recipe: Recipe, take: Take) => void>} */
const MAKERS = {
  /** Some keys are popular, most are not: the everyday case. */
  zipf({ keys, requests, seed }, take) {
    const random = randomFrom(seed)
    const rank = zipf(keys, random)
    for (let i = 0; i < requests; i++) take(`key ${rank()}`)
  },
  /** All keys in turn, again and again: a batch job. LRU hits nothing until all of them fit. */
  loop({ keys, requests }, take) {
    for (let i = 0; i < requests; i++) take(`key ${i % keys}`)
  },
  /** Popular keys, and now and then a walk over many that nobody asks for again: a crawler, a report, a backup. */
  scan({ keys, requests, seed }, take) {
    const random = randomFrom(seed)
    const rank = zipf(keys, random)
    const walk = Math.ceil(keys / 4)
    let scanned = 0
    for (let i = 0; i < requests; i++) {
      const walking = i % (4 * walk) >= 3 * walk
      take(walking ? `scanned ${scanned++}` : `key ${rank()}`)
    }
  },
  /** What was asked for just now is asked for soon, then never again: sessions, feeds. LRU is at its best. */
  recent({ keys, requests, seed }, take) {
    const random = randomFrom(seed)
    const back = zipf(keys, random)
    let newest = 0
    for (let i = 0; i < requests; i++) take(`key ${random() < 0.3 ? ++newest : Math.max(0, newest - back())}`)
  },
  /** Each of the others for a while, then popular keys that are new. */
  shift({ keys, requests, seed }, take) {
    const part = Math.ceil(requests / 5)
    const kinds = ['zipf', 'loop', 'recent', 'scan', 'zipf']
    for (const [index, kind] of kinds.entries()) {
      const recipe = {
        keys: kind === 'loop' ? Math.ceil(keys / 5) : keys,
        requests: Math.max(0, Math.min(part, requests - index * part)),
        seed: seed + index,
      }
      MAKERS[kind](recipe, (key) => take(`${index} ${key}`))
    }
  },
}

/** The names of the kinds. */
export const KINDS = Object.keys(MAKERS)

/**
 * Whether a trace of this name is made: made:zipf, or made:zipf,keys=5000,requests=100000,seed=2.
 *
 * @param {string} name
 */
export function isMade(name) {
  return name.startsWith('made:')
}

/**
 * @param {string} name
 * @param {Take} take
 */
export function make(name, take) {
  const [kind, ...settings] = name.slice('made:'.length).split(',')
  if (!KINDS.includes(kind)) {
    throw new Stop(`There is no made:${kind}; there are ${KINDS.map((each) => `made:${each}`).join(', ')}.`)
  }
  const recipe = { ...DEFAULTS }
  for (const setting of settings) {
    const [, word, digits] = /^(keys|requests|seed)=(\d+)$/.exec(setting) ?? []
    const field = /** @type {keyof Recipe} */ (word)
    if (!(Number(digits) >= (field === 'seed' ? 0 : 1) && Number(digits) <= MOST[field])) {
      throw new Stop(`${name} has '${setting}', where keys=N, requests=N or seed=N can stand.`)
    }
    recipe[field] = Number(digits)
  }
  MAKERS[kind](recipe, take)
}

/**
 * Numbers from 0 to below 1, by mulberry32.
 *
 * @param {number} seed
 */
export function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * Ranks from 0 on, of which the n-th comes up with a probability in proportion to 1 / n ** SKEW.
 *
 * @param {number} count
 * @param {() => number} random
 */
function zipf(count, random) {
  const sums = new Float64Array(count)
  let sum = 0
  for (let i = 0; i < count; i++) sums[i] = sum += 1 / (i + 1) ** SKEW
  return () => {
    const wanted = random() * sum
    let low = 0
    let high = count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle] > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

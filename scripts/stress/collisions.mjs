/**
 * Texts that collide: by multicollisions of iterated hashes (Joux 2004). From each state two blocks are found that lead to
 * the same next one; n such pairs in a row make 2^n texts with one hash.
 */

/**
 * A hash of ASCII text, piece by piece.
 *
 * @typedef {object} Hash
 * @property {number} start
 * @property {(state: number, block: string) => number} step
 * @property {number} block The length of the blocks among which two collide soon.
 */

/** @type {Readonly<Record<string, Hash>>} */
export const HASHES = Object.freeze({
  'FNV-1a': { start: 0x811c9dc5, block: 8, step: (state, block) => eachCode(state, block, fnv1a) },
  'FNV-1a of 64 bits, the low 20': { start: 0x22325 & 0xfffff, block: 6, step: fnv1aLow },
  djb2: { start: 5381, block: 8, step: (state, block) => eachCode(state, block, djb2) },
  murmur3: { start: 0, block: 8, step: murmur3 },
})

/** @param {number} state @param {number} code */
const fnv1a = (state, code) => Math.imul(state ^ code, 0x01000193) >>> 0
/** @param {number} state @param {number} code */
const djb2 = (state, code) => (Math.imul(state, 33) + code) >>> 0

/** @param {number} state @param {string} block @param {(state: number, code: number) => number} step */
function eachCode(state, block, step) {
  let next = state
  for (let i = 0; i < block.length; i++) next = step(next, block.charCodeAt(i))
  return next
}

/** The low bits of a product follow from those of its factors: of the prime 2^40 + 0x1b3 only 0x1b3. @param {number} state @param {string} block */
function fnv1aLow(state, block) {
  return eachCode(state, block, (state, code) => Math.imul(state ^ code, 0x1b3) & 0xfffff)
}

/** Whole blocks of four bytes; all texts are as long, so that what follows them is the same. @param {number} state @param {string} block */
function murmur3(state, block) {
  let next = state
  for (let i = 0; i < block.length; i += 4) {
    let k = 0
    for (let j = 3; j >= 0; j--) k = (k << 8) | block.charCodeAt(i + j)
    k = Math.imul(k, 0xcc9e2d51)
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    next ^= k
    next = (Math.imul((next << 13) | (next >>> 19), 5) + 0xe6546b64) | 0
  }
  return next >>> 0
}

/** Of so many, two collide in 32 bits all but surely: 82,000 are enough in the mean. */
const BLOCKS = 400_000

/**
 * @param {number} length
 * @param {() => number} random
 */
export function randomText(length, random) {
  let text = ''
  while (text.length < length) text += String.fromCharCode(97 + Math.floor(random() * 26))
  return text
}

/**
 * So many different texts, all with one hash.
 *
 * @param {Hash} hash
 * @param {number} count
 * @param {() => number} random
 * @returns {string[]}
 */
export function collisions({ start, step, block }, count, random) {
  const blocks = Array.from({ length: BLOCKS }, () => randomText(block, random))
  let texts = ['']
  let state = start
  while (texts.length < count) {
    /** @type {Map<number, string>} */
    const met = new Map()
    for (const text of blocks) {
      const next = step(state, text)
      const other = met.get(next)
      if (other !== undefined && other !== text) {
        texts = texts.flatMap((prefix) => [prefix + text, prefix + other])
        state = next
        break
      }
      met.set(next, text)
    }
    if (met.size === BLOCKS) throw new Error('no two blocks collide')
  }
  return texts.slice(0, count)
}

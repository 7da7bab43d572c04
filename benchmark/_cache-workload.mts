/**
 * The keys that `Cache` and its rivals are asked for: which, how often, and how they lie in memory.
 */
import type { Key, Value } from './_cache-rivals.mjs'

/** How many operations come before the sequence begins anew: a power of two. */
export const SEQUENCE = 2 ** 20

/** How popular keys are: the one of rank r is asked for in proportion to r ** -SKEW. */
const SKEW = 0.99

/** Makes neighbours in popularity lie apart in memory, as they do in a server; shares no divisor with any count here. */
const STRIDE = 7919

/** The numbers of the keys as they are asked for, of `count` keys: zipf, the same in every process. */
export function zipfSequence(count: number): Uint32Array {
  const cumulated = new Float64Array(count)
  let sum = 0
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** -SKEW
    cumulated[rank] = sum
  }
  const random = randomFrom(42)
  return Uint32Array.from(
    { length: SEQUENCE },
    () => (firstAbove(cumulated, random() * sum) * STRIDE) % count,
  )
}

/** A kind of key: how that of a number is made. */
export type KeyOf = (prefix: string, id: number) => Key

/**
 * A string in one piece that V8 has neither hashed nor internalized yet, as a key is that came in a request. What `+`
 * returns would be in two pieces until it is first used, and a literal one is internalized.
 */
export const stringKey: KeyOf = (prefix, id) => Buffer.from(freshKey(prefix, id), 'latin1').toString('latin1')

/** The same string, built for one operation and forgotten after it. */
export const freshKey = (prefix: string, id: number): string => prefix + id

/** A whole number; what has another prefix begins elsewhere. */
export const intKey: KeyOf = (prefix, id) => (PREFIXES as readonly string[]).indexOf(prefix) * 1e8 + id

/** Of keys that are held, of keys that never are, and of keys that come once. */
export const [HELD, ABSENT, NEW] = ['user:', 'none:', 'once:'] as const
const PREFIXES = [HELD, ABSENT, NEW]

/** The values, made once. There are fewer than keys, since nothing that is measured looks into them. */
const VALUES = Array.from({ length: 1024 }, (_, id): Value => ({ id, name: `user ${id}`, active: true }))

/** The value that an operation writes: another one than it wrote the last time the sequence came by. */
export const valueAt = (index: number): Value =>
  VALUES[(index + Math.floor(index / SEQUENCE)) & (VALUES.length - 1)] as Value

function firstAbove(cumulated: Float64Array, sought: number): number {
  let [low, high] = [0, cumulated.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cumulated[middle] as number) < sought) low = middle + 1
    else high = middle
  }
  return low
}

/** Numbers from 0 up to 1 (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), state | 1)
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}

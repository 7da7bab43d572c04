import test from 'ava'
import fc from 'fast-check'
import { memoryKey, printableKey } from '../dist/keys.js'
import { NUMBERS, symbol, TEXTS } from './fixtures/keys.mjs'

/** How many pairs of argument lists the properties look at: MOKAPOT_KEY_PAIRS=1000000 for a thorough run. */
const PAIRS = Number(process.env.MOKAPOT_KEY_PAIRS ?? 20_000)

/** @param {unknown} a @param {unknown} b */
const sameInMap = (a, b) => new Set([a, b]).size === 1

const text = fc.oneof(
  fc.constantFrom(...TEXTS.filter(({ length }) => length < 50)),
  fc
    .array(fc.constantFrom('\0', '"', "'", ',', ':', '(', '[', ')', '|', '=', '1', '2', 'a', '\x81', '日'), {
      maxLength: 4,
    })
    .map((parts) => parts.join('')),
)
const primitive = fc.oneof(
  text,
  fc.constantFrom(...NUMBERS, -0),
  fc.integer({ min: 0, max: 12 }),
  fc.constantFrom(undefined, null, true, false, 1n, 2n, symbol, Symbol.for('a')),
)
const { value: anything } = fc.letrec((/** @type {(name: string) => fc.Arbitrary<any>} */ tie) => ({
  value: fc.oneof({ maxDepth: 3, depthSize: 'small' }, primitive, tie('object'), tie('array'), tie('rest')),
  array: fc.array(tie('value'), { maxLength: 3 }),
  object: fc
    .array(fc.tuple(text, tie('value')), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries)),
  rest: fc.oneof(
    fc.array(fc.tuple(primitive, tie('value')), { maxLength: 2 }).map((entries) => new Map(entries)),
    fc.array(primitive, { maxLength: 2 }).map((members) => new Set(members)),
    fc.uint8Array({ maxLength: 2 }),
    fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(0, 1, Number.NaN).map((time) => new Date(time)),
    text.map((value) => Object(value)),
    fc.array(fc.constantFrom(0, 1, 2), { maxLength: 2 }).map((indices) => {
      /** @type {number[]} */
      const sparse = []
      for (const index of indices) sparse[index] = index
      return sparse
    }),
  ),
}))
const argumentLists = fc.array(anything, { maxLength: 3 })

/**
 * Whether two values are equal as keys take it, told by looking at both at once.
 *
 * @param {any} a
 * @param {any} b
 * @returns {boolean}
 */
function equal(a, b) {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  if (a instanceof Map || a instanceof Set) return equal([...a], [...b])
  if (a instanceof Date || a instanceof String) return equal(a.valueOf(), b.valueOf())
  const names = Object.keys(a)
  if (names.length !== Object.keys(b).length || a.length !== b.length) return false
  return names.every((name) => Object.hasOwn(b, name) && equal(a[name], b[name]))
}

/**
 * A deep copy whose properties come in another order.
 *
 * @param {any} value
 * @returns {any}
 */
function copy(value) {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, copy(part)]))
  if (value instanceof Set) return new Set(value)
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  if (value instanceof Uint8Array) return value.slice()
  if (value instanceof Date) return new Date(value)
  if (value instanceof String) return Object(String(value))
  /** @type {any} */
  const result = Array.isArray(value) ? new Array(value.length) : {}
  for (const name of Object.keys(value).reverse()) {
    Object.defineProperty(result, name, {
      value: copy(value[name]),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return result
}

/** @param {any[]} args */
function printed(args) {
  try {
    return printableKey(args)
  } catch {
    return undefined
  }
}

test(`of ${PAIRS} pairs of argument lists, those have one key that are equal`, (t) => {
  const BATCH = 20
  let pairs = 0
  let equals = 0
  fc.assert(
    fc.property(fc.array(argumentLists, { minLength: BATCH, maxLength: BATCH, size: 'max' }), (batch) => {
      const keys = batch.map(memoryKey)
      const prints = batch.map(printed)
      for (let i = 0; i < batch.length; i++) {
        for (let j = 0; j < i; j++) {
          const same = equal(batch[i], batch[j])
          if (sameInMap(keys[i], keys[j]) !== same) return false
          if (prints[i] !== undefined && (prints[i] === prints[j]) !== same) return false
          pairs++
          if (same) equals++
        }
      }
      return true
    }),
    { numRuns: Math.ceil(PAIRS / ((BATCH * (BATCH - 1)) / 2)) },
  )
  t.log(`${pairs} pairs, ${equals} of them equal`)
  t.true(pairs >= PAIRS)
})

test('a deep copy with its properties in another order has the same key', (t) => {
  fc.assert(
    fc.property(argumentLists, (args) => {
      const other = args.map(copy)
      return sameInMap(memoryKey(args), memoryKey(other)) && printed(args) === printed(other)
    }),
    { numRuns: Math.ceil(PAIRS / 20) },
  )
  t.pass()
})

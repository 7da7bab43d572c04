import test from 'ava'
import fc from 'fast-check'
import { describe } from '../dist/describe.js'
import { MokapotError, rangeError, typeError } from '../dist/errors.js'
import { checkOptions, parseChoice, parseCount } from '../dist/options.js'

const KNOWN = ['max', 'maxSize', 'sizeCalculation', 'ttl', 'tti', 'policy', 'staleWhileRevalidate']

/** @param {unknown} given */
const check = (given) => checkOptions('Cache', given, KNOWN)

test('options come back as a plain object of their own', (t) => {
  const given = { max: 3, ttl: '5s' }
  const options = check(given)
  t.deepEqual(options, given)
  t.not(options, given)
})

test('no options are an empty object', (t) => {
  t.deepEqual(check(undefined), {})
  t.deepEqual(check({}), {})
  t.deepEqual(check(Object.create(null)), {})
})

test('an option that is undefined is absent', (t) => {
  t.deepEqual(check({ max: 3, ttl: undefined }), { max: 3 })
})

test('an option that is null, 0 or false is there, to be judged', (t) => {
  t.deepEqual(check({ max: 0, ttl: null, policy: false }), { max: 0, ttl: null, policy: false })
})

test('options may come from a class or a prototype', (t) => {
  class Defaults {
    get ttl() {
      return 5
    }
  }
  t.deepEqual(check(Object.assign(new Defaults(), { max: 1 })), { max: 1, ttl: 5 })
})

test('what is no object is a TypeError', (t) => {
  for (const given of [null, 3, 'max', true, 5n, Symbol('x'), [], [3], () => ({ max: 3 })]) {
    t.throws(() => check(given), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^the options of Cache must be an object, got /,
    })
  }
})

test('an unknown option is a TypeError that suggests the nearest known name', (t) => {
  const cases = /** @type {const} */ ([
    ['mx', 'max'],
    ['Max', 'max'],
    ['maxsize', 'maxSize'],
    ['max_size', 'maxSize'],
    ['tttl', 'ttl'],
    ['polciy', 'policy'],
    ['sizeCalculator', 'sizeCalculation'],
    ['staleWhileRevalidat', 'staleWhileRevalidate'],
  ])
  for (const [given, meant] of cases) {
    t.throws(() => check({ [given]: 1 }), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_UNKNOWN_OPTION',
      message: `Cache has no option "${given}"; did you mean "${meant}"?`,
    })
  }
})

test('an unknown option that is near to none lists the known names', (t) => {
  for (const given of ['capacity', 'x', '', '__proto__x', 'q'.repeat(1e5)]) {
    t.throws(() => check({ [given]: 1 }), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_UNKNOWN_OPTION',
      message: /^Cache has no option ".*; the options are max, maxSize, /,
    })
  }
})

test('an unknown option is refused also when it is undefined, or named like a method of objects', (t) => {
  for (const given of [
    { maxx: undefined },
    { toString: 1 },
    { constructor: 1 },
    JSON.parse('{"__proto__": 1}'),
  ]) {
    t.throws(() => check(given), { code: 'ERR_MOKAPOT_UNKNOWN_OPTION' })
  }
})

test('a count is a whole number from 1 to 2^32 - 2', (t) => {
  for (const value of [1, 2, 1e6, 2 ** 32 - 2]) t.is(parseCount(value, 'max'), value)
  for (const value of [0, -0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 - 1, 2 ** 53]) {
    t.throws(() => parseCount(value, 'max'), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^max must be a whole number from 1 to 4294967294, got /,
    })
  }
  for (const value of [undefined, null, '5', 5n, true, {}, [5]]) {
    t.throws(() => parseCount(value, 'max'), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION' })
  }
})

test('a choice is one of the given strings', (t) => {
  t.is(parseChoice('lru', 'policy', ['tinylfu', 'lru']), 'lru')
  for (const value of ['fifo', 'LRU', '', null, undefined, 1, ['lru'], Object('lru')]) {
    t.throws(() => parseChoice(value, 'policy', ['tinylfu', 'lru']), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^policy must be 'tinylfu' or 'lru', got /,
    })
  }
})

test('errors are what their names say, with a code, and point at their caller', (t) => {
  const range = rangeError('ERR_MOKAPOT_INVALID_OPTION', 'no')
  t.true(range instanceof RangeError)
  t.is(range.name, 'RangeError')
  t.is(range.code, 'ERR_MOKAPOT_INVALID_OPTION')
  t.false('cause' in range)
  t.regex(range.stack ?? '', /^RangeError: no\n.*04-options/)

  const type = typeError('ERR_MOKAPOT_UNCLONEABLE', 'no', range)
  t.true(type instanceof TypeError)
  t.is(type.cause, range)
  t.false(Object.keys(type).includes('cause'))

  const own = new MokapotError('ERR_MOKAPOT_CLOSED', 'closed', { cause: type })
  t.true(own instanceof Error)
  t.is(own.name, 'MokapotError')
  t.is(own.code, 'ERR_MOKAPOT_CLOSED')
  t.is(own.cause, type)
  t.regex(String(own), /^MokapotError: closed$/)
})

test('values are described in a few words', (t) => {
  class Point {}
  const cases = /** @type {const} */ ([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'true'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    ['a\n"b"', '"a\\n\\"b\\""'],
    ['x'.repeat(41), `"${'x'.repeat(40)}…"`],
    [5n, '5n'],
    [10n ** 60n, `1${'0'.repeat(39)}…n`],
    [2n ** 300n, 'a huge bigint'],
    [Symbol('q'), 'Symbol(q)'],
    [function work() {}, 'function work'],
    [(() => () => {})(), 'a function'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Map(), 'an instance of Map'],
    [new Point(), 'an instance of Point'],
    [new Proxy({}, {}), 'a Proxy'],
  ])
  for (const [value, words] of cases) t.is(describe(value), words)
})

test('describing never throws and stays short, whatever it gets', (t) => {
  const revoked = Proxy.revocable(() => {}, {})
  revoked.revoke()
  const thrower = () => {
    throw new Error('boo')
  }
  for (const value of [
    revoked.proxy,
    Object.create(Object.create(null, { constructor: { get: thrower } })),
    Object.create({ constructor: { name: {} } }),
    Object.defineProperty(() => {}, 'name', { get: thrower }),
    Object.defineProperty(() => {}, 'name', { value: Symbol('x') }),
    Object.create(new Proxy({}, { get: thrower, getPrototypeOf: thrower })),
    2n ** 1_000_000n,
  ]) {
    t.true(describe(value).length < 80)
  }
  fc.assert(fc.property(fc.anything(), (value) => describe(value).length < 100))
})

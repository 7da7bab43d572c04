import test from 'ava'
import fc from 'fast-check'
import { parseDuration } from '../dist/duration.js'

/** @param {unknown} value */
const parse = (value) => parseDuration(value, 'ttl')

test('a number is milliseconds, whole or not', (t) => {
  for (const value of [1, 250, 0.5, 1e-3, Number.MIN_VALUE, 2 ** 53, Number.MAX_VALUE])
    t.is(parse(value), value)
})

test('an absent duration and Infinity both mean none', (t) => {
  t.is(parse(undefined), Number.POSITIVE_INFINITY)
  t.is(parse(Number.POSITIVE_INFINITY), Number.POSITIVE_INFINITY)
})

test('a string is a number and its unit', (t) => {
  t.is(parse('250ms'), 250)
  t.is(parse('5s'), 5_000)
  t.is(parse('10m'), 600_000)
  t.is(parse('2h'), 7_200_000)
  t.is(parse('1d'), 86_400_000)
})

test('a string may have a fraction or an exponent, as numbers in JavaScript do', (t) => {
  t.is(parse('1.5s'), 1_500)
  t.is(parse('.5s'), 500)
  t.is(parse('5.s'), 5_000)
  t.is(parse('1e3ms'), 1_000)
  t.is(parse('25e-1s'), 2_500)
  t.is(parse('0.5ms'), 0.5)
  t.is(parse('007s'), 7_000)
  t.is(parse('1e300d'), 1e300 * 86_400_000)
})

test('every positive number with a unit is that many units', (t) => {
  const units = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.constantFrom(...Object.entries(units)),
      (n, [unit, factor]) => t.is(parse(`${n}${unit}`), n * factor),
    ),
  )
})

for (const value of [0, -0, -1, Number.NaN, Number.NEGATIVE_INFINITY]) {
  test(`the number ${Object.is(value, -0) ? '-0' : value} is a RangeError`, (t) => {
    t.throws(() => parse(value), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^ttl must be/,
    })
  })
}

for (const value of [
  ...[
    '',
    '10',
    's',
    'ms',
    '0s',
    '0.0d',
    '-5s',
    '+5s',
    'NaNs',
    'Infinity',
    'Infinitys',
    '0x10s',
    '1_000ms',
    '1,5s',
  ],
  ...[
    '5 s',
    ' 5s',
    '5s ',
    '5s\n',
    '5S',
    '5M',
    '5MS',
    '5min',
    '5sec',
    '5w',
    '5y',
    '5us',
    '5s5s',
    '1e400d',
    '1e-400s',
    '٣s',
  ],
]) {
  test(`the string ${JSON.stringify(value)} is a RangeError`, (t) => {
    t.throws(() => parse(value), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^ttl must be/,
    })
  })
}

test('null and other types are a TypeError', (t) => {
  for (const value of [
    null,
    true,
    5n,
    Symbol('x'),
    {},
    [],
    ['5s'],
    new Date(),
    () => 5,
    Object(5),
    Object('5s'),
  ]) {
    t.throws(() => parse(value), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^ttl must be/,
    })
  }
})

test('the message says what would be right and what was given', (t) => {
  t.is(
    t.throws(() => parse('10'))?.message,
    "ttl must be a positive number of milliseconds or a string like '250ms', '5s', '10m', '2h', '1d', got \"10\"",
  )
})

test('nothing but a positive number or one of the two errors comes out, whatever is given', (t) => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (value) => {
      try {
        return parse(value) > 0
      } catch (error) {
        return (error instanceof RangeError || error instanceof TypeError) && 'code' in error
      }
    }),
  )
  t.pass()
})

test('a long string takes no long time', (t) => {
  const started = Date.now()
  t.throws(() => parse('1'.repeat(1e6)), { instanceOf: RangeError })
  t.throws(() => parse(`${'1.'.repeat(1e6)}s`), { instanceOf: RangeError })
  t.true(Date.now() - started < 2_000)
})

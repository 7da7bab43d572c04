import os from 'node:os'
import test from 'ava'
import fc from 'fast-check'
import { memoryLimit, parseBytes } from '../dist/bytes.js'

const GB = 2 ** 30

/**
 * @param {unknown} value
 * @param {() => number} [memory]
 */
const parse = (value, memory) => parseBytes(value, 'maxBytes', memory)

test('a number is bytes', (t) => {
  for (const value of [1, 1_000, 2 ** 40, Number.MAX_SAFE_INTEGER]) t.is(parse(value), value)
})

test('a string is a number and its unit, in powers of 1,024', (t) => {
  t.is(parse('512b'), 512)
  t.is(parse('64kb'), 65_536)
  t.is(parse('256mb'), 2 ** 28)
  t.is(parse('1gb'), GB)
  t.is(parse('2tb'), 2 ** 41)
})

test('upper and lower case mean the same', (t) => {
  for (const value of ['64KB', '64Kb', '64kB', '64kb']) t.is(parse(value), 65_536)
})

test('a fraction of a unit is taken, a fraction of a byte is dropped', (t) => {
  t.is(parse('1.5mb'), 1_572_864)
  t.is(parse('.5kb'), 512)
  t.is(parse('1.9b'), 1)
  t.is(parse('0.3kb'), 307)
  t.is(parse('1e3b'), 1_000)
})

test('a percentage is of the memory there is', (t) => {
  t.is(
    parse('25%', () => 8 * GB),
    2 * GB,
  )
  t.is(
    parse('100%', () => 8 * GB),
    8 * GB,
  )
  t.is(
    parse('0.1%', () => 1_000_999),
    1_000,
  )
  t.is(parse('50%'), Math.floor(memoryLimit() / 2))
})

test("the container's limit counts when there is one below the machine's memory", (t) => {
  t.is(memoryLimit(2 * GB, 16 * GB), 2 * GB)
})

test("without a limit it is the machine's memory, however the runtime says so", (t) => {
  for (const none of [0, -1, Number.NaN, 2 ** 63, 2 ** 64, Number.POSITIVE_INFINITY]) {
    t.is(memoryLimit(none, 16 * GB), 16 * GB)
  }
  t.true(memoryLimit(undefined, 16 * GB) <= 16 * GB)
  t.true(memoryLimit() > 0 && memoryLimit() <= os.totalmem())
})

for (const value of [
  0,
  -0,
  -1,
  1.5,
  0.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2 ** 53,
]) {
  test(`the number ${Object.is(value, -0) ? '-0' : value} is a RangeError`, (t) => {
    t.throws(() => parse(value), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^maxBytes must be/,
    })
  })
}

for (const value of [
  ...[
    '',
    '10',
    'kb',
    '%',
    '0b',
    '0%',
    '0.5b',
    '0.0001kb',
    '-1kb',
    '-5%',
    '+1kb',
    '101%',
    '1e400gb',
    '8192tb',
    'NaNkb',
  ],
  ...[
    '1 kb',
    ' 1kb',
    '1kb ',
    '1kb\n',
    '1k',
    '1m',
    '1kib',
    '1pb',
    '1bytes',
    '25 %',
    '25%%',
    '1kb1kb',
    '0x10b',
    'Infinity',
  ],
]) {
  test(`the string ${JSON.stringify(value)} is a RangeError`, (t) => {
    t.throws(() => parse(value), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^maxBytes must be/,
    })
  })
}

test('a percentage so small that no byte is left is a RangeError', (t) => {
  t.throws(() => parse('1%', () => 99), { instanceOf: RangeError })
})

test('null, undefined and other types are a TypeError', (t) => {
  for (const value of [null, undefined, true, 5n, Symbol('x'), {}, [], ['1kb'], () => 5, Object(5)]) {
    t.throws(() => parse(value), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^maxBytes must be/,
    })
  }
})

test('a positive whole number or one of the two errors comes out, whatever is given', (t) => {
  const written = fc.tuple(
    fc.oneof(fc.double(), fc.integer()),
    fc.constantFrom('b', 'kb', 'MB', 'gb', 'tb', '%', '', 'x'),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.anything(),
        fc.double(),
        written.map(([n, unit]) => `${n}${unit}`),
      ),
      (value) => {
        try {
          const bytes = parse(value)
          return Number.isSafeInteger(bytes) && bytes > 0
        } catch (error) {
          return (error instanceof RangeError || error instanceof TypeError) && 'code' in error
        }
      },
    ),
  )
  t.pass()
})

test('a long string takes no long time', (t) => {
  const started = Date.now()
  t.throws(() => parse('1'.repeat(1e6)), { instanceOf: RangeError })
  t.true(Date.now() - started < 2_000)
})

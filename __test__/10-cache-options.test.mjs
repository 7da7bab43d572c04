import test from 'ava'
import { Cache } from '../dist/index.mjs'
import { cacheFor, ManualClock, stateOf } from './fixtures/cache-for.mjs'

const INVALID = 'ERR_MOKAPOT_INVALID_OPTION'

/** What no limit and no size can be: numbers out of range, and other types. */
const BAD_COUNTS = {
  range: [-1, 0, -0, Number.NaN, 1.5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  type: [null, '10', '1mb', 5n, true, [5], {}, Symbol('five'), () => 5],
}

/** What no duration can be. */
const BAD_DURATIONS = {
  range: [-1, 0, -0, Number.NaN, Number.NEGATIVE_INFINITY, '10', '', '5 s', '5y', '-5s', '0s', 'Infinity'],
  type: [null, 5n, true, [5], {}, Symbol('five'), () => 5],
}

const BAD_FUNCTIONS = { range: [], type: [null, 5, 'fn', {}, [], true] }

/** @type {Record<string, { range: any[], type: any[] }>} */
const BAD_OPTIONS = {
  max: { range: [...BAD_COUNTS.range, 2 ** 32], type: BAD_COUNTS.type },
  maxSize: { range: [...BAD_COUNTS.range, 2 ** 53], type: BAD_COUNTS.type },
  ttl: BAD_DURATIONS,
  tti: BAD_DURATIONS,
  sizeCalculation: BAD_FUNCTIONS,
  dispose: BAD_FUNCTIONS,
  updateAgeOnGet: { range: [], type: [null, 0, 1, 'true', {}] },
  policy: { range: [], type: [null, 'LRU', 'lfu', '', 1, true] },
  name: { range: [], type: [null, '', 5, {}] },
  clock: { range: [], type: [null, 5, {}, { now: 5 }, () => 5] },
}

for (const [option, { range, type }] of Object.entries(BAD_OPTIONS)) {
  test(`a bad ${option} is refused`, (t) => {
    const make = (/** @type {any} */ value) => () => new Cache({ max: 10, maxSize: 10, [option]: value })
    const expected = { code: INVALID, message: new RegExp(`^${option} must be `) }
    for (const value of range) t.throws(make(value), { ...expected, instanceOf: RangeError }, String(value))
    for (const value of type) t.throws(make(value), { ...expected, instanceOf: TypeError }, typeof value)
  })
}

test('one of max and maxSize is required', (t) => {
  for (const options of /** @type {any} */ ([undefined, {}, { ttl: 5 }, { max: undefined }])) {
    t.throws(() => new Cache(options), { instanceOf: TypeError, code: INVALID, message: /max/ })
  }
})

test('options that are no object are refused, and so are unknown ones', (t) => {
  for (const options of /** @type {any} */ ([null, 5, 'max', [], () => {}])) {
    t.throws(() => new Cache(options), { instanceOf: TypeError, code: INVALID })
  }
  const unknown = { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNKNOWN_OPTION' }
  t.throws(() => new Cache(/** @type {any} */ ({ max: 5, maxsize: 5 })), { ...unknown, message: /maxSize/ })
  for (const option of ['allowStale', 'maxEntrySize', 'fetchMethod', 'ttlAutopurge', 'updateAgeOnHas']) {
    t.throws(() => new Cache(/** @type {any} */ ({ max: 5, [option]: true })), unknown, option)
  }
})

test('options that contradict each other are refused', (t) => {
  const expected = { instanceOf: TypeError, code: INVALID }
  t.throws(() => new Cache({ max: 5, sizeCalculation: () => 1 }), expected)
  t.throws(() => new Cache({ max: 5, updateAgeOnGet: true, ttl: 5, tti: 5 }), expected)
})

test('durations are milliseconds or written with a unit, and Infinity is none', (t) => {
  const cases = /** @type {[any, number][]} */ ([
    [250, 250],
    ['250ms', 250],
    ['5s', 5_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5s', 1_500],
    [0.5, 0.5],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [undefined, Number.POSITIVE_INFINITY],
  ])
  const clock = new ManualClock()
  for (const [given, expected] of cases) {
    t.is(cacheFor(t, { ttl: given, clock }).set('key', 1).info('key')?.ttl, expected)
    t.is(cacheFor(t, { tti: given, clock }).set('key', 1).info('key')?.tti, expected)
    const set = cacheFor(t, { clock }).set('key', 1, { ttl: given, tti: given })
    t.is(set.info('key')?.ttl, expected)
    t.is(set.info('key')?.tti, expected)
  }
})

test('bad options of set and memo are refused, and leave everything as it was', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { maxSize: 100, ttl: 1000, clock })
  cache.set('key', 'old', { size: 5 }).set('other', 1, { size: 5 })
  const before = stateOf(cache)
  const refuse = (/** @type {any} */ options, /** @type {any} */ expected) => {
    t.throws(() => cache.set('key', 'new', options), expected)
    t.throws(() => cache.set('another', 'new', options), expected)
    t.throws(() => cache.memo('another', () => t.fail(), options), expected)
    t.throws(() => cache.setMany([['another', 1]], options), expected)
  }
  for (const [option, { range, type }] of Object.entries({
    ttl: BAD_DURATIONS,
    tti: BAD_DURATIONS,
    size: BAD_COUNTS,
  })) {
    for (const value of range) refuse({ size: 1, [option]: value }, { instanceOf: RangeError, code: INVALID })
    for (const value of type) refuse({ size: 1, [option]: value }, { instanceOf: TypeError, code: INVALID })
  }
  for (const options of [null, 5, '5s', []]) refuse(options, { instanceOf: TypeError, code: INVALID })
  for (const option of ['TTL', 'noUpdateTTL', 'start', 'sizeCalculation', 'max']) {
    refuse({ size: 1, [option]: 1 }, { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNKNOWN_OPTION' })
  }
  t.deepEqual(stateOf(cache), before)
})

test('a size needs a cache that keeps sizes, and such a cache needs a size', (t) => {
  const counted = cacheFor(t, { max: 10 })
  t.throws(() => counted.set('key', 1, { size: 1 }), {
    instanceOf: TypeError,
    code: INVALID,
    message: /maxSize/,
  })
  const sized = cacheFor(t, { maxSize: 10 })
  for (const options of [undefined, {}, { ttl: 5 }]) {
    t.throws(() => sized.set('key', 1, options), { instanceOf: TypeError, code: INVALID, message: /"key"/ })
  }
  t.is(counted.size + sized.size, 0)
})

test('what sizeCalculation returns must be a size, and what it throws reaches the caller', (t) => {
  /** @type {any} */
  let answer = 1
  const error = new Error('no idea')
  const cache = cacheFor(t, {
    maxSize: 100,
    sizeCalculation: (...given) => {
      t.deepEqual(given, ['value', 'key'])
      if (answer === error) throw error
      return answer
    },
  })
  cache.set('key', 'value')
  const before = stateOf(cache)
  for (answer of BAD_COUNTS.range)
    t.throws(() => cache.set('key', 'value'), { instanceOf: RangeError, code: INVALID })
  for (answer of [undefined, ...BAD_COUNTS.type]) {
    t.throws(() => cache.set('key', 'value'), { instanceOf: TypeError, code: INVALID })
  }
  answer = error
  t.is(
    t.throws(() => cache.set('key', 'value')),
    error,
  )
  t.deepEqual(stateOf(cache), before)
})

test('a size that is given is not calculated', (t) => {
  const cache = cacheFor(t, { maxSize: 10, sizeCalculation: () => t.fail() })
  cache.set('key', 1, { size: 3 })
  t.is(cache.calculatedSize, 3)
  t.is(cache.info('key')?.size, 3)
})

test('bad limits of resize are refused, and leave everything as it was', (t) => {
  const cache = cacheFor(t, { max: 10, maxSize: 100, sizeCalculation: () => 10 })
  for (let i = 0; i < 10; i++) cache.set(i, i)
  const before = stateOf(cache)
  const refuse = (/** @type {any} */ limits, /** @type {any} */ expected) =>
    t.throws(() => cache.resize(limits), expected)
  for (const value of BAD_COUNTS.range) {
    refuse({ max: value }, { instanceOf: RangeError, code: INVALID })
    refuse({ max: 1, maxSize: value }, { instanceOf: RangeError, code: INVALID })
  }
  for (const value of BAD_COUNTS.type) {
    refuse({ max: value }, { instanceOf: TypeError, code: INVALID })
    refuse({ max: 1, maxSize: value }, { instanceOf: TypeError, code: INVALID })
  }
  refuse({ max: 1, ttl: 1 }, { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNKNOWN_OPTION' })
  refuse(null, { instanceOf: TypeError, code: INVALID })
  refuse(5, { instanceOf: TypeError, code: INVALID })
  t.deepEqual(stateOf(cache), before)
  const counted = cacheFor(t, { max: 10 })
  t.throws(() => counted.resize({ max: 5, maxSize: 5 }), { instanceOf: TypeError, code: INVALID })
  t.is(counted.max, 10)
})

test('options are not changed, and may be frozen', (t) => {
  const options = Object.freeze({ max: 5, ttl: 100 })
  const cache = new Cache(options)
  const perSet = Object.freeze({ ttl: /** @type {const} */ ('5s') })
  cache.set('key', 1, perSet).set('other', 2, perSet)
  t.deepEqual(options, { max: 5, ttl: 100 })
  t.deepEqual(perSet, { ttl: '5s' })
  cache.close()
})

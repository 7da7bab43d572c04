import { isDeepStrictEqual } from 'node:util'
import vm from 'node:vm'
import test from 'ava'
import fc from 'fast-check'
import { MISS, MokapotError, SharedCache } from '../dist/index.mjs'
import { SCANNED_AT_ONCE } from '../dist/shared-bulk.js'
import { advance } from '../dist/testing.mjs'
import { accountedSize, living } from './fixtures/helpers.mjs'
import { inWorker, startWorker } from './fixtures/in-worker.mjs'

/** @typedef {import('../dist/index.mjs').SharedKey} SharedKey */
/** @typedef {Partial<ConstructorParameters<typeof SharedCache>[0]>} Options */

const MINUTE = 60_000
const HOUR = 60 * MINUTE

test.after.always('nothing is left open at the end', (t) => {
  t.is(living(), 0)
})

/**
 * A cache for one test, large enough that nothing is evicted.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Options} [options]
 * @returns {SharedCache<any, any>}
 */
function cacheFor(t, options) {
  const cache = new SharedCache({ maxBytes: '64mb', ...options })
  t.teardown(() => cache.close())
  return cache
}

/** Keys of all kinds, no two of them one. @type {SharedKey[]} */
const KEYS = [
  ...['', 'key', 'λ', '\ud800', '\udfff', '\0', 'é', 'x'.repeat(254), 'x'.repeat(255), 'λ'.repeat(5000)],
  ...[0, 1, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, Number.MIN_VALUE],
  ...[0n, 1n, -1n, 2n ** 64n, -(2n ** 64n), 2n ** 1000n],
  ...[new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(1, 2, 3), new Uint8Array(5000).fill(7)],
  ...['0', '1', '-1', 'NaN', '1n', '\x01\x02\x03'],
]

/** Values of all kinds, short and long. @type {unknown[]} */
const VALUES = [
  ...[undefined, null, true, false, 0, -0, 1.5, Number.NaN, 10n, '', 'text', 'λ', '\ud800', new Date(0)],
  ...[{ a: [1, { b: null }] }, [], {}, new Map([['a', new Set([1])]]), /x/g, [undefined, -0]],
  ...[
    Buffer.from('abc'),
    Uint8Array.of(1, 2),
    Float64Array.of(1.5),
    new ArrayBuffer(3),
    new Error('trouble'),
  ],
  ...['x'.repeat(10_000), 'λ'.repeat(10_000), Buffer.alloc(10_000, 1), new Uint8Array(10_000).fill(2)],
  ...[{ text: 'x'.repeat(10_000) }, { bytes: new Uint8Array(10_000).fill(3), date: new Date(1) }],
]

/**
 * A key as what tells it from all others.
 *
 * @param {unknown} key
 */
const nameOf = (key) => (key instanceof Uint8Array ? `bytes ${key.join()}` : `${typeof key} ${String(key)}`)

// --- getMany ---------------------------------------------------------------------------------------------------------

test('getMany gives the values in the order of the keys, undefined where there is none', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', { b: 2 }).set('c', undefined).set('d', null)
  t.deepEqual(cache.getMany(['d', 'x', 'b', 'a', 'y', 'c']), [
    null,
    undefined,
    { b: 2 },
    1,
    undefined,
    undefined,
  ])
  t.deepEqual(cache.getMany([]), [])
  t.deepEqual(cache.getMany(['x', 'y', 'z']), [undefined, undefined, undefined])
})

test('what getMany returns is an array without holes', (t) => {
  const cache = cacheFor(t)
  const values = cache.getMany(['x', 'y'])
  t.true(Array.isArray(values))
  t.deepEqual(Object.keys(values), ['0', '1'])
})

test('each key of getMany counts as a get', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('undefined', undefined)
  cache.getMany(['a', 'x', 'a', 'undefined', 'y'])
  const { hits, misses, hitRate } = cache.stats()
  t.deepEqual({ hits, misses, hitRate }, { hits: 3, misses: 2, hitRate: 0.6 })
})

test('each key of getMany keeps its entry from idling out and does not prolong its ttl', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  cache
    .set('read', 1)
    .set('idle', 1)
    .set('ending', 1, { ttl: HOUR + MINUTE })
  advance(HOUR - MINUTE)
  t.deepEqual(cache.getMany(['read', 'ending']), [1, 1])
  advance(2 * MINUTE)
  t.deepEqual(cache.getMany(['read', 'idle', 'ending']), [1, undefined, undefined])
})

test('getMany makes entries the last ones used, in the order of the keys', (t) => {
  const cache = cacheFor(t, { policy: 'lru', max: 4 })
  for (const key of ['a', 'b', 'c', 'd']) cache.set(key, key)
  cache.getMany(['c', 'a'])
  cache.set('e', 'e').set('f', 'f').set('g', 'g')
  t.deepEqual(cache.getMany(['a', 'b', 'c', 'd', 'e', 'f', 'g']), [
    ...['a', undefined, undefined, undefined],
    ...['e', 'f', 'g'],
  ])
})

test('a key that is given twice is read twice, each time into a value of its own', (t) => {
  const cache = cacheFor(t)
  for (const value of [{ a: 1 }, Buffer.from('abc'), Buffer.alloc(10_000, 1), new Map([['a', 1]])]) {
    cache.set('key', value)
    const [first, none, second] = cache.getMany(['key', 'none', 'key'])
    t.deepEqual([first, none, second], [value, undefined, value])
    t.not(first, second)
    if (Buffer.isBuffer(first)) {
      first.fill(9)
      t.deepEqual(second, value)
      t.deepEqual(cache.get('key'), value)
    }
  }
})

test('short and long values that come in one getMany do not share memory', (t) => {
  const cache = cacheFor(t)
  const list = [1, 100, 4096, 4097, 100_000, 2, 0, 3].map((length, i) => Buffer.alloc(length, i + 1))
  for (const [i, bytes] of list.entries()) cache.set(i, i % 2 === 0 ? bytes : new Uint8Array(bytes))
  const got = cache.getMany(list.keys())
  for (const bytes of [...got, ...cache.getMany(list.keys())]) new Uint8Array(bytes.buffer).fill(255)
  for (const [i, bytes] of cache.getMany(list.keys()).entries()) {
    t.is(Buffer.isBuffer(bytes), i % 2 === 0)
    t.is(bytes.buffer.byteLength, list[i].length)
    t.true(list[i].equals(bytes))
  }
})

// --- setMany ---------------------------------------------------------------------------------------------------------

test('setMany stores all entries and returns the cache', (t) => {
  const cache = cacheFor(t)
  t.is(
    cache.setMany([
      ['a', 1],
      ['b', { b: 2 }],
    ]),
    cache,
  )
  t.is(cache.get('a'), 1)
  t.deepEqual(cache.get('b'), { b: 2 })
  t.is(cache.setMany([]), cache)
  t.is(cache.size, 2)
  t.is(cache.stats().sets, 2)
})

test('values of all kinds under keys of all kinds come back by getMany as by get', (t) => {
  const cache = cacheFor(t)
  for (const value of VALUES) {
    const entries = KEYS.map((key, i) => /** @type {[SharedKey, unknown]} */ ([key, i % 3 === 0 ? value : i]))
    cache.setMany(entries)
    t.is(cache.size, KEYS.length)
    const got = cache.getMany(KEYS)
    for (const [i, key] of KEYS.entries()) {
      if (!isDeepStrictEqual(got[i], cache.get(key, MISS))) t.fail(`${nameOf(key)}: ${got[i]}`)
    }
    t.deepEqual(
      got,
      entries.map(([, value]) => value),
    )
  }
})

test('one setMany takes values of all kinds', (t) => {
  const cache = cacheFor(t)
  cache.setMany(VALUES.map((value, i) => [i, value]))
  t.deepEqual(cache.getMany(VALUES.keys()), VALUES)
  for (const [i, value] of VALUES.entries()) t.deepEqual(cache.get(i, MISS), value)
})

test('of a key that setMany is given twice the last value stays', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 0)
  cache.setMany([
    ['a', 1],
    ['b', 1],
    ['a', 2],
    [0, 'zero'],
    [-0, 'minus zero'],
  ])
  t.deepEqual(cache.getMany(['a', 'b', 0]), [2, 1, 'minus zero'])
  const { sets, replaced, size } = cache.stats()
  t.deepEqual({ sets, replaced, size }, { sets: 6, replaced: 3, size: 3 })
})

test('setMany gives its entries the lifetime that it is told, else that of the cache', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  cache.setMany([['default', 1]])
  cache.setMany([['also default', 1]], {})
  cache.setMany(
    [
      ['own', 1],
      ['own too', 1],
    ],
    { ttl: '2h' },
  )
  cache.setMany([['idle', 1]], { ttl: Number.POSITIVE_INFINITY, tti: 2 * HOUR })
  const alive = () => ['default', 'also default', 'own', 'own too', 'idle'].filter((key) => cache.has(key))
  advance(HOUR - MINUTE)
  t.is(alive().length, 5)
  advance(MINUTE)
  t.deepEqual(alive(), ['own', 'own too', 'idle'])
  t.is(cache.get('idle'), 1)
  advance(HOUR)
  t.deepEqual(alive(), ['idle'])
  advance(HOUR)
  t.deepEqual(alive(), [])
})

test('an entry of setMany that is too large is refused, and the others are stored', (t) => {
  const cache = cacheFor(t, { maxBytes: '100kb' })
  cache.set('large', 'old')
  cache.setMany([
    ['a', 1],
    ['large', 'x'.repeat(200_000)],
    ['b', 2],
  ])
  t.deepEqual(cache.getMany(['a', 'large', 'b']), [1, 'old', 2])
  t.is(cache.stats().rejected, 1)
})

test('setMany keeps the limits', (t) => {
  const entries = Array.from(
    { length: 5000 },
    (_, i) => /** @type {[number, string]} */ ([i, 'x'.repeat(100)]),
  )
  for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
    const cache = cacheFor(t, { maxBytes: '100kb', max: 50, policy })
    cache.setMany(entries)
    t.is(cache.size, 50)
    t.true(cache.bytes <= cache.maxBytes)
    t.is(cache.get(4999), 'x'.repeat(100))
    t.is(accountedSize(cache.stats()), 50)
  }
})

test('bytes that a getter in a later value changes are stored as setMany found them', (t) => {
  for (const bytes of [Uint8Array.of(1, 2, 3), Buffer.from([1, 2, 3]), Buffer.alloc(10_000, 1)]) {
    const cache = cacheFor(t)
    const before = Uint8Array.from(bytes)
    const spoiling = {
      get inner() {
        bytes.fill(9)
        return 1
      },
    }
    cache.setMany([
      ['bytes', bytes],
      ['spoiling', spoiling],
    ])
    t.deepEqual(Uint8Array.from(cache.get('bytes')), before)
  }
})

test('a codec of own may use one buffer for all values of a setMany', (t) => {
  for (const buffer of [
    Buffer.alloc(64),
    new Uint8Array(64),
    vm.runInNewContext('new Uint8Array(64)'),
    new Uint8Array(new SharedArrayBuffer(64)),
  ]) {
    const cache = cacheFor(t, {
      codec: {
        name: 'one buffer',
        encode: (value) => {
          const { written } = new TextEncoder().encodeInto(/** @type {string} */ (value), scratch)
          buffer.set(scratch.subarray(0, written))
          return buffer.subarray(0, written)
        },
        decode: (bytes) => Buffer.from(bytes).toString(),
      },
    })
    const scratch = new Uint8Array(64)
    cache.setMany([
      ['a', 'the first'],
      ['b', 'second'],
      ['c', 'c'],
    ])
    t.deepEqual(cache.getMany(['a', 'b', 'c']), ['the first', 'second', 'c'])
  }
})

test('keys that a getter in a value changes are stored as setMany found them', (t) => {
  const cache = cacheFor(t)
  const key = Uint8Array.of(1, 2, 3)
  cache.setMany([
    [key, 'first'],
    [
      'second',
      {
        get inner() {
          key.fill(9)
          return 1
        },
      },
    ],
  ])
  t.is(cache.get(Uint8Array.of(1, 2, 3)), 'first')
  t.false(cache.has(key))
})

test('a value that uses the cache while setMany encodes it does no harm', (t) => {
  const cache = cacheFor(t)
  cache.setMany([
    ['a', Buffer.from('bytes')],
    [
      'b',
      {
        get inner() {
          cache.set('inner', new Map()).setMany([['a', 'early']])
          return cache.getMany(['a', 'inner'])
        },
      },
    ],
    ['c', 3],
  ])
  t.deepEqual(cache.getMany(['a', 'b', 'c']), [Buffer.from('bytes'), { inner: ['early', new Map()] }, 3])
})

// --- deleteMany ------------------------------------------------------------------------------------------------------

test('deleteMany takes out what is there and tells how many there were', (t) => {
  const cache = cacheFor(t)
  for (const key of ['a', 'b', 'c', 'd']) cache.set(key, key)
  t.is(cache.deleteMany(['x', 'a', 'c', 'y']), 2)
  t.deepEqual(cache.getMany(['a', 'b', 'c', 'd']), [undefined, 'b', undefined, 'd'])
  t.is(cache.deleteMany(['a', 'c']), 0)
  t.is(cache.deleteMany([]), 0)
  t.is(cache.deleteMany(['b', 'b', 'b']), 1)
  const { deletes, size } = cache.stats()
  t.deepEqual({ deletes, size }, { deletes: 3, size: 1 })
})

test('deleteMany takes keys of all kinds', (t) => {
  const cache = cacheFor(t)
  cache.setMany(KEYS.map((key, i) => [key, i]))
  t.is(cache.deleteMany(KEYS.slice(5)), KEYS.length - 5)
  t.deepEqual(cache.getMany(KEYS.slice(0, 6)), [0, 1, 2, 3, 4, undefined])
  t.is(cache.size, 5)
})

test('deleteMany does not count what is expired', (t) => {
  const cache = cacheFor(t)
  cache.set('expired', 1, { ttl: HOUR }).set('lives', 1)
  advance(HOUR)
  t.is(cache.deleteMany(['expired', 'lives']), 1)
  t.is(cache.size, 0)
  t.is(accountedSize(cache.stats()), 0)
})

// --- All three -------------------------------------------------------------------------------------------------------

test('ten thousand keys go over and come back at once', (t) => {
  const COUNT = 10_000
  const cache = cacheFor(t)
  const keys = Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? `key ${i}` : i))
  cache.setMany(keys.map((key, i) => [key, i % 3 === 0 ? { i } : i]))
  t.is(cache.size, COUNT)
  const backwards = [...keys].reverse()
  const got = cache.getMany(backwards)
  t.is(got.length, COUNT)
  const wrong = got.filter((value, at) => {
    const i = COUNT - 1 - at
    return i % 3 === 0 ? value?.i !== i : value !== i
  })
  t.deepEqual(wrong, [])
  t.is(cache.stats().hits, COUNT)
  t.is(cache.deleteMany(keys.slice(1)), COUNT - 1)
  t.deepEqual([...cache], [['key 0', { i: 0 }]])
})

test('lists may be anything that can be iterated', (t) => {
  const cache = cacheFor(t)
  cache.setMany(new Map([['a', 1]]))
  cache.setMany(new Set([/** @type {[string, number]} */ (['b', 2])]))
  cache.setMany(
    (function* () {
      for (let i = 0; i < 3; i++) yield/** @type {[number, number]} */ ([i, i])
    })(),
  )
  t.deepEqual(cache.getMany(new Set(['b', 'a'])), [2, 1])
  t.deepEqual(cache.getMany(new Map([['a', 0]]).keys()), [1])
  t.deepEqual(cache.getMany([0, 1, 2].values()), [0, 1, 2])

  const copy = cacheFor(t)
  t.is(copy.setMany(cache).size, 5)
  t.deepEqual(copy.getMany(['a', 'b', 0, 1, 2]), [1, 2, 0, 1, 2])
  t.is(copy.setMany(copy).size, 5)
  t.is(cache.deleteMany(copy.keys()), 5)
})

/** @type {unknown[]} */
const NO_KEYS = [
  undefined,
  null,
  true,
  Symbol('mine'),
  {},
  [1],
  () => {},
  new Date(0),
  new ArrayBuffer(1),
  MISS,
]

test('nothing happens when any key of a list cannot be one', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 'old').set('b', 'old')
  const stats = cache.stats()
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' }
  const single = /** @param {unknown} bad */ (bad) => t.throws(() => cache.get(bad), refused)?.message
  for (const bad of NO_KEYS) {
    for (const keys of [[bad], ['a', bad], [bad, 'b'], ['a', bad, 'b']]) {
      for (const use of [
        () => cache.getMany(keys),
        () => cache.deleteMany(keys),
        () => cache.setMany(keys.map((key) => [key, 'new'])),
      ]) {
        t.is(t.throws(use, refused)?.message, single(bad))
      }
    }
  }
  t.deepEqual(cache.stats(), stats)
  t.deepEqual([cache.peek('a'), cache.peek('b')], ['old', 'old'])
})

test('nothing happens when a key of a list is a Uint8Array whose buffer was transferred away', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 'old').set('b', 'old')
  const stats = cache.stats()
  const bad = Uint8Array.of(1)
  structuredClone(bad, { transfer: [bad.buffer] })
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY', message: /Uint8Array/ }
  const keys = ['a', bad, 'b']
  t.throws(() => cache.getMany(keys), refused)
  t.deepEqual(cache.stats(), stats)
  t.throws(() => cache.deleteMany(keys), refused)
  t.deepEqual(cache.stats(), stats)
  t.throws(() => cache.setMany(keys.map((key) => [key, 'new'])), refused)
  t.deepEqual(cache.stats(), stats)
})

test('nothing happens when a list is none', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 'old')
  const stats = cache.stats()
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' }
  for (const list of /** @type {any[]} */ ([
    undefined,
    null,
    1,
    10n,
    true,
    {},
    () => {},
    Symbol('s'),
    { length: 1 },
  ])) {
    t.throws(() => cache.getMany(list), refused)
    t.throws(() => cache.deleteMany(list), refused)
    t.throws(() => cache.setMany(list), { instanceOf: TypeError })
  }
  t.deepEqual(cache.stats(), stats)
})

test('nothing is stored when any entry of setMany is no pair', (t) => {
  const cache = cacheFor(t)
  for (const pair of /** @type {any[]} */ ([undefined, null, 1, true, {}, [], { 0: 'key', 1: 'value' }])) {
    const set = () => cache.setMany([['a', 1], pair])
    t.throws(set, { instanceOf: TypeError })
  }
  t.is(cache.size, 0)
})

test('what setMany is given that is no list of pairs is told by an error with a code', (t) => {
  const cache = cacheFor(t)
  for (const list of /** @type {any[]} */ ([undefined, null, 1, {}, [undefined], [null], [1], [{}]])) {
    const error = t.throws(() => cache.setMany(list), { instanceOf: TypeError })
    t.regex(String(/** @type {any} */ (error).code), /^ERR_MOKAPOT_/, error?.message)
  }
})

test('nothing is stored when any value of setMany cannot be', (t) => {
  /** @type {[Options['codec'], unknown, unknown, string][]} */
  const rows = [
    ['structured', 1, () => {}, 'ERR_MOKAPOT_UNCLONEABLE'],
    ['structured', Buffer.from('a'), { deep: Symbol('s') }, 'ERR_MOKAPOT_UNCLONEABLE'],
    ['json', 1, undefined, 'ERR_MOKAPOT_INVALID_VALUE'],
    ['string', 'text', 1, 'ERR_MOKAPOT_INVALID_VALUE'],
    ['bytes', Buffer.from('a'), 'text', 'ERR_MOKAPOT_INVALID_VALUE'],
  ]
  for (const [codec, good, bad, code] of rows) {
    const cache = cacheFor(t, { codec })
    cache.set('a', good)
    const stats = cache.stats()
    for (const list of [
      ['a', 'bad'],
      ['bad', 'a'],
      ['a', 'bad', 'b'],
    ]) {
      const set = () => cache.setMany(list.map((key) => [key, key === 'bad' ? bad : good]))
      t.throws(set, { instanceOf: TypeError, code, message: /"bad"/ })
    }
    t.deepEqual(cache.stats(), stats)
    t.deepEqual(cache.get('a'), good)
  }
})

test('nothing is stored when an option of setMany is bad', (t) => {
  const cache = cacheFor(t)
  for (const options of /** @type {any[]} */ ([
    { ttl: 0 },
    { tti: '5' },
    { tl: 1 },
    { size: 1 },
    null,
    5,
    [],
  ])) {
    const error = t.throws(() => cache.setMany([['a', 1]], options), { any: true })
    t.regex(/** @type {MokapotError} */ (error).code, /^ERR_MOKAPOT_(INVALID|UNKNOWN)_OPTION$/)
  }
  t.is(cache.stats().sets, 0)
})

test('what a list throws while it is iterated reaches the caller, and nothing happens', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 'old')
  const stats = cache.stats()
  const trouble = new Error('trouble')
  /** @param {any} item */
  function* list(item) {
    yield item
    throw trouble
  }
  for (const use of [
    () => cache.getMany(list('a')),
    () => cache.deleteMany(list('a')),
    () => cache.setMany(list(['a', 'new'])),
  ]) {
    t.is(t.throws(use), trouble)
  }
  t.deepEqual(cache.stats(), stats)
})

test('a cache that is closed while its list is iterated says so', (t) => {
  /** @param {SharedCache<any>} cache @param {any} item */
  function* closing(cache, item) {
    yield item
    cache.close()
  }
  for (const use of [
    (/** @type {SharedCache<any>} */ cache) => cache.getMany(closing(cache, 'a')),
    (/** @type {SharedCache<any>} */ cache) => cache.deleteMany(closing(cache, 'a')),
    (/** @type {SharedCache<any>} */ cache) => cache.setMany(closing(cache, ['a', 1])),
  ]) {
    const cache = cacheFor(t)
    t.throws(() => use(cache), { instanceOf: MokapotError, code: 'ERR_MOKAPOT_CLOSED' })
  }
})

test('many keys at once do what the same keys do one by one', (t) => {
  const key = fc.oneof(
    fc.integer({ min: 0, max: 12 }),
    fc.constantFrom('0', '1', 'λ', 0n, 1n, -0, Number.NaN),
  )
  const act = fc.oneof(
    fc.record({ act: fc.constant('get'), keys: fc.array(key, { maxLength: 20 }) }),
    fc.record({ act: fc.constant('set'), keys: fc.array(key, { maxLength: 20 }) }),
    fc.record({ act: fc.constant('delete'), keys: fc.array(key, { maxLength: 5 }) }),
  )
  const options = /** @type {const} */ ({ maxBytes: '1mb', max: 10, policy: 'lru' })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 30 }), (steps) => {
      const [many, single] = [new SharedCache(options), new SharedCache(options)]
      try {
        for (const [step, { act, keys }] of steps.entries()) {
          const value = step % 2 === 0 ? step : { step }
          if (act === 'get') {
            if (
              !isDeepStrictEqual(
                many.getMany(keys),
                keys.map((key) => single.get(key)),
              )
            ) {
              return false
            }
          } else if (act === 'set') {
            many.setMany(keys.map((key) => [key, value]))
            for (const key of keys) single.set(key, value)
          } else if (many.deleteMany(keys) !== keys.filter((key) => single.delete(key)).length) {
            return false
          }
          if (!isDeepStrictEqual(many.stats(), single.stats())) return false
        }
        return true
      } finally {
        many.close()
        single.close()
      }
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('a codec of own serves many values as it serves one', async (t) => {
  const codec = {
    name: 'reversed',
    encode: (/** @type {unknown} */ text) => Buffer.from(String(text)).reverse(),
    decode: (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).reverse().toString(),
  }
  const cache = cacheFor(t, { codec })
  cache.setMany([
    ['a', 'abc'],
    ['b', 'x'.repeat(10_000)],
  ])
  t.deepEqual(cache.getMany(['a', 'x', 'b']), ['abc', undefined, 'x'.repeat(10_000)])
  t.deepEqual([...cache.entries()].sort(), [
    ['a', 'abc'],
    ['b', 'x'.repeat(10_000)],
  ])
})

test('what one thread sets at once another one gets at once', async (t) => {
  const cache = cacheFor(t)
  cache.setMany(VALUES.map((value, i) => [i, value]))
  const copies = await inWorker(({ SharedCache }, handle) => {
    const cache = SharedCache.attach(handle)
    const keys = [...cache.keys()].sort((one, other) => Number(one) - Number(other))
    const values = cache.getMany(keys)
    cache.deleteMany(keys.slice(0, 3))
    cache.setMany([['from worker', keys.length]])
    return values
  }, cache.handle)
  t.deepEqual(
    copies,
    VALUES.map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value) : value)),
  )
  t.is(cache.get('from worker'), VALUES.length)
  t.is(cache.size, VALUES.length - 2)
})

// --- Iteration -------------------------------------------------------------------------------------------------------

/** @type {[string, Options][]} */
const ITERATED = [
  ['a cache of one shard', { maxBytes: '8mb' }],
  ['an lru cache of one shard', { maxBytes: '8mb', policy: 'lru' }],
  ['a cache of several shards', { maxBytes: '64mb' }],
  ['an lru cache of several shards', { maxBytes: '64mb', policy: 'lru' }],
]

for (const [name, options] of ITERATED) {
  test(`every entry of ${name} is met exactly once, however many there are`, (t) => {
    for (const count of [0, 1, 2, 255, 256, 257, 511, 512, 513, 1024, 5000]) {
      const cache = cacheFor(t, options)
      const expected = new Map()
      for (let i = 0; i < count; i++) {
        const value = i % 2 === 0 ? i : { i }
        cache.set(`key ${i}`, value)
        expected.set(`key ${i}`, value)
      }
      t.is(cache.size, count)
      for (const entries of [[...cache], [...cache.entries()]]) {
        t.is(entries.length, count)
        t.true(isDeepStrictEqual(new Map([...entries].sort()), new Map([...expected].sort())))
      }
      t.deepEqual([...cache.keys()].sort(), [...expected.keys()].sort())
      t.is([...cache.values()].length, count)
      t.is(new Set([...cache.values()].map((value) => value.i ?? value)).size, count)
      const met = new Map()
      let calls = 0
      cache.forEach((value, key, given) => {
        calls++
        met.set(key, value)
        if (given !== cache) t.fail('forEach gives another cache')
      })
      t.is(calls, count)
      t.is(met.size, count)
    }
  })

  test(`what is left of ${name} after deletes is met exactly once`, (t) => {
    const cache = cacheFor(t, options)
    for (let i = 0; i < 3000; i++) cache.set(i, i)
    for (let i = 0; i < 3000; i++) if (i % 7 !== 0) cache.delete(i)
    for (let i = 10_000; i < 10_100; i++) cache.set(i, i)
    const left = Array.from({ length: 3000 }, (_, i) => i).filter((i) => i % 7 === 0)
    for (let i = 10_000; i < 10_100; i++) left.push(i)
    t.deepEqual(
      [...cache.keys()].sort((one, other) => one - other),
      left,
    )
  })

  test(`an entry of ${name} that is overwritten while it is iterated is met exactly once`, (t) => {
    const cache = cacheFor(t, options)
    for (let i = 0; i < 2000; i++) cache.set(i, 'old')
    /** @type {number[]} */
    const met = []
    let step = 0
    for (const [key] of cache) {
      met.push(key)
      for (let i = 0; i < 5; i++)
        cache.set((step * 5 + i) % 2000, 'x'.repeat((step * 37) % 3000), { ttl: HOUR })
      step++
    }
    t.is(met.length, 2000)
    t.is(new Set(met).size, 2000)
  })

  test(`entries of ${name} may be deleted while they are iterated`, (t) => {
    for (const iterate of [
      (/** @type {SharedCache<any, any>} */ cache) => cache.keys(),
      (/** @type {SharedCache<any, any>} */ cache) => cache.values(),
    ]) {
      const cache = cacheFor(t, options)
      for (let i = 0; i < 2000; i++) cache.set(i, i)
      const met = new Set()
      for (const key of iterate(cache)) {
        t.true(cache.delete(key) && !met.has(key))
        met.add(key)
      }
      t.is(met.size, 2000)
      t.is(cache.size, 0)
    }
  })

  test(`what is deleted before an iteration of ${name} comes near it is not met`, (t) => {
    const cache = cacheFor(t, options)
    for (let i = 0; i < 3000; i++) cache.set(i, i)
    const met = []
    for (const key of cache.keys()) {
      met.push(key)
      if (met.length === 1) for (let i = 0; i < 3000; i++) if (i !== key) cache.delete(i)
    }
    t.is(new Set(met).size, met.length)
    t.true(met.length <= SCANNED_AT_ONCE, `${met.length}`)
  })

  test(`entries may be added to ${name} while it is iterated`, (t) => {
    const cache = cacheFor(t, options)
    for (let i = 0; i < 1000; i++) cache.set(i, i)
    const met = []
    let added = 0
    for (const key of cache.keys()) {
      met.push(key)
      for (let i = 0; i < 5 && added < 3000; i++) cache.set(`added ${added++}`, added)
    }
    t.is(met.filter((key) => typeof key === 'number').length, 1000)
    t.is(new Set(met).size, met.length)
    t.is([...cache.keys()].length, 4000)
  })

  test(`${name} may be cleared while it is iterated`, (t) => {
    const cache = cacheFor(t, options)
    for (let i = 0; i < 2000; i++) cache.set(i, 'old')
    const met = []
    for (const key of cache.keys()) {
      met.push(key)
      if (met.length === 10) cache.clear()
    }
    t.true(met.length <= 10 + SCANNED_AT_ONCE)
    t.is(cache.size, 0)
    t.deepEqual([...cache], [])

    for (let i = 0; i < 2000; i++) cache.set(i, 'old')
    let rounds = 0
    for (const [key] of cache) {
      if (rounds++ === 10) {
        cache.clear()
        for (let i = 0; i < 2000; i++) cache.set(`new ${i}`, 'new')
      }
      if (rounds > 5000) t.fail(`it does not end: ${key}`)
    }
    t.is(cache.size, 2000)
  })

  test(`${name} may be closed while it is iterated, which then ends or says so`, (t) => {
    for (const iterate of [
      (/** @type {SharedCache<any, any>} */ cache) => cache.entries(),
      (/** @type {SharedCache<any, any>} */ cache) => cache.keys(),
      (/** @type {SharedCache<any, any>} */ cache) => cache.values(),
      (/** @type {SharedCache<any, any>} */ cache) => cache[Symbol.iterator](),
    ]) {
      const cache = cacheFor(t, options)
      for (let i = 0; i < 2000; i++) cache.set(i, i)
      let met = 0
      const walk = () => {
        for (const _ of iterate(cache)) if (met++ === 300) cache.close()
      }
      t.throws(walk, { instanceOf: MokapotError, code: 'ERR_MOKAPOT_CLOSED' })
      t.true(met <= 300 + 2 * SCANNED_AT_ONCE)
    }
  })
}

test('keys of all kinds come back from an iteration as they were given', (t) => {
  const cache = cacheFor(t)
  cache.setMany(KEYS.map((key, i) => [key, i]))
  const names = KEYS.map(nameOf).sort()
  for (const keys of [[...cache.keys()], [...cache].map(([key]) => key)]) {
    t.deepEqual(keys.map(nameOf).sort(), names)
    t.deepEqual(
      cache.getMany(keys).sort((one, other) => one - other),
      KEYS.map((_, i) => i),
    )
  }
  for (const [key, i] of cache) t.true(Object.is(key, KEYS[i]) || isDeepStrictEqual(key, KEYS[i]))
  t.deepEqual(cacheFor(t).set(-0, 1).keys().next().value, 0)
})

test('values of all kinds come back from an iteration as from get', (t) => {
  const cache = cacheFor(t)
  cache.setMany(VALUES.map((value, i) => [i, value]))
  for (const [key, value] of cache) t.deepEqual(value, VALUES[key])
  t.is([...cache.values()].length, VALUES.length)
  cache.forEach((value, key) => {
    t.deepEqual(value, VALUES[key])
    t.true(typeof value !== 'object' || value === null || value !== cache.get(key))
  })
})

test('keys that are bytes come as new Uint8Arrays that nobody else sees', (t) => {
  const cache = cacheFor(t)
  const given = Buffer.from([1, 2, 3])
  cache.set(given, 'value')
  for (const iterate of [() => [...cache.keys()][0], () => [...cache][0][0]]) {
    const key = iterate()
    t.is(Object.getPrototypeOf(key), Uint8Array.prototype)
    t.is(key.buffer.byteLength, 3)
    t.not(key, iterate())
    key.fill(9)
    t.deepEqual(iterate(), Uint8Array.of(1, 2, 3))
    t.is(cache.get(Uint8Array.of(1, 2, 3)), 'value')
  }
})

test('values that an iteration gives are copies', (t) => {
  const cache = cacheFor(t)
  cache.set('bytes', Buffer.from('abc')).set('object', { list: [1] })
  for (const [key, value] of cache) {
    if (key === 'bytes') value.fill(0)
    else value.list.push(2)
  }
  t.deepEqual(cache.getMany(['bytes', 'object']), [Buffer.from('abc'), { list: [1] }])
})

test('expired entries are never met', (t) => {
  for (const [, options] of ITERATED) {
    const cache = cacheFor(t, options)
    for (let i = 0; i < 3000; i++) cache.set(i, i, i % 3 === 0 ? undefined : { ttl: HOUR + (i % 3) * MINUTE })
    const count = () => [...cache.keys()].length
    t.is(count(), 3000)
    advance(HOUR + MINUTE)
    t.is(count(), 2000)
    advance(MINUTE)
    for (const [key, value] of cache) t.true(key % 3 === 0 && value === key)
    t.is(count(), 1000)
    t.is([...cache.values()].length, 1000)
  }
})

test('entries that expire while they are iterated are not met but for those that were already taken over', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  for (let i = 0; i < 3000; i++) cache.set(i, i)
  let met = 0
  for (const _ of cache) if (++met === 1) advance(HOUR)
  t.true(met <= SCANNED_AT_ONCE, `${met}`)
})

test('an iteration counts nothing and refreshes nothing', (t) => {
  const cache = cacheFor(t, { tti: HOUR, policy: 'lru', max: 3 })
  cache.set('a', 1).set('b', 2).set('c', 3)
  const stats = cache.stats()
  advance(HOUR - MINUTE)
  t.is([...cache].length, 3)
  t.is([...cache.keys()].length, 3)
  t.is([...cache.values()].length, 3)
  cache.forEach(() => {})
  t.deepEqual(cache.stats(), stats)
  cache.set('d', 4)
  t.deepEqual([...cache.keys()].sort(), ['b', 'c', 'd'])
  advance(MINUTE)
  t.deepEqual([...cache.keys()], ['d'])
})

test('iterators can be iterated, left early, and go on beside each other', (t) => {
  const cache = cacheFor(t)
  for (let i = 0; i < 1000; i++) cache.set(i, i)
  for (const iterate of [
    () => cache.entries(),
    () => cache.keys(),
    () => cache.values(),
    () => cache[Symbol.iterator](),
  ]) {
    const iterator = iterate()
    t.is(iterator[Symbol.iterator](), iterator)
    for (const _ of iterator) break
    t.deepEqual(iterator.next(), { value: undefined, done: true })
  }
  const [one, other] = [cache.entries(), cache.entries()]
  for (let i = 0; i < 400; i++) one.next()
  const seen = new Set()
  for (;;) {
    const [a, b] = [one.next(), other.next()]
    if (!b.done) seen.add(b.value[0])
    if (!b.done && b.value[0] !== b.value[1]) t.fail('key and value do not belong together')
    if (!a.done && a.value[0] !== a.value[1]) t.fail('key and value do not belong together')
    if (b.done) break
  }
  t.is(seen.size, 1000)
})

test('an iteration of bytes and text beside another one keeps their kinds apart', (t) => {
  const [bytes, texts] = [cacheFor(t), cacheFor(t)]
  for (let i = 0; i < 600; i++) {
    bytes.set(i, Buffer.from(`${i}`))
    texts.set(i, `${i}`)
  }
  const [one, other] = [bytes.entries(), texts.entries()]
  for (let i = 0; i < 600; i++) {
    const [a, b] = [one.next().value, other.next().value]
    if (a === undefined || b === undefined) return t.fail('an iteration ends too early')
    t.true(Buffer.isBuffer(a[1]) && a[1].toString() === `${a[0]}`)
    t.is(b[1], `${b[0]}`)
  }
})

test('what forEach is given to call may throw, and what a codec throws comes through', (t) => {
  const trouble = new Error('trouble')
  const cache = cacheFor(t)
  cache.set('a', 1)
  t.is(
    t.throws(() =>
      cache.forEach(() => {
        throw trouble
      }),
    ),
    trouble,
  )
  const moody = cacheFor(t, {
    codec: {
      name: 'moody',
      encode: () => new Uint8Array(1),
      decode: () => {
        throw trouble
      },
    },
  })
  moody.set('a', 1)
  t.is(
    t.throws(() => [...moody]),
    trouble,
  )
  t.deepEqual([...moody.keys()], ['a'], 'keys are told without their values')
})

test('what is there all the while is met exactly once though another thread sets, deletes and clears others', async (t) => {
  for (const [, options] of ITERATED) {
    const cache = cacheFor(t, options)
    const stop = new Int32Array(new SharedArrayBuffer(4))
    for (let i = 0; i < 1500; i++) cache.set(i, `value ${i}`)
    const { answer, end } = startWorker(
      ({ SharedCache }, { handle, stop }) => {
        const cache = SharedCache.attach(handle)
        let i = 0
        while (Atomics.load(stop, 0) === 0) {
          cache.set(`other ${i % 3000}`, 'x'.repeat(i % 500))
          if (i % 3 === 0) cache.delete(`other ${(i * 7) % 3000}`)
          if (i % 5 === 0) cache.set(i % 1500, `value ${i % 1500}`)
          i++
        }
        return i
      },
      { handle: cache.handle, stop },
    )
    try {
      let others = 0
      for (let round = 0; round < 500 && (round < 20 || others === 0); round++) {
        const met = new Set()
        for (const [key, value] of cache) {
          if (typeof key === 'string') others++
          else if (met.has(key) || value !== `value ${key}`) return t.fail(`${key} is ${value}, or met again`)
          else met.add(key)
        }
        if (met.size !== 1500) return t.fail(`${met.size} of 1500 entries`)
        // The other thread may not have begun.
        if (others === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      t.true(others > 0)
      t.is(cache.stats().evictions, 0)
    } finally {
      Atomics.store(stop, 0, 1)
      t.true((await answer) > 0)
      await end
    }
  }
})

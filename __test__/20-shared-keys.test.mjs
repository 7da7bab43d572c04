import vm from 'node:vm'
import test from 'ava'
import fc from 'fast-check'
import { MISS, SharedCache } from '../dist/index.mjs'
import { living } from './fixtures/helpers.mjs'

/** @typedef {import('../dist/index.mjs').SharedKey} SharedKey */

test.after.always('nothing is left open at the end', (t) => {
  t.is(living(), 0)
})

/**
 * A cache for one test, large enough that nothing is evicted.
 *
 * @param {import('ava').ExecutionContext} t
 * @returns {SharedCache<any, any>}
 */
function cacheFor(t) {
  const cache = new SharedCache({ maxBytes: '128mb' })
  t.teardown(() => cache.close())
  return cache
}

/**
 * Every one of `keys` is an entry of its own.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {SharedKey[]} keys
 */
function neverMeet(t, keys) {
  const cache = cacheFor(t)
  keys.forEach((key, index) => {
    t.false(cache.has(key), `key ${index} met an earlier one`)
    cache.set(key, index)
  })
  t.is(cache.size, keys.length)
  keys.forEach((key, index) => {
    t.is(cache.get(key), index)
    t.is(cache.peek(key), index)
  })
  keys.forEach((key, index) => {
    t.true(cache.delete(key))
    t.is(cache.size, keys.length - index - 1)
    t.false(cache.has(key))
  })
}

/**
 * All of `keys` are one entry.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {SharedKey[]} keys
 */
function areOne(t, keys) {
  const cache = cacheFor(t)
  for (const [index, key] of keys.entries()) {
    cache.set(key, index)
    t.is(cache.size, 1)
    for (const other of keys) {
      t.is(cache.get(other), index)
      t.is(cache.peek(other), index)
      t.true(cache.has(other))
    }
  }
  for (const key of keys) {
    cache.set(keys[0], 0)
    t.true(cache.delete(key))
    t.is(cache.size, 0)
  }
}

// --- Types -----------------------------------------------------------------------------------------------------------

test('keys of different types never meet, however alike they look', (t) => {
  neverMeet(t, [
    ...[1, '1', 1n, Uint8Array.of(1), '\x01', '1n', Uint8Array.of(0x31)],
    ...[0, '0', 0n, Uint8Array.of(0), '\0', '', new Uint8Array(0)],
    ...[-1, '-1', -1n],
    ...[Number.NaN, 'NaN', Number.POSITIVE_INFINITY, 'Infinity', Number.NEGATIVE_INFINITY, '-Infinity'],
    ...[1.5, '1.5', Number.MIN_VALUE, Number.EPSILON, Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
    ...['null', 'undefined', 'true', '[object Object]', 'Symbol()'],
  ])
})

test('keys of different types never meet though their bytes are the same', (t) => {
  const bytes = new Uint8Array(Float64Array.of(Math.PI).buffer)
  neverMeet(t, [
    Math.PI,
    bytes,
    Buffer.from(bytes).toString('latin1'),
    Buffer.from(bytes).toString('utf16le'),
    new BigUint64Array(bytes.buffer)[0],
    -new BigUint64Array(bytes.buffer)[0],
  ])
})

test('0 and -0 are one key, and so are all NaNs', (t) => {
  areOne(t, [0, -0, 1 / Number.NEGATIVE_INFINITY])
  const nans = new Float64Array(BigUint64Array.of(0x7ff8000000000001n, 0xfff8000000000000n).buffer)
  areOne(t, [Number.NaN, nans[0], nans[1], 0 / 0, -Number.NaN])
})

test('integers are one key whether they are stored as small integers or as doubles', (t) => {
  const doubles = Float64Array.of(7, -7, 2 ** 31, 2 ** 53)
  areOne(t, [7, doubles[0]])
  areOne(t, [-7, doubles[1]])
  areOne(t, [2 ** 31, doubles[2]])
  neverMeet(t, [7, -7, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 32 - 1, 2 ** 53, 2 ** 53 - 1])
})

test('a mixture of keys of all types behaves as in a Map', (t) => {
  const units = fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 6 })
    .map((codes) => String.fromCharCode(...codes))
  const key = fc.oneof(
    units,
    fc.string({ maxLength: 3 }),
    fc.integer({ min: -3, max: 3 }),
    fc.double(),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.bigInt(),
    fc.uint8Array({ maxLength: 3 }),
  )
  const step = fc.record({ key, act: fc.constantFrom('set', 'set', 'delete', 'get') })
  const cache = cacheFor(t)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      cache.clear()
      const model = new Map()
      for (const [index, { key, act }] of steps.entries()) {
        // A Map takes every key but bytes by value, and -0 as 0, as the cache does.
        const same = key instanceof Uint8Array ? `bytes of ${key}` : typeof key === 'string' ? `'${key}` : key
        if (act === 'set') {
          model.set(same, index)
          cache.set(key, index)
        } else if (act === 'delete' && cache.delete(key) !== model.delete(same)) {
          return false
        }
        if (cache.get(key) !== model.get(same) || cache.has(key) !== model.has(same)) return false
        if (cache.size !== model.size) return false
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.pass()
})

// --- Strings ---------------------------------------------------------------------------------------------------------

test('lone surrogates are distinct from each other, from U+FFFD, and from pairs', (t) => {
  neverMeet(t, [
    ...['\ud800', '\ud801', '\udbff', '\udc00', '\udfff', '\ufffd', '\ufffd\ufffd', '\ud800\ud800'],
    ...['\udc00\ud800', '\ud800\udc00', 'a\ud800', '\ud800a', 'a\ufffd', '\ufffda', 'a\udfff', '?', 'a?'],
  ])
})

test('long strings that differ in a lone surrogate only are distinct', (t) => {
  const keys = []
  for (const length of [255, 256, 4096, 5000]) {
    for (const unit of ['\ud800', '\udfff', '\ufffd', 'x', 'é']) {
      keys.push('x'.repeat(length) + unit, unit + 'y'.repeat(length))
    }
  }
  neverMeet(t, keys)
})

test('strings of one byte a unit never meet those of two whose memory looks the same', (t) => {
  neverMeet(t, [
    'ab',
    '\u6261',
    'a\0b\0',
    'a\0',
    'a',
    'é',
    'Ã©',
    '\u00c3\u00a9\0',
    '\ua9c3',
    '\u0100',
    '\0\x01',
  ])
})

test('strings with NUL inside count every unit', (t) => {
  neverMeet(t, ['\0', '\0\0', 'a\0', 'a\0b', 'a\0c', 'a', 'ab', '\0a', '', '\u0100\0', '\u0100', '\0\u0100'])
})

test('a string is one key however it came to be', (t) => {
  for (const length of [1, 20, 254, 255, 256, 4096, 10_000]) {
    const flat = `${'x'.repeat(length - 1)}y`
    const joined = Array.from(flat).join('')
    const decoded = Buffer.from(flat, 'latin1').toString('latin1')
    const slice = `abc${flat}def`.slice(3, -3)
    // Two bytes a unit in memory, though one would do.
    const wide = `\u1234${flat}\u1234`.slice(1, -1)
    const rope = length > 1 ? flat.slice(0, length >> 1) + flat.slice(length >> 1) : flat
    areOne(t, [flat, joined, decoded, slice, wide, rope])
  }
})

test('ten thousand different strings never meet', (t) => {
  const unit = fc.oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0xff }),
    fc.integer({ min: 0xd800, max: 0xdfff }),
    fc.integer({ min: 0, max: 0xffff }),
  )
  const text = fc.array(unit, { maxLength: 12 }).map((codes) => String.fromCharCode(...codes))
  const strings = new Set(fc.sample(text, { numRuns: 14_000, seed: 20 }))
  const keys = [...strings].slice(0, 10_000)
  t.is(keys.length, 10_000)

  const cache = cacheFor(t)
  const met = keys.filter((key, index) => {
    const missing = cache.get(key, MISS) === MISS
    cache.set(key, index)
    return !missing
  })
  t.deepEqual(met, [])
  t.deepEqual(
    keys.filter((key, index) => cache.get(key) !== index),
    [],
  )
  t.is(cache.size, 10_000)
})

for (const length of [1, 253, 254, 255, 256, 257, 4094, 4095, 4096, 4097, 65_536, 2 ** 20]) {
  test(`strings of ${length} units count to the last one`, (t) => {
    const keys = []
    for (const filler of ['a', 'é', 'λ', '\ud800']) {
      const key = filler.repeat(length)
      keys.push(key, `${filler.repeat(length - 1)}\0`, `${filler.repeat(length - 1)}\u0100`, `${key}\0`)
    }
    neverMeet(t, [...new Set([...keys, 'a'.repeat(length - 1)])])
  })
}

// --- Bigints ---------------------------------------------------------------------------------------------------------

test('bigints of any size and either sign are distinct', (t) => {
  const magnitudes = [1n, 2n, 10n ** 1000n, 1n << 4096n, 1n << (2n ** 20n), (1n << (2n ** 20n)) - 1n]
  for (const bits of [8n, 32n, 53n, 63n, 64n, 65n, 127n, 128n, 129n, 192n]) {
    magnitudes.push((1n << bits) - 1n, 1n << bits, (1n << bits) + 1n)
  }
  neverMeet(t, [0n, ...magnitudes, ...magnitudes.map((magnitude) => -magnitude)])
})

test('a bigint is one key however it came to be', (t) => {
  areOne(t, [0n, -0n, 1n - 1n, BigInt(0), BigInt('0')])
  areOne(t, [2n ** 64n, BigInt('18446744073709551616'), 2n ** 65n / 2n, 2n ** 64n + 1n - 1n])
  areOne(t, [-(10n ** 100n), BigInt(`-1${'0'.repeat(100)}`)])
})

// --- Bytes -----------------------------------------------------------------------------------------------------------

test('bytes are one key in a Buffer, in a view at any offset, in shared memory', (t) => {
  const bytes = [3, 0, 255, 128, 7]
  const around = new Uint8Array(64)
  around.set(bytes, 5)
  const shared = new Uint8Array(new SharedArrayBuffer(16), 3, 5)
  shared.set(bytes)
  class Bytes extends Uint8Array {}
  areOne(t, [
    Uint8Array.from(bytes),
    Buffer.from(bytes),
    Buffer.from(Uint8Array.from(bytes).buffer),
    around.subarray(5, 10),
    Buffer.from(around.buffer, 5, 5),
    shared,
    Bytes.from(bytes),
    vm.runInNewContext('Uint8Array.of(3, 0, 255, 128, 7)'),
  ])
})

test('bytes count to the last one, at any length', (t) => {
  const keys = [new Uint8Array(0)]
  for (const length of [1, 2, 7, 8, 9, 255, 256, 257, 4095, 4096, 4097, 2 ** 20]) {
    keys.push(
      new Uint8Array(length),
      new Uint8Array(length).fill(1, length - 1),
      new Uint8Array(length).fill(2),
    )
  }
  neverMeet(t, keys)
})

test('bytes of no length are one key wherever they lie', (t) => {
  areOne(t, [
    new Uint8Array(0),
    new Uint8Array(8).subarray(8),
    Buffer.alloc(0),
    new Uint8Array(new SharedArrayBuffer(0)),
    new Uint8Array(new ArrayBuffer(8), 4, 0),
  ])
})

test('a Uint8Array whose buffer was transferred away is no key', (t) => {
  const cache = cacheFor(t)
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' }
  for (const key of [
    Uint8Array.of(1, 2, 3),
    new Uint8Array(8).subarray(2, 4),
    new Uint8Array(0),
    new Uint8Array(8).subarray(8),
    Buffer.from(new Uint8Array(3).buffer),
  ]) {
    cache.set(key, 'before').set('', 'empty text').set(new Uint8Array(0), 'empty')
    structuredClone(key, { transfer: [key.buffer] })
    t.is(key.length, 0)
    const stats = cache.stats()
    t.throws(() => cache.get(key, MISS), refused)
    t.throws(() => cache.peek(key, MISS), refused)
    t.throws(() => cache.has(key), refused)
    t.throws(() => cache.set(key, 'after'), refused)
    t.throws(() => cache.delete(key), refused)
    t.deepEqual(cache.stats(), stats)
  }
  t.is(cache.get(new Uint8Array(0)), 'empty')
  t.is(cache.get(Uint8Array.of(1, 2, 3)), 'before')
})

test('bytes that are changed after they were a key leave the key as it was', (t) => {
  const cache = cacheFor(t)
  const key = Uint8Array.of(1, 2, 3)
  cache.set(key, 'value')
  key.fill(9)
  t.is(cache.get(Uint8Array.of(1, 2, 3)), 'value')
  t.is(cache.get(key, MISS), MISS)
})

// --- What is no key --------------------------------------------------------------------------------------------------

/** @type {[string, unknown, string][]} what it is, and how the message calls it */
const INVALID = [
  ['undefined', undefined, 'undefined'],
  ['null', null, 'null'],
  ['true', true, 'true'],
  ['false', false, 'false'],
  ['a symbol', Symbol('mine'), 'Symbol(mine)'],
  ['MISS', MISS, 'Symbol(mokapot.miss)'],
  ['an object', {}, 'an object'],
  ['an object without prototype', Object.create(null), 'an object'],
  ['an object that turns into a string', { toString: () => 'key' }, 'an object'],
  ['an array', [1, 2], 'an array of 2'],
  ['a function', function load() {}, 'function load'],
  ['a Date', new Date(0), 'an instance of Date'],
  ['a RegExp', /key/, 'an instance of RegExp'],
  ['a Map', new Map(), 'an instance of Map'],
  ['a String object', Object('key'), 'an instance of String'],
  ['a Number object', Object(1), 'an instance of Number'],
  ['a BigInt object', Object(1n), 'an instance of BigInt'],
  ['a promise', Promise.resolve('key'), 'an instance of Promise'],
  ['an ArrayBuffer', new ArrayBuffer(1), 'an instance of ArrayBuffer'],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'an instance of SharedArrayBuffer'],
  ['a DataView', new DataView(new ArrayBuffer(1)), 'an instance of DataView'],
  ['a Uint8ClampedArray', new Uint8ClampedArray(1), 'an instance of Uint8ClampedArray'],
  ['an Int8Array', new Int8Array(1), 'an instance of Int8Array'],
  ['a Uint16Array', new Uint16Array(1), 'an instance of Uint16Array'],
  ['a Float64Array', new Float64Array(1), 'an instance of Float64Array'],
  ['a BigInt64Array', new BigInt64Array(1), 'an instance of BigInt64Array'],
  ['a proxy of bytes', new Proxy(new Uint8Array(1), {}), 'a Proxy'],
  ['what only inherits from bytes', Object.create(Uint8Array.prototype), 'an instance of Uint8Array'],
]

for (const [what, key, called] of INVALID) {
  test(`${what} is no key, and nothing happens to the cache that is given one`, (t) => {
    const cache = cacheFor(t)
    cache.set('key', 'value').set('', 'empty').set(0, 'zero').set(new Uint8Array(0), 'no bytes')
    const { size, bytes } = cache
    const stats = cache.stats()
    const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' }

    for (const use of [
      () => cache.get(key),
      () => cache.get(key, MISS),
      () => cache.peek(key),
      () => cache.has(key),
      () => cache.set(key, 'new'),
      () => cache.set(key, 'new', { ttl: '1h' }),
      () => cache.delete(key),
    ]) {
      const error = t.throws(use, refused, String(use))
      t.true(error?.message.endsWith(`got ${called}`), error?.message)
    }

    t.is(cache.size, size)
    t.is(cache.bytes, bytes)
    t.deepEqual(cache.stats(), stats)
    t.is(cache.get('key'), 'value')
  })
}

test('a key that is missing is no key', (t) => {
  const cache = cacheFor(t)
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY', message: /got undefined/ }
  for (const method of /** @type {const} */ (['get', 'peek', 'has', 'set', 'delete'])) {
    t.throws(() => /** @type {any} */ (cache)[method](), refused, method)
  }
})

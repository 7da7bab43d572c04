import { isDeepStrictEqual } from 'node:util'
import v8 from 'node:v8'
import test from 'ava'
import fc from 'fast-check'
import { MISS, SharedCache } from '../dist/index.mjs'
import { living, randomFrom } from './fixtures/helpers.mjs'

/** @typedef {import('../dist/index.mjs').Codec<any>} Codec */

test.after.always('nothing is left open at the end', (t) => {
  t.is(living(), 0)
})

/**
 * A cache for one test.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Codec} [codec]
 * @param {`${number}mb`} [maxBytes]
 * @returns {SharedCache<any>}
 */
function cacheFor(t, codec, maxBytes = '64mb') {
  const cache = new SharedCache({ maxBytes, codec })
  t.teardown(() => cache.close())
  return cache
}

/**
 * A codec of one's own: it keeps the very bytes it is given, which it may.
 *
 * @type {import('../dist/index.mjs').CustomCodec<{ bytes: Uint8Array }>}
 */
const KEEPING = {
  name: 'keeping',
  encode: ({ bytes }) => bytes,
  decode: (bytes) => ({ bytes }),
}

/**
 * Bytes that tell their own length and `seed`.
 *
 * @param {number} length
 * @param {number} seed
 */
function bytesOf(length, seed) {
  return Buffer.alloc(length, Buffer.from(`${length}/${seed}/`))
}

/**
 * Whether two values are the same in all that can be told. Node 20 finds two invalid Dates different; their clones are not.
 *
 * @param {unknown} one
 * @param {unknown} other
 */
function areSame(one, other) {
  return isDeepStrictEqual(one, other) || v8.serialize(one).equals(v8.serialize(other))
}

// --- Kinds -----------------------------------------------------------------------------------------------------------

class Point {
  constructor(/** @type {number} */ x) {
    this.x = x
  }
}

const cyclic = /** @type {{ self?: unknown, list: unknown[] }} */ ({ list: [] })
cyclic.self = cyclic
cyclic.list.push(cyclic, cyclic.list)

const part = { part: true }

/** @type {Record<string, unknown>} */
const KINDS = {
  undefined: undefined,
  null: null,
  true: true,
  false: false,
  'a small integer': 7,
  zero: 0,
  'negative zero': -0,
  'a fraction': 0.1,
  'the largest number': Number.MAX_VALUE,
  'the smallest number': Number.MIN_VALUE,
  'a whole number beyond 32 bits': 2 ** 40,
  NaN: Number.NaN,
  infinity: Number.POSITIVE_INFINITY,
  'negative infinity': Number.NEGATIVE_INFINITY,
  'a bigint': 12345678901234567890n,
  'a negative bigint': -(2n ** 70n),
  'an empty string': '',
  'a string': 'text',
  'a string that looks like JSON': '{"a":1}',
  'a string of Latin-1': 'café',
  'a string of wide units': 'λόγος 🌍',
  'lone surrogates': '\ud800 and \udfff',
  'a string with NUL inside': 'a\0b',
  'an empty object': {},
  'an empty array': [],
  'plain data': { id: 1, name: 'Ada', tags: ['a', 'b'], nested: { deep: [null, true, 1.5] } },
  'data with wide text and wide names': { ключ: 'значение', '🌍': '\ud800' },
  'data with undefined inside': { a: undefined, b: [undefined] },
  'data with -0, NaN and infinity inside': [-0, Number.NaN, Number.POSITIVE_INFINITY],
  'an array with holes': Object.assign(new Array(3), { 0: 1, 2: 3 }),
  'an array with a name': Object.assign([1, 2], { name: 'list' }),
  'a property named __proto__': JSON.parse('{"__proto__": {"polluted": true}}'),
  'a property named toJSON': { toJSON: 'just data' },
  'an object with integer names': { 2: 'b', 1: 'a', x: 'c' },
  'an object that is met twice': [part, part],
  'a cycle': cyclic,
  'a Date': new Date(1234567890123),
  'an invalid Date': new Date(Number.NaN),
  'a RegExp': /a(b)+/giu,
  'a Map': new Map(
    /** @type {[unknown, unknown][]} */ ([
      ['a', 1],
      [{}, new Date(0)],
    ]),
  ),
  'a Set': new Set([1, 'a', undefined]),
  'a Map in an object': { map: new Map([['k', new Set([1n])]]) },
  'an Error': new RangeError('too far'),
  'a String object': Object('text'),
  'a Number object': Object(1.5),
  'a Boolean object': Object(false),
  'a BigInt object': Object(5n),
  'an instance of a class, which loses it': new Point(3),
  'a Buffer': Buffer.from('bytes'),
  'an empty Buffer': Buffer.alloc(0),
  'a Uint8Array': Uint8Array.of(1, 2, 255),
  'an empty Uint8Array': new Uint8Array(0),
  'a view of a part of a buffer': new Uint8Array(Uint8Array.of(9, 1, 2, 9).buffer, 1, 2),
  'a Uint8ClampedArray': Uint8ClampedArray.of(1, 300),
  'an Int8Array': Int8Array.of(-1),
  'an Int16Array': Int16Array.of(-300),
  'a Uint16Array': Uint16Array.of(300),
  'an Int32Array': Int32Array.of(-70_000),
  'a Uint32Array': Uint32Array.of(70_000),
  'a Float32Array': Float32Array.of(1.5),
  'a Float64Array': Float64Array.of(0.1, -0),
  'a BigInt64Array': BigInt64Array.of(-5n),
  'a BigUint64Array': BigUint64Array.of(5n),
  'a DataView': new DataView(Uint8Array.of(1, 2).buffer),
  'an ArrayBuffer': Uint8Array.of(1, 2, 3).buffer,
  'bytes in an object': { bytes: Uint8Array.of(1, 2), buffer: Buffer.from('in') },
  'a long list of numbers': Array.from({ length: 1000 }, (_, i) => Math.sin(i)),
  'a deep object': Array.from({ length: 500 }).reduce((/** @type {object} */ inner) => ({ inner }), {}),
  'four megabytes of text': 'x'.repeat(2 ** 22),
}

for (const [kind, value] of Object.entries(KINDS)) {
  test(`${kind} comes back as structured clone would give it`, (t) => {
    const cache = cacheFor(t)
    const clone = v8.deserialize(v8.serialize(value))
    cache.set('key', value)
    for (const read of [() => cache.get('key', MISS), () => cache.peek('key', MISS)]) {
      const got = read()
      t.true(areSame(got, clone))
      t.is(Object.prototype.toString.call(got), Object.prototype.toString.call(clone))
      if (typeof got !== 'object' || got === null) continue
      t.is(Object.getPrototypeOf(got), Object.getPrototypeOf(clone))
      t.not(got, value)
      t.not(read(), got, 'each reader has a copy of its own')
    }
    t.true(cache.has('key'))
    t.is(cache.size, 1)
  })
}

test('an object that was met twice is one object again', (t) => {
  const cache = cacheFor(t)
  cache.set('key', { a: part, b: [part] })
  const { a, b } = cache.get('key')
  t.is(a, b[0])
})

test('any data comes back as structured clone would give it', (t) => {
  const cache = cacheFor(t)
  const data = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withUnicodeString: true,
  })
  fc.assert(
    fc.property(data, (value) => {
      cache.set('key', value)
      return areSame(cache.get('key', MISS), v8.deserialize(v8.serialize(value)))
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('undefined and null are values, told from a miss by a fallback', (t) => {
  const cache = cacheFor(t)
  cache.set('undefined', undefined).set('null', null)
  t.true(cache.has('undefined'))
  t.is(cache.get('undefined', MISS), undefined)
  t.is(cache.peek('undefined', 'fallback'), undefined)
  t.is(cache.get('null', MISS), null)
  t.is(cache.get('absent', MISS), MISS)
  t.is(cache.get('absent'), undefined)
  t.is(cache.get('absent', null), null)
  const { hits, misses } = cache.stats()
  t.deepEqual({ hits, misses }, { hits: 2, misses: 3 })
})

test('a value takes the place of one of another kind', (t) => {
  const cache = cacheFor(t)
  for (const value of [1, 'text', undefined, { a: 1 }, Buffer.from('b'), null, 'λ', new Map(), false, '']) {
    cache.set('key', value)
    t.deepEqual(cache.get('key', MISS), value)
  }
  t.is(cache.size, 1)
})

// --- Copies ----------------------------------------------------------------------------------------------------------

test('changing what was given to set changes nothing in the cache', (t) => {
  const cache = cacheFor(t)
  const inputs = {
    plain: { a: [1] },
    cloned: { map: new Map([['a', 1]]) },
    buffer: Buffer.from('abc'),
    bytes: Uint8Array.of(1, 2, 3),
    numbers: Float64Array.of(1, 2),
    long: bytesOf(100_000, 1),
  }
  const copies = structuredClone(inputs)
  for (const [key, value] of Object.entries(inputs)) cache.set(key, value)
  inputs.plain.a.push(2)
  inputs.cloned.map.clear()
  for (const bytes of [inputs.buffer, inputs.bytes, inputs.numbers, inputs.long]) bytes.fill(9)
  t.deepEqual(cache.get('plain'), copies.plain)
  t.deepEqual(cache.get('cloned'), copies.cloned)
  t.deepEqual(cache.get('buffer'), Buffer.from('abc'))
  for (const key of /** @type {const} */ (['bytes', 'numbers'])) t.deepEqual(cache.get(key), copies[key])
  t.true(cache.get('long').equals(copies.long))
})

test('changing what get returned changes nothing in the cache, and nothing that another get returned', (t) => {
  const cache = cacheFor(t)
  const values = {
    plain: { a: [1] },
    cloned: { map: new Map([['a', 1]]) },
    buffer: Buffer.from('abc'),
    bytes: Uint8Array.of(1, 2, 3),
    numbers: Float64Array.of(1, 2),
    inside: [Uint8Array.of(1, 2), Buffer.from('abc')],
    long: bytesOf(100_000, 1),
  }
  for (const [key, value] of Object.entries(values)) cache.set(key, value)
  /** @param {any} value */
  const spoil = (value) => {
    if (ArrayBuffer.isView(value)) new Uint8Array(value.buffer, value.byteOffset, value.byteLength).fill(255)
    else if (value instanceof Map) value.clear()
    else if (typeof value === 'object') {
      Object.values(value).forEach(spoil)
      value.spoilt = true
    }
  }
  for (const [key, value] of Object.entries(values)) {
    const other = cache.get(key)
    const peeked = cache.peek(key)
    spoil(cache.get(key))
    spoil(cache.peek(key))
    for (const copy of [other, peeked, cache.get(key)]) t.true(isDeepStrictEqual(copy, value), key)
  }
})

test('typed arrays come back over a store of exactly their size', (t) => {
  const cache = cacheFor(t)
  for (const length of [0, 1, 8, 4096, 4104, 100_000]) {
    cache.set('bytes', new Uint8Array(length).fill(1))
    cache.set('inside', { list: [Uint16Array.of(1), new Uint8Array(length).fill(2)] })
    t.is(cache.get('bytes').buffer.byteLength, length)
    const [first, second] = cache.get('inside').list
    t.is(first.buffer.byteLength, 2)
    t.is(second.buffer.byteLength, length)
  }
})

test('a value can be changed in shared memory while nobody sees the cached one change', (t) => {
  for (const codec of /** @type {const} */ (['structured', 'bytes'])) {
    const cache = cacheFor(t, codec)
    const shared = new Uint8Array(new SharedArrayBuffer(8)).fill(1)
    cache.set('key', Buffer.from(shared.buffer))
    shared.fill(2)
    t.deepEqual([...cache.get('key')], [1, 1, 1, 1, 1, 1, 1, 1])
  }
})

/**
 * For every codec: the values number 0, 1, 2 … of all lengths, no two alike.
 *
 * @type {[string, Codec, (i: number, length: number) => any][]}
 */
const SERIES = [
  ['structured, text', 'structured', (i, length) => `${i}${'x'.repeat(length)}`],
  ['structured, wide text', 'structured', (i, length) => `${i}${'λ'.repeat(length)}`],
  ['structured, plain data', 'structured', (i, length) => ({ i, text: 'x'.repeat(length) })],
  ['structured, bytes', 'structured', (i, length) => Uint8Array.from(bytesOf(length, i))],
  ['structured, Buffers', 'structured', (i, length) => bytesOf(length, i)],
  [
    'structured, cloned',
    'structured',
    (i, length) => ({ i, date: new Date(i), list: new Set([bytesOf(length, i)]) }),
  ],
  ['json', 'json', (i, length) => ({ i, text: 'λ'.repeat(length) })],
  ['string', 'string', (i, length) => `${i}${'x'.repeat(length)}`],
  ['bytes', 'bytes', (i, length) => bytesOf(length, i)],
  ['a codec that keeps its bytes', KEEPING, (i, length) => ({ bytes: new Uint8Array(bytesOf(length, i)) })],
]

for (const [name, codec, make] of SERIES) {
  test(`a value once read never changes later, whatever happens to its entry (${name})`, (t) => {
    const cache = cacheFor(t, codec, '1mb')
    const random = randomFrom(10)
    /** @type {[number, number, any][]} */
    const held = []
    let changed = 0
    for (let i = 0; i < 10_000; i++) {
      const length = Math.floor(random() ** 4 * 6000)
      const key = `key ${i % 7}`
      cache.set(key, make(i, length))
      held.push([i, length, cache.get(key)])
      if (i % 250 < 249) continue
      // Each entry was overwritten by now. Let the last ones go too, and their memory be used again.
      if (i % 500 === 249) cache.clear()
      for (let filler = 0; filler < 100; filler++) cache.set(filler, make(-filler, 12_000))
      for (const [i, length, value] of held) if (!isDeepStrictEqual(value, make(i, length))) changed++
      held.length = 0
    }
    t.is(changed, 0)
    t.true(cache.stats().evictions > 0)
  })
}

// --- Lengths ---------------------------------------------------------------------------------------------------------

const LENGTHS = [0, 1, 7, 8, 9, 4087, 4088, 4095, 4096, 4097, 8183, 8184, 8185, 65_536, 2 ** 20, 2 ** 22]

for (const length of LENGTHS) {
  test(`bytes of length ${length} come back byte by byte`, (t) => {
    const bytes = bytesOf(length, 5)
    const cache = cacheFor(t, 'bytes')
    cache.set('buffer', bytes).set('view', new Uint8Array(bytes))
    for (const key of ['buffer', 'view']) {
      const got = cache.get(key)
      t.true(Buffer.isBuffer(got))
      t.is(got.length, length)
      t.true(got.equals(bytes))
    }

    const structured = cacheFor(t)
    structured.set('buffer', bytes).set('view', new Uint8Array(bytes))
    const [buffer, view] = [structured.get('buffer'), structured.get('view')]
    t.true(Buffer.isBuffer(buffer) && buffer.equals(bytes))
    t.true(!Buffer.isBuffer(view) && view instanceof Uint8Array && bytes.equals(view))

    const kept = cacheFor(t, KEEPING)
    kept.set('key', { bytes })
    t.is(kept.get('key').bytes.length, length)
    t.true(bytes.equals(kept.get('key').bytes))
  })
}

test('strings of all lengths around the sizes of buffers come back unit by unit', (t) => {
  const lengths = [0, 1, 2]
  for (const middle of [2048, 4096, 8192]) for (let by = -10; by <= 10; by++) lengths.push(middle + by)
  lengths.push(65_535, 65_536, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1, 2 ** 21)
  for (const codec of /** @type {const} */ (['structured', 'string'])) {
    const cache = cacheFor(t, codec)
    const wrong = []
    for (const length of lengths) {
      for (const last of ['a', '\0', 'é', 'λ', '\ud800', '\udfff']) {
        for (const filler of ['x', 'é', 'λ']) {
          const text = length === 0 ? '' : filler.repeat(length - 1) + last
          cache.set('key', text)
          if (cache.get('key') !== text) wrong.push([length, filler, last])
        }
      }
    }
    t.deepEqual(wrong, [])
  }
})

test('plain data whose JSON is long, narrow or wide comes back', (t) => {
  const cache = cacheFor(t)
  for (const length of [4070, 4080, 4090, 4096, 4100, 2 ** 20]) {
    for (const text of ['x'.repeat(length), 'λ'.repeat(length), `${'x'.repeat(length)}\ud800`]) {
      for (const codec of [cache, cacheFor(t, 'json')]) {
        codec.set('key', { text })
        t.is(codec.get('key').text, text)
      }
    }
  }
})

// --- Codecs ----------------------------------------------------------------------------------------------------------

test('json gives back what JSON makes of a value', (t) => {
  const cache = cacheFor(t, 'json')
  for (const value of [
    null,
    1,
    -0,
    Number.NaN,
    'text',
    new Date(0),
    { a: undefined, b: [undefined] },
    true,
  ]) {
    cache.set('key', value)
    t.deepEqual(cache.get('key', MISS), JSON.parse(JSON.stringify(value)))
  }
  cache.set('key', { toJSON: () => 'its own' })
  t.is(cache.get('key'), 'its own')
})

/** @type {[string, Codec | undefined, unknown, string][]} */
const REFUSED = [
  ['structured', undefined, () => {}, 'ERR_MOKAPOT_UNCLONEABLE'],
  ['structured', undefined, Symbol('s'), 'ERR_MOKAPOT_UNCLONEABLE'],
  ['structured', undefined, { deep: [() => {}] }, 'ERR_MOKAPOT_UNCLONEABLE'],
  ['structured', undefined, Promise.resolve(1), 'ERR_MOKAPOT_UNCLONEABLE'],
  ['structured', undefined, new WeakMap(), 'ERR_MOKAPOT_UNCLONEABLE'],
  ['structured', undefined, new Proxy({}, {}), 'ERR_MOKAPOT_UNCLONEABLE'],
  ['json', 'json', undefined, 'ERR_MOKAPOT_INVALID_VALUE'],
  ['json', 'json', () => {}, 'ERR_MOKAPOT_INVALID_VALUE'],
  ['json', 'json', Symbol('s'), 'ERR_MOKAPOT_INVALID_VALUE'],
  ['json', 'json', 1n, 'ERR_MOKAPOT_INVALID_VALUE'],
  ['json', 'json', cyclic, 'ERR_MOKAPOT_INVALID_VALUE'],
  ['string', 'string', 1, 'ERR_MOKAPOT_INVALID_VALUE'],
  ['string', 'string', undefined, 'ERR_MOKAPOT_INVALID_VALUE'],
  ['string', 'string', Object('text'), 'ERR_MOKAPOT_INVALID_VALUE'],
  ['bytes', 'bytes', 'text', 'ERR_MOKAPOT_INVALID_VALUE'],
  ['bytes', 'bytes', [1, 2], 'ERR_MOKAPOT_INVALID_VALUE'],
  ['bytes', 'bytes', new ArrayBuffer(2), 'ERR_MOKAPOT_INVALID_VALUE'],
  ['bytes', 'bytes', new Uint16Array(2), 'ERR_MOKAPOT_INVALID_VALUE'],
  ['bytes', 'bytes', detached(), 'ERR_MOKAPOT_INVALID_VALUE'],
  ['one of own', { ...KEEPING, encode: () => /** @type {any} */ ('text') }, 1, 'ERR_MOKAPOT_CODEC'],
  ['one of own', { ...KEEPING, encode: async () => new Uint8Array(1) }, 1, 'ERR_MOKAPOT_CODEC'],
  ['one of own', { ...KEEPING, encode: () => detached() }, 1, 'ERR_MOKAPOT_INVALID_VALUE'],
].map((row) => /** @type {[string, Codec | undefined, unknown, string]} */ (row))

function detached() {
  const bytes = new Uint8Array(4)
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

for (const [index, [name, codec, value, code]] of REFUSED.entries()) {
  test(`codec ${name} refuses what it cannot keep (${index}), naming the key, and the old value stays`, (t) => {
    const encode = typeof codec === 'object' ? codec.encode : undefined
    const old = { structured: { old: true }, json: { old: true }, string: 'old', bytes: Buffer.from('old') }[
      name
    ]
    let first = true
    const cache = cacheFor(
      t,
      encode === undefined
        ? codec
        : {
            name: 'own',
            encode: (given) => {
              if (!first) return encode(given)
              first = false
              return Buffer.from('old')
            },
            decode: (bytes) => Buffer.from(bytes).toString(),
          },
    )
    cache.set('the key', old)
    const stats = cache.stats()
    t.throws(() => cache.set('the key', value), { instanceOf: TypeError, code, message: /"the key"/ })
    t.throws(() => cache.set('other', value), { instanceOf: TypeError, code, message: /"other"/ })
    t.deepEqual(cache.stats(), stats)
    t.deepEqual(cache.get('the key'), encode === undefined ? old : 'old')
    t.false(cache.has('other'))
  })
}

test('what a codec of own throws reaches the caller, and the cache goes on', (t) => {
  const trouble = new Error('trouble')
  let broken = false
  const cache = cacheFor(t, {
    name: 'moody',
    encode: (value) => {
      if (broken) throw trouble
      return Buffer.from(String(value))
    },
    decode: (bytes) => {
      if (broken) throw trouble
      return Buffer.from(bytes).toString()
    },
  })
  cache.set('key', 'old')
  broken = true
  t.is(
    t.throws(() => cache.set('key', 'new')),
    trouble,
  )
  t.is(
    t.throws(() => cache.get('key')),
    trouble,
  )
  t.is(
    t.throws(() => cache.peek('key')),
    trouble,
  )
  t.true(cache.has('key'))
  broken = false
  t.is(cache.get('key'), 'old')
})

test('a codec of own may use the cache it serves', (t) => {
  const cache = cacheFor(t, {
    name: 'reentrant',
    encode: (value) => {
      if (value.with !== undefined) cache.set('inner', { text: value.with })
      return Buffer.from(value.text)
    },
    decode: (bytes) => {
      const text = Buffer.from(bytes).toString()
      return text === 'outer' ? { text, inner: cache.get('inner') } : { text }
    },
  })
  cache.set('outer', { text: 'outer', with: 'a longer text than that of the outer one' })
  t.deepEqual(cache.get('outer'), {
    text: 'outer',
    inner: { text: 'a longer text than that of the outer one' },
  })
})

test('a getter in a value may use the cache that the value is on its way to', (t) => {
  const cache = cacheFor(t)
  cache.set('outer', {
    get inner() {
      cache.set('inner', Buffer.from('bytes'))
      return [cache.get('inner').toString(), new Date(0)]
    },
  })
  t.deepEqual(cache.get('outer'), { inner: ['bytes', new Date(0)] })
  t.deepEqual(cache.get('inner'), Buffer.from('bytes'))
})

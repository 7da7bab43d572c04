import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import { Cache, SharedCache } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { revoked } from './fixtures/input/options.mjs'
import { refuses, refusesIn, shown, takes } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const MIB = 2 ** 20

/** @param {Uint8Array} bytes */
function detached(bytes) {
  structuredClone(bytes, { transfer: [bytes.buffer] })
  return bytes
}

/** @param {number} length */
function lengthTracking(length) {
  const Resizable = /** @type {any} */ (ArrayBuffer)
  return new Uint8Array(new Resizable(length, { maxByteLength: 2 * length }))
}

/** No two of these are one key, in a Map or in a cache of either kind. */
const SHARED_KEYS = [
  ...[
    '',
    ' ',
    '\0',
    '\0\0',
    'a',
    'a\0',
    'a\0b',
    'é',
    'e\u0301',
    '\ud800',
    '\udfff',
    '\udfff\ud800',
    '\ud83c\udf0d',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'undefined',
    'null',
    'NaN',
    '0',
    '-0',
    '1',
    '1n',
    '[object Object]',
    'true',
  ],
  ...[
    'x'.repeat(254),
    'x'.repeat(255),
    'x'.repeat(256),
    'x'.repeat(MIB),
    `${'x'.repeat(MIB)}y`,
    '\ud800'.repeat(MIB),
  ],
  ...[
    0,
    1,
    -1,
    1.5,
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    Number.MIN_VALUE,
    Number.MAX_VALUE,
  ],
  ...[0n, 1n, -1n, 10n, 2n ** 63n, 2n ** 64n, -(2n ** 64n), 10n ** 5000n],
]

/** Nothing but a `Cache` takes these, by identity or by value as a Map does. */
const OTHER_KEYS = [
  ...[undefined, null, true, false, Symbol('s'), Symbol('s'), Symbol.for('s'), Symbol.iterator],
  ...[
    {},
    {},
    [],
    [1],
    [1],
    Object.create(null),
    () => 1,
    class {},
    new Date(0),
    /x/,
    new Map(),
    Promise.resolve(),
  ],
  ...[Object('a'), Object(1), Object(1n), Object(true), Object(Symbol('s')), new Error('a'), globalThis],
  ...[
    new Proxy({}, {}),
    new Proxy(() => 1, {}),
    new Proxy(new Uint8Array(1), {}),
    revoked(),
    revoked(() => 1),
  ],
  ...[
    new ArrayBuffer(1),
    new SharedArrayBuffer(1),
    new DataView(new ArrayBuffer(1)),
    new Uint16Array(1),
    new Int8Array(1),
  ],
  ...[
    new Uint8ClampedArray(1),
    Object.create(Uint8Array.prototype),
    detached(new Uint8Array(8)),
    detached(Buffer.alloc(9000)),
  ],
]

/** Bytes of whatever make, no two of which are equal: one key each by content. */
const BYTES = [
  ...[new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 0), Buffer.from('a'), Buffer.alloc(MIB, 1)],
  ...[new Uint8Array(new SharedArrayBuffer(3)), Uint8Array.of(1, 2, 3, 4).subarray(1, 3), lengthTracking(4)],
  Object.defineProperty(new Uint8Array(5), 'byteLength', { value: 2 ** 40 }),
  Object.defineProperty(new Uint8Array(6), 'constructor', { value: Float64Array }),
  new (class extends Uint8Array {
    static get [Symbol.species]() {
      return never()
    }
  })(7),
]

function never() {
  throw new Error('this must not be called')
}

test.serial('a Cache takes every key that a Map takes, and takes the same ones for one', (t) => {
  const keys = [...SHARED_KEYS, ...OTHER_KEYS, ...BYTES, -0]
  const map = new Map()
  const cache = new Cache({ max: keys.length })
  keys.forEach((key, i) => {
    map.set(key, i)
    t.is(cache.set(key, i), cache)
    t.is(cache.size, map.size)
  })
  t.is(map.get(0), keys.length - 1, '-0 is 0')
  const [mine, theirs] = [[...cache.keys()], [...map.keys()]]
  t.true(mine.every((key, i) => Object.is(key, theirs[i])))
  for (const key of keys) {
    const i = map.get(key)
    const found = [
      cache.get(key),
      cache.peek(key),
      cache.has(key),
      cache.info(key)?.value,
      cache.getMany([key])[0],
    ]
    t.deepEqual(found, [i, i, true, i, i], shown(key))
  }
  for (const key of keys) t.is(cache.delete(key), map.delete(key), shown(key))
  t.is(cache.size, 0)
})

for (const { member, world, use } of waysOf('key')) {
  const isShared = world === 'shared' || world === 'near'

  test.serial(
    `${member} (${world}) takes ${isShared ? 'strings, numbers, bigints and bytes' : 'keys of all kinds'}`,
    async (t) => {
      const keys = [...SHARED_KEYS, ...BYTES, ...(isShared ? [] : OTHER_KEYS)]
      const { subject, close } = worlds[world]()
      for (const key of keys) await use(subject, key)
      if (/ (set|memo|getOrSet|setMany)$/.test(member)) t.true(subject.has(keys.at(-1)))
      t.is(subject.has('other'), true)
      close()
    },
  )

  if (!isShared) continue
  test.serial(`${member} (${world}) takes bytes that lie outside their store for none`, async (t) => {
    const { subject, close } = worlds[world]()
    const outside = lengthTracking(8).subarray(2, 6)
    const store = /** @type {any} */ (outside.buffer)
    store.resize(1)
    t.is(outside.length, 0)
    subject.set(new Uint8Array(0), 'none')
    await use(subject, outside)
    const isThere = !/ (delete|deleteMany)$/.test(member)
    t.is(subject.has(outside), isThere)
    t.is([...subject.keys()].filter((key) => typeof key === 'object').length, isThere ? 1 : 0)
    close()
  })

  test.serial(`${member} (${world}) refuses any other key`, async (t) => {
    const held = worlds[world]()
    const refusal = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY', names: 'key' }
    for (const key of OTHER_KEYS) {
      await refusesIn(t, held, (subject) => use(subject, key), refusal, `${member} ${shown(key)}`)
    }
    held.close()
  })
}

test.serial('a SharedCache tells all keys apart, and gives each back as it was', (t) => {
  const cache = new SharedCache({ maxBytes: '64mb' })
  const keys = [...SHARED_KEYS, ...BYTES]
  keys.forEach((key, i) => {
    cache.set(key, i)
  })
  t.is(cache.size, keys.length)
  keys.forEach((key, i) => {
    t.is(cache.get(key), i, shown(key))
  })
  /** @param {Iterable<any>} keys */
  const written = (keys) =>
    Array.from(keys, (key) => `${typeof key} ${typeof key === 'object' ? [...key] : key}`).sort()
  t.true(isDeepStrictEqual(written(cache.keys()), written(keys)))
  cache.set(-0, 'zero')
  t.is(cache.get(0), 'zero')
  t.is(cache.size, keys.length)
  t.is(cache.deleteMany(keys), keys.length)
  cache.close()
})

test.serial('a key of 64 MiB works in a Cache, and in a SharedCache that has room for it', (t) => {
  for (const unit of ['k', '\ud800']) {
    const key = unit.repeat(64 * MIB)
    const other = key.slice(0, -1)
    const small = new SharedCache({ maxBytes: '1mb' })
    const large = new SharedCache({ maxBytes: '1gb' })
    const cache = new Cache({ max: 2 })
    t.is(small.set(key, 'value').stats().rejected, 1, 'too large an entry is refused, and not an error')
    t.deepEqual([small.get(key), small.has(key), small.delete(key), small.size], [undefined, false, false, 0])
    for (const cache of [small, large]) t.is(cache.get(other), undefined)
    if (unit === 'k') {
      t.is(large.set(key, 'value').get(key), 'value')
      t.deepEqual([large.has(other), large.delete(key), large.size], [false, true, 0])
    }
    t.is(cache.set(key, 'value').get(key), 'value')
    t.false(cache.has(other))
    for (const cache of [small, large]) cache.close()
  }
})

test.serial('a key that is changed or detached while a value is encoded does no harm', async (t) => {
  const bytes = Uint8Array.of(1, 2, 3)
  const codec = {
    name: 'meddling',
    /** @param {unknown} value */
    encode(value) {
      if (value === 'detach') detached(bytes)
      if (value === 'change') bytes[0] = 9
      return Buffer.from(String(value))
    },
    /** @param {Uint8Array} text */
    decode: (text) => Buffer.from(text).toString(),
  }
  const cache = new SharedCache({ maxBytes: '1mb', codec })
  cache.setMany([[bytes, 'change']])
  t.deepEqual([cache.get(Uint8Array.of(1, 2, 3)), cache.has(Uint8Array.of(9, 2, 3))], ['change', false])
  cache.setMany([[bytes, 'detach']])
  t.is(cache.get(Uint8Array.of(9, 2, 3)), 'detach')
  const before = cache.stats()
  t.throws(() => cache.set(bytes, 'late'), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
  await t.throwsAsync(() => cache.getOrSet(bytes, () => 'late'), { code: 'ERR_MOKAPOT_INVALID_KEY' })
  t.deepEqual(cache.stats(), before)
  cache.close()
})

for (const { member, world, use } of waysOf('name')) {
  test.serial(`${member} takes any well-formed text as a name`, async (t) => {
    const names = ['a', '\0', '__proto__', 'é', 'e\u0301', ' ', 'n'.repeat(MIB)]
    for (const name of names) await takes(t, world, (subject) => use(subject, name), shown(name))
    const refusal = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION', names: 'name' }
    for (const name of [...OTHER_KEYS, '', '\ud800', 'a\udfff', 1, 1n, Number.NaN]) {
      await refuses(t, world, (subject) => use(subject, name), refusal, shown(name))
    }
  })
}

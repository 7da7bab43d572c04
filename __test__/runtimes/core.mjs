/** What both caches do in one thread, on any runtime: `node core.mjs`, `bun core.mjs`, `deno run -A core.mjs`. */

import assert from 'node:assert/strict'
import { Cache, MISS, SharedCache } from '../../dist/index.mjs'
import { advance } from '../../dist/testing.mjs'
import { check, runChecks, sleep } from './suite.mjs'

/**
 * @param {string} code
 */
const coded = (code) => (/** @type {unknown} */ error) =>
  error instanceof Error && /** @type {{ code?: string }} */ (error).code === code

/**
 * A shared cache for one check.
 *
 * @template [V=any]
 * @param {Partial<import('../../dist/index.mjs').SharedCacheOptions<V>>} options
 * @param {(cache: SharedCache<V>) => unknown} body
 */
async function withShared(options, body) {
  const cache = new SharedCache(
    /** @type {import('../../dist/index.mjs').SharedCacheOptions<V>} */ ({ maxBytes: '4mb', ...options }),
  )
  try {
    await body(cache)
  } finally {
    cache.close()
  }
}

// --- Cache --------------------------------------------------------------------------------------------

check('Cache: keys are told apart as in a Map, and values come back as they are', () => {
  const cache = new Cache({ max: 100 })
  const object = {}
  const symbol = Symbol('key')
  for (const key of [1, '1', 1n, Number.NaN, null, undefined, true, object, symbol]) cache.set(key, { key })
  assert.equal(cache.size, 9)
  assert.equal(cache.get(object).key, object)
  assert.equal(cache.get(symbol).key, symbol)
  assert.equal(cache.get(Number.NaN), cache.get(0 / 0))
  assert.equal(cache.get({}), undefined)
  assert.equal(cache.get('none', MISS), MISS)
})

check('Cache: a limit holds after every call, and what leaves is disposed of once', () => {
  /** @type {number[]} */
  const left = []
  const cache = new Cache({ max: 100, dispose: (/** @type {number} */ value) => left.push(value) })
  for (let key = 0; key < 5000; key++) {
    cache.set(key, key)
    assert.ok(cache.size <= 100)
    assert.equal(cache.get(key), key)
  }
  assert.equal(cache.size, 100)
  assert.equal(new Set(left).size, 4900)
  assert.equal(left.length, 4900)
})

check('Cache: a limit on sizes holds', () => {
  const cache = new Cache({ maxSize: 1000, sizeCalculation: (/** @type {string} */ value) => value.length })
  for (let key = 0; key < 500; key++) {
    cache.set(key, 'x'.repeat(1 + (key % 50)))
    assert.ok(cache.calculatedSize <= 1000)
  }
  cache.resize({ maxSize: 100 })
  assert.ok(cache.calculatedSize <= 100)
})

/**
 * Waits for the end of an entry whose time is over: where other processes take all processors, the thread that keeps the
 * time waits with the rest.
 *
 * @param {{ get(key: string): number | undefined }} cache
 */
async function isGone(cache) {
  for (let waits = 0; waits < 100 && cache.get('key') !== undefined; waits++) await sleep(20)
  assert.equal(cache.get('key'), undefined)
}

/**
 * Sets a key and reads it again before its time is over, which a slow machine may need some attempts for.
 *
 * @param {number} ttl
 * @param {{ set(key: string, value: number): unknown, get(key: string): number | undefined }} cache
 */
function readsWithin(ttl, cache) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const start = performance.now()
    cache.set('key', 1)
    const value = cache.get('key')
    if (performance.now() - start < ttl / 2) return assert.equal(value, 1)
  }
  assert.fail('this machine is too slow to read anything in time')
}

check('Cache: by the real clock an entry is not read after its time, and is swept', async () => {
  const cache = new Cache({ max: 10, ttl: 50 })
  cache.set('long', 2, { ttl: '1h' })
  readsWithin(50, cache)
  await sleep(80)
  await isGone(cache)
  for (let waits = 0; cache.size > 1 && waits < 100; waits++) await sleep(20)
  assert.equal(cache.size, 1)
  assert.equal(cache.get('long'), 2)
})

check('Cache: by the real clock an entry ends also while its thread is busy', () => {
  const cache = new Cache({ max: 10, ttl: 30 })
  readsWithin(30, cache)
  const end = performance.now() + 3000
  while (performance.now() < end && cache.get('key') !== undefined);
  assert.equal(cache.get('key'), undefined)
})

check('Cache: by a clock of the caller entries end and idle out', () => {
  let now = 1000
  const cache = new Cache({ max: 10, ttl: 100, tti: 40, clock: { now: () => now } })
  cache.set('key', 1)
  for (const step of [30, 30, 30]) {
    now += step
    assert.equal(cache.get('key'), 1)
  }
  assert.equal(cache.getRemainingTTL('key'), 10)
  now += 10
  assert.equal(cache.get('key'), undefined)
  cache.set('idle', 2)
  now += 40
  assert.equal(cache.has('idle'), false)
  assert.equal(cache.purgeExpired(), 1)
})

check('Cache: iteration is in the order of insertion, and entries may go during it', () => {
  const cache = new Cache({ max: 10 })
  cache.setMany([
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ])
  cache.set('a', 4)
  assert.deepEqual(
    [...cache],
    [
      ['a', 4],
      ['b', 2],
      ['c', 3],
    ],
  )
  for (const key of cache.keys()) cache.delete(key)
  assert.equal(cache.size, 0)
})

check('Cache: many keys are read, set and deleted at once', () => {
  const cache = new Cache({ max: 10 })
  cache.setMany(
    new Map([
      [1, 'one'],
      [2, 'two'],
    ]),
  )
  assert.deepEqual(cache.getMany([2, 3, 1]), ['two', undefined, 'one'])
  assert.equal(cache.deleteMany([1, 2, 3]), 2)
})

check('Cache: what is dumped is loaded again', () => {
  const cache = new Cache({ max: 10, ttl: '1h' })
  cache.set('a', { deep: [1] })
  const copy = new Cache({ max: 10 })
  copy.load(structuredClone(cache.dump()))
  assert.deepEqual(copy.get('a'), { deep: [1] })
  assert.ok(copy.getRemainingTTL('a') > 3_500_000)
})

check('Cache: callers share one load, and an error is not kept', async () => {
  const cache = new Cache({ max: 10 })
  let loads = 0
  const load = async () => {
    loads += 1
    await sleep(5)
    if (loads === 2) throw new Error('down')
    return { loads }
  }
  const [first, second] = await Promise.all([cache.getOrSet('key', load), cache.getOrSet('key', load)])
  assert.equal(first, second)
  assert.equal(loads, 1)
  await assert.rejects(cache.getOrSet('other', load), /down/)
  assert.deepEqual(await cache.getOrSet('other', load), { loads: 3 })
})

check('Cache: a caller leaves a load by its signal or when its time is up', async () => {
  const cache = new Cache({ max: 10 })
  const never = () => new Promise(() => {})
  const leave = new AbortController()
  const left = cache.getOrSet('a', never, { signal: leave.signal })
  leave.abort(new Error('gone'))
  await assert.rejects(left, /gone/)
  await assert.rejects(cache.getOrSet('b', never, { timeout: 10 }), coded('ERR_MOKAPOT_TIMEOUT'))
})

check('Cache: a stale value is served while it is loaded again', async () => {
  let now = 0
  const cache = new Cache({ max: 10, ttl: 100, staleWhileRevalidate: 100, clock: { now: () => now } })
  cache.set('key', 'old')
  now = 150
  assert.equal(cache.get('key'), undefined)
  assert.equal(await cache.getOrSet('key', async () => 'new'), 'old')
  await sleep(1)
  assert.equal(cache.get('key'), 'new')
})

check('Cache: counters add up, and after close there is an error', () => {
  const cache = new Cache({ max: 2 })
  for (let key = 0; key < 10; key++) cache.set(key, key)
  cache.get('none')
  const { sets, evictions, misses, size } = cache.stats()
  assert.deepEqual([sets, sets - evictions, misses], [10, size, 1])
  cache.close()
  assert.throws(() => cache.get(1), coded('ERR_MOKAPOT_CLOSED'))
})

// --- SharedCache --------------------------------------------------------------------------------------

check('SharedCache: keys of different types are different, to the last unit and bit', () =>
  withShared({}, (cache) => {
    const keys = [
      '',
      '1',
      1,
      1n,
      -1n,
      2n ** 200n,
      Number.NaN,
      0.5,
      'é',
      'e\u0301',
      '\ud800',
      '\ud801',
      '\ufffd',
      '日本',
      '\0',
      '__proto__',
      'x'.repeat(100_000),
      '\u{1f600}'.repeat(5000),
      new Uint8Array(0),
      new Uint8Array([49]),
      new Uint8Array(5000).fill(7),
    ]
    for (const [index, key] of keys.entries()) cache.set(key, index)
    for (const [index, key] of keys.entries()) assert.equal(cache.get(key), index, String(index))
    assert.equal(cache.size, keys.length)
    cache.set(-0, 'zero')
    assert.equal(cache.get(0), 'zero')
    const back = [...cache.keys()]
    assert.equal(back.length, keys.length + 1)
    for (const key of back) assert.ok(cache.has(key))
    assert.throws(() => cache.get(/** @type {any} */ ({})), coded('ERR_MOKAPOT_INVALID_KEY'))
  }),
)

/** @type {Record<string, any>} */
const cycle = { name: 'cycle' }
cycle.self = cycle
const sparse = new Array(3)
sparse[2] = 3
const error = new RangeError('out of range')
/** @type {Record<string, unknown>} */
const values = {
  undefined: undefined,
  null: null,
  true: true,
  false: false,
  zero: 0,
  'minus zero': -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  float: 1.5e300,
  bigint: 2n ** 100n,
  'empty text': '',
  text: 'text',
  'wide text': '日本語 😀',
  'lone surrogate': 'a\ud800b',
  'long text': 'x'.repeat(100_000),
  'long wide text': '日'.repeat(50_000),
  object: { a: 1, b: [1, 2, { c: null }], d: 'é' },
  'object with undefined': { a: undefined },
  array: [1, 'two', [3]],
  holes: sparse,
  'object with -0': { a: -0 },
  date: new Date(86_400_000),
  regexp: /a+b/giu,
  map: new Map([[{ key: 1 }, new Set([1, 'two'])]]),
  set: new Set([1, 2n]),
  cycle,
  error,
  'boxed number': Object(5),
  bytes: new Uint8Array([1, 2, 3]),
  'no bytes': new Uint8Array(0),
  buffer: Buffer.from('buffer'),
  'long bytes': new Uint8Array(100_000).fill(9),
  floats: new Float64Array([1.5, -0]),
  int16: new Int16Array([1, -2]),
  bigints: new BigInt64Array([1n, -1n]),
  view: new DataView(new ArrayBuffer(8), 2, 4),
  store: new ArrayBuffer(16),
  'nested bytes': {
    at: new Uint8Array([4, 5]),
    and: Buffer.from('nested'),
    map: new Map([[1, new Float32Array(3)]]),
  },
}

for (const [name, value] of Object.entries(values)) {
  check(`SharedCache: a value comes back as it was: ${name}`, () =>
    withShared({}, (cache) => {
      cache.set('key', value)
      assert.deepEqual(cache.get('key'), value)
      assert.deepEqual(cache.peek('key'), value)
      assert.deepEqual(cache.getMany(['key'])[0], value)
    }),
  )
}

check('SharedCache: each reader has a copy of its own, typed arrays and their stores too', () =>
  withShared({}, (cache) => {
    cache.set('key', {
      list: [1],
      floats: new Float64Array([1]),
      bytes: new Uint8Array([1]),
      when: new Date(0),
    })
    const first = cache.get('key')
    first.list.push(2)
    first.floats[0] = 2
    first.bytes[0] = 2
    assert.equal(first.floats.buffer.byteLength, 8)
    assert.equal(first.bytes.buffer.byteLength, 1)
    const second = cache.get('key')
    assert.deepEqual([second.list, second.floats[0], second.bytes[0]], [[1], 1, 1])
    cache.set('bytes', Buffer.from('abc'))
    const bytes = cache.get('bytes')
    bytes[0] = 0
    for (let key = 0; key < 10; key++) cache.set(key, Buffer.from('xyz'))
    assert.equal(cache.get('bytes').toString(), 'abc')
    assert.equal(cache.get(5).toString(), 'xyz')
    assert.equal(bytes[1], 'b'.charCodeAt(0))
  }),
)

check('SharedCache: what cannot be cloned is refused by name, and the old value stays', () =>
  withShared({}, (cache) => {
    cache.set('key', 'old')
    for (const bad of [() => {}, Symbol('no'), { deep: [() => {}] }, Promise.resolve()]) {
      assert.throws(() => cache.set('key', bad), coded('ERR_MOKAPOT_UNCLONEABLE'))
    }
    assert.equal(cache.get('key'), 'old')
  }),
)

check('SharedCache: the codecs json, string and bytes', async () => {
  await withShared({ codec: 'json' }, (cache) => {
    cache.set('key', { when: new Date(0) })
    assert.deepEqual(cache.get('key'), { when: '1970-01-01T00:00:00.000Z' })
    assert.throws(() => cache.set('key', undefined), coded('ERR_MOKAPOT_INVALID_VALUE'))
  })
  await withShared({ codec: 'string' }, (cache) => {
    cache.set('key', 'a\ud800日')
    assert.equal(cache.get('key'), 'a\ud800日')
    assert.throws(() => cache.set('key', 5), coded('ERR_MOKAPOT_INVALID_VALUE'))
  })
  await withShared({ codec: 'bytes' }, (cache) => {
    for (const length of [0, 1, 100, 4096, 4097, 1_000_000]) {
      cache.set('key', new Uint8Array(length).fill(length))
      const bytes = cache.get('key')
      assert.ok(Buffer.isBuffer(bytes))
      assert.deepEqual(new Uint8Array(bytes), new Uint8Array(length).fill(length))
    }
  })
})

check('SharedCache: a codec of the caller', () => {
  const codec = {
    name: 'upper',
    encode: (/** @type {string} */ text) => new TextEncoder().encode(text.toUpperCase()),
    decode: (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes),
  }
  return withShared({ codec }, (cache) => {
    cache.set('key', 'text')
    assert.equal(cache.get('key'), 'TEXT')
  })
})

check('SharedCache: both limits hold after every call', () =>
  withShared({ maxBytes: 200_000, max: 50 }, (cache) => {
    for (let key = 0; key < 2000; key++) {
      cache.set(`key ${key}`, 'x'.repeat(key % 9000))
      assert.ok(cache.bytes <= 200_000)
      assert.ok(cache.size <= 50)
    }
    cache.set('large', 'x'.repeat(cache.maxEntryBytes + 1))
    assert.equal(cache.has('large'), false)
    assert.equal(cache.stats().rejected, 1)
    cache.resize({ maxBytes: 20_000 })
    assert.ok(cache.bytes <= 20_000)
  }),
)

check('SharedCache: by the real clock an entry is not read after its time', () =>
  withShared({ ttl: 50 }, async (cache) => {
    readsWithin(50, cache)
    await sleep(80)
    assert.equal(cache.get('key'), undefined)
  }),
)

check('SharedCache: by a clock that tests move entries end and idle out', () =>
  withShared({ ttl: '1h', tti: '10m' }, (cache) => {
    cache.set('key', 1)
    cache.set('other', 2, { ttl: '2d', tti: '2d' })
    advance(9 * 60_000)
    assert.equal(cache.get('key'), 1)
    advance(9 * 60_000)
    assert.equal(cache.get('key'), 1)
    advance(10 * 60_000)
    assert.equal(cache.get('key'), undefined)
    assert.equal(cache.get('other'), 2)
    cache.purgeExpired()
    assert.equal(cache.size, 1)
  }),
)

check('SharedCache: iteration and bulk calls see everything once', () =>
  withShared({}, (cache) => {
    const entries = Array.from({ length: 3000 }, (_, key) => /** @type {const} */ ([key, { key }]))
    cache.setMany(entries)
    assert.deepEqual(
      [...cache.keys()].sort((a, b) => Number(a) - Number(b)),
      entries.map(([key]) => key),
    )
    for (const [key, value] of cache) assert.deepEqual(value, { key })
    assert.deepEqual(cache.getMany([1, 'none', 2]), [{ key: 1 }, undefined, { key: 2 }])
    assert.equal(cache.deleteMany(entries.map(([key]) => key)), 3000)
    assert.equal(cache.size, 0)
  }),
)

check('SharedCache: what is told of an entry', () =>
  withShared({ ttl: 5000 }, (cache) => {
    cache.set('key', 'value')
    const info = cache.info('key')
    assert.ok(info !== undefined && info.size > 8)
    assert.equal(info.ttl, 5000)
    assert.ok(info.remaining > 4000 && info.remaining <= 5000)
    assert.equal(cache.info('none'), undefined)
  }),
)

check('SharedCache: callers share one load, and get copies', () =>
  withShared({}, async (cache) => {
    let loads = 0
    const load = async () => {
      loads += 1
      await sleep(5)
      return { loads, at: new Date(0) }
    }
    const [first, second] = await Promise.all([cache.getOrSet('key', load), cache.getOrSet('key', load)])
    assert.equal(loads, 1)
    assert.deepEqual(first, second)
    assert.notEqual(first, second)
    const failing = cache.getOrSet('other', async () => Promise.reject(new Error('down')))
    await assert.rejects(failing, /down/)
    assert.equal(cache.has('other'), false)
  }),
)

check('SharedCache: names, handles and what is wrong with them', () => {
  const cache = new SharedCache({ maxBytes: '1mb', name: 'core' })
  const { handle } = cache
  const other = SharedCache.attach(JSON.parse(JSON.stringify(handle)))
  const third = SharedCache.open('core')
  other.set('key', 1)
  assert.equal(third.get('key'), 1)
  assert.throws(() => new SharedCache({ maxBytes: '1mb', name: 'core' }), coded('ERR_MOKAPOT_NAME_TAKEN'))
  assert.throws(() => SharedCache.open('core', { maxBytes: '2mb' }), coded('ERR_MOKAPOT_OPTIONS_DIFFER'))
  for (const opened of [cache, other, third]) opened.close()
  assert.throws(() => cache.get('key'), coded('ERR_MOKAPOT_CLOSED'))
  assert.throws(() => SharedCache.attach(handle), coded('ERR_MOKAPOT_STALE_HANDLE'))
})

check('SharedCache: 100,000 mixed operations leave counters that add up', () =>
  withShared({ maxBytes: 500_000 }, (cache) => {
    let seed = 1
    for (let step = 0; step < 100_000; step++) {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      const key = seed >>> 20
      if (seed % 8 === 0) cache.delete(key)
      else if (seed % 3 === 0) cache.set(key, { key, text: 'x'.repeat(seed % 300) })
      else {
        const value = cache.get(key)
        if (value !== undefined) assert.equal(value.key, key)
      }
    }
    const { sets, replaced, deletes, cleared, evictions, expirations, size } = cache.stats()
    assert.equal(sets - replaced - deletes - cleared - evictions - expirations, size)
  }),
)

await runChecks()

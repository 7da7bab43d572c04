import test from 'ava'
import { Cache, MISS } from '../dist/index.mjs'
import { cacheFor, isSound, ManualClock, stateOf } from './fixtures/cache-for.mjs'
import { randomFrom } from './fixtures/helpers.mjs'

const object = { an: 'object' }
const fn = () => 1
const symbol = Symbol('of its own')

/** Keys that a Map tells apart, with what a message calls them. */
const KEYS = /** @type {[string, any][]} */ ([
  ['a string', 'key'],
  ['the empty string', ''],
  ['a lone surrogate', '\ud800'],
  ['another lone surrogate', '\ud801'],
  ['a long string', 'x'.repeat(100_000)],
  ['a number', 1],
  ['the same number as text', '1'],
  ['the same number as bigint', 1n],
  ['zero', 0],
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['a fraction', 1.5],
  ['a huge bigint', 2n ** 200n],
  ['a negative bigint', -1n],
  ['true', true],
  ['false', false],
  ['the text true', 'true'],
  ['null', null],
  ['the text null', 'null'],
  ['undefined', undefined],
  ['the text undefined', 'undefined'],
  ['an object', object],
  ['another like it', { ...object }],
  ['an array', [1]],
  ['a function', fn],
  ['a symbol', symbol],
  ['another symbol of that name', Symbol('of its own')],
  ['a registered symbol', Symbol.for('mokapot.test')],
  ['a well-known symbol', Symbol.iterator],
  ['a frozen object', Object.freeze({})],
  ['an object without a prototype', Object.create(null)],
])

// --- Keys ------------------------------------------------------------------------------------------------------------

for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
  test(`all keys that a Map tells apart are told apart, with ${policy}`, (t) => {
    const cache = cacheFor(t, { policy })
    for (const [name, key] of KEYS) cache.set(key, `of ${name}`)
    t.is(cache.size, KEYS.length)
    for (const [name, key] of KEYS) {
      t.is(cache.get(key), `of ${name}`, name)
      t.is(cache.peek(key), `of ${name}`, name)
      t.true(cache.has(key), name)
    }
    t.deepEqual([...cache.keys()], [...new Map(KEYS.map(([, key]) => [key, 0])).keys()])
    for (const [name, key] of KEYS) {
      t.true(cache.delete(key), name)
      t.false(cache.delete(key), name)
      t.false(cache.has(key), name)
    }
    t.is(cache.size, 0)
    isSound(t, cache)
  })
}

test('NaN is a key, and -0 is 0', (t) => {
  const cache = cacheFor(t)
  cache.set(Number.NaN, 'NaN').set(-0, 'zero')
  t.is(cache.get(Number('none')), 'NaN')
  t.is(cache.get(0), 'zero')
  t.true(cache.has(-0))
  cache.set(0, 'again')
  t.is(cache.size, 2)
  t.true(Object.is([...cache.keys()][1], 0))
  t.true(cache.delete(-0))
})

test('a registered symbol is the same key wherever it is asked for', (t) => {
  const cache = cacheFor(t)
  cache.set(Symbol.for('one'), 1)
  t.is(cache.get(Symbol.for('one')), 1)
  t.is(cache.get(Symbol('one')), undefined)
})

test('an object as a key may change', (t) => {
  const cache = cacheFor(t)
  const key = { id: 1 }
  cache.set(key, 'value')
  key.id = 2
  t.is(cache.get(key), 'value')
  t.is(cache.get({ id: 2 }), undefined)
})

// --- Values and misses -----------------------------------------------------------------------------------------------

test('a value comes back as the same reference', (t) => {
  const cache = cacheFor(t)
  const values = [object, fn, symbol, [1], new Map(), new Date(), Promise.resolve(1), 1n, Number.NaN, '', 0]
  for (const [i, value] of values.entries()) cache.set(i, value)
  for (const [i, value] of values.entries()) {
    t.is(cache.get(i), value)
    t.is(cache.peek(i), value)
    t.is(cache.info(i)?.value, value)
  }
})

test('undefined and null are values', (t) => {
  const cache = cacheFor(t)
  cache.set('undefined', undefined).set('null', null)
  t.is(cache.size, 2)
  t.true(cache.has('undefined'))
  t.is(cache.get('undefined', MISS), undefined)
  t.is(cache.get('undefined', 'fallback'), undefined)
  t.is(cache.peek('undefined', MISS), undefined)
  t.is(cache.get('null', MISS), null)
  t.is(
    cache.memo('undefined', () => t.fail()),
    undefined,
  )
  t.deepEqual([...cache.values()], [undefined, null])
  t.deepEqual(cache.stats().hits, 4)
})

test('a miss gives undefined, or the fallback', (t) => {
  const cache = cacheFor(t)
  t.is(cache.get('none'), undefined)
  t.is(cache.get('none', undefined), undefined)
  for (const fallback of [null, 0, '', object, MISS]) {
    t.is(cache.get('none', fallback), fallback)
    t.is(cache.peek('none', fallback), fallback)
  }
  t.is(cache.peek('none'), undefined)
  t.false(cache.has('none'))
  t.is(cache.info('none'), undefined)
  t.is(cache.getRemainingTTL('none'), 0)
  t.is(cache.size, 0)
})

test('set returns the cache, and a later set overwrites', (t) => {
  const cache = cacheFor(t)
  t.is(cache.set('key', 1), cache)
  t.is(cache.set('key', 2), cache)
  t.is(cache.get('key'), 2)
  t.is(cache.size, 1)
})

test('clear takes out everything, and the cache goes on', (t) => {
  const cache = cacheFor(t)
  for (let i = 0; i < 500; i++) cache.set(i, i)
  t.is(cache.clear(), undefined)
  t.is(cache.size, 0)
  t.deepEqual([...cache], [])
  t.is(cache.get(1), undefined)
  for (let i = 0; i < 1000; i++) cache.set(i, -i)
  t.is(cache.size, 1000)
  t.is(cache.get(7), -7)
  t.is(cache.stats().cleared, 500)
  isSound(t, cache)
})

test('has, peek, info, getRemainingTTL and iteration count nothing and keep nothing alive', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { tti: 100, clock })
  cache.set('key', 'value')
  const before = cache.stats()
  for (let i = 0; i < 9; i++) {
    clock.advance(10)
    t.true(cache.has('key'))
    t.is(cache.peek('key'), 'value')
    t.is(cache.info('key')?.remaining, 100 - 10 * (i + 1))
    t.is(cache.getRemainingTTL('key'), 100 - 10 * (i + 1))
    t.is([...cache].length, 1)
    cache.forEach(() => {})
    cache.has('none')
    cache.peek('none')
  }
  t.deepEqual(cache.stats(), before)
  clock.advance(10)
  t.false(cache.has('key'))
})

test("has and peek do not save the least recently used entry of an 'lru' cache", (t) => {
  const cache = cacheFor(t, { policy: 'lru', max: 2 })
  cache.set('a', 1).set('b', 2)
  cache.has('a')
  cache.peek('a')
  cache.info('a')
  cache.set('c', 3)
  t.deepEqual([...cache.keys()], ['b', 'c'])
})

test('a cache tells what it is, and cannot be cloned', (t) => {
  const cache = cacheFor(t)
  t.is(Object.prototype.toString.call(cache), '[object Cache]')
  t.is(cache.max, 1000)
  t.is(cache.maxSize, Number.POSITIVE_INFINITY)
  t.is(cache.calculatedSize, 0)
})

// --- Many at once ----------------------------------------------------------------------------------------------------

test('getMany gives values in the order of the keys, and counts each', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', undefined).set(Number.NaN, 3)
  t.deepEqual(cache.getMany(['a', 'none', 'b', Number.NaN, 'a']), [1, undefined, undefined, 3, 1])
  t.deepEqual(cache.getMany(new Set(['a'])), [1])
  t.deepEqual(cache.getMany([]), [])
  const { hits, misses } = cache.stats()
  t.deepEqual({ hits, misses }, { hits: 5, misses: 1 })
})

test('getMany keeps entries from idling out, as get does', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { tti: 100, clock })
  cache.set('a', 1).set('b', 2)
  clock.advance(60)
  cache.getMany(['a'])
  clock.advance(60)
  t.deepEqual(cache.getMany(['a', 'b']), [1, undefined])
  t.is(cache.size, 1)
})

test('setMany stores pairs from any iterable, with options', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { clock })
  t.is(
    cache.setMany(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
      { ttl: 10 },
    ),
    cache,
  )
  cache.setMany([['a', 3]])
  cache.setMany([])
  t.is(cache.getRemainingTTL('a'), Number.POSITIVE_INFINITY)
  t.is(cache.getRemainingTTL('b'), 10)
  t.deepEqual(
    [...cache],
    [
      ['a', 3],
      ['b', 2],
    ],
  )
  isSound(t, cache)
})

test('setMany checks all before the first is stored', (t) => {
  const cache = cacheFor(t, {
    maxSize: 100,
    sizeCalculation: (value) => {
      if (value === 'bad') throw new Error('no size')
      return value
    },
  })
  cache.set('a', 1)
  const before = stateOf(cache)
  const entries = /** @type {any} */ ([
    [
      ['a', 2],
      ['b', 'bad'],
    ],
    [['a', 2], 'b'],
    [['a', 2], null],
    [
      ['a', 2],
      ['b', 0],
    ],
    [
      ['a', 2],
      ['b', 1.5],
    ],
    5,
    null,
    undefined,
  ])
  for (const bad of entries) t.throws(() => cache.setMany(bad))
  for (const options of /** @type {any} */ ([{ ttl: 0 }, { tti: 'x' }, { size: -1 }, { sice: 1 }, null])) {
    t.throws(() => cache.setMany([['a', 2]], options), { message: /./ })
  }
  t.deepEqual(stateOf(cache), before)
})

test('setMany may be given more than fits', (t) => {
  const cache = cacheFor(t, { max: 10 })
  cache.setMany(Array.from({ length: 100 }, (_, i) => [i, i]))
  t.true(cache.size <= 10)
  t.true(cache.has(99))
  isSound(t, cache)
})

test('deleteMany tells how many were there', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', 2).set('c', 3)
  t.is(cache.deleteMany(['a', 'none', 'a', 'c']), 2)
  t.is(cache.deleteMany([]), 0)
  t.deepEqual([...cache.keys()], ['b'])
  isSound(t, cache)
})

test('what is no iterable is a TypeError', (t) => {
  const cache = cacheFor(t)
  for (const keys of /** @type {any} */ ([undefined, null, 5, {}])) {
    t.throws(() => cache.getMany(keys), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION' })
    t.throws(() => cache.deleteMany(keys), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION' })
    t.throws(() => cache.setMany(keys), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION' })
  }
})

// --- memo ------------------------------------------------------------------------------------------------------------

test('memo computes a value once', (t) => {
  const cache = cacheFor(t)
  let calls = 0
  const compute = (/** @type {any} */ key) => {
    calls++
    return { key }
  }
  const value = cache.memo('key', compute)
  t.deepEqual(value, { key: 'key' })
  t.is(cache.memo('key', compute), value)
  t.is(calls, 1)
  const { hits, misses, sets } = cache.stats()
  t.deepEqual({ hits, misses, sets }, { hits: 1, misses: 1, sets: 1 })
})

test('memo stores nothing when compute throws', (t) => {
  const cache = cacheFor(t)
  const error = new Error('no value')
  t.is(
    t.throws(() =>
      cache.memo('key', () => {
        throw error
      }),
    ),
    error,
  )
  t.is(cache.size, 0)
  t.is(
    cache.memo('key', () => 1),
    1,
  )
})

test('memo takes the options of set', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { clock, maxSize: 10 })
  cache.memo('key', () => 1, { ttl: 5, size: 3 })
  t.is(cache.getRemainingTTL('key'), 5)
  t.is(cache.calculatedSize, 3)
  clock.advance(5)
  t.is(
    cache.memo('key', () => 2, { size: 1 }),
    2,
  )
  t.throws(() => cache.memo('other', () => t.fail(), /** @type {any} */ ({ ttl: 0 })), {
    instanceOf: RangeError,
  })
  t.throws(() => cache.memo('other', /** @type {any} */ (5)), { instanceOf: TypeError })
})

test('compute may use the cache, also for its own key', (t) => {
  const cache = cacheFor(t, { max: 2 })
  const value = cache.memo('key', () => {
    cache.set('key', 'set inside').set('b', 1).set('c', 1)
    return 'computed'
  })
  t.is(value, 'computed')
  t.is(cache.get('key'), 'computed')
  isSound(t, cache)
})

test('memo gives back what is too large to be stored', (t) => {
  const cache = cacheFor(t, { maxSize: 10, sizeCalculation: (value) => value })
  t.is(
    cache.memo('key', () => 11),
    11,
  )
  t.is(cache.size, 0)
  t.is(cache.stats().rejected, 1)
})

// --- Statistics ------------------------------------------------------------------------------------------------------

test('a new cache has counted nothing', (t) => {
  t.deepEqual(cacheFor(t).stats(), {
    hits: 0,
    misses: 0,
    hitRate: 0,
    sets: 0,
    replaced: 0,
    deletes: 0,
    cleared: 0,
    evictions: 0,
    expirations: 0,
    rejected: 0,
    loads: 0,
    loadErrors: 0,
    coalesced: 0,
    admitted: 0,
    refused: 0,
    windowShare: 0.2,
    size: 0,
    calculatedSize: 0,
  })
})

test('statistics are a snapshot', (t) => {
  const cache = cacheFor(t)
  const before = cache.stats()
  cache.set('key', 1)
  cache.get('key')
  t.is(before.sets, 0)
  t.is(cache.stats().hitRate, 1)
})

test('resetStats counts anew and keeps the entries', (t) => {
  const cache = cacheFor(t, { maxSize: 100 })
  cache.set('key', 1, { size: 7 })
  cache.get('key')
  cache.resetStats()
  t.is(cache.get('key'), 1)
  const { hits, misses, sets, size, calculatedSize } = cache.stats()
  t.deepEqual(
    { hits, misses, sets, size, calculatedSize },
    { hits: 1, misses: 0, sets: 0, size: 1, calculatedSize: 7 },
  )
})

for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
  test(`counters add up under random operations, with ${policy}`, (t) => {
    const random = randomFrom(policy.length)
    const clock = new ManualClock()
    const cache = cacheFor(t, {
      policy,
      clock,
      max: 100,
      maxSize: 1000,
      ttl: 500,
      sizeCalculation: (value) => value,
    })
    const below = (/** @type {number} */ end) => Math.floor(random() * end)
    let gets = 0
    for (let i = 0; i < 20_000; i++) {
      const key = Math.floor(300 * random() ** 2)
      const action = below(100)
      if (action < 45) {
        gets++
        cache.get(key)
      } else if (action < 85) {
        cache.set(key, 1 + below(40), action < 50 ? { tti: 30 } : undefined)
      } else if (action < 90) cache.delete(key)
      else if (action < 96) clock.advance(below(20))
      else if (action === 96) cache.purgeExpired()
      else if (action === 97) cache.set(key, 1001)
      else if (action === 98) cache.resize({ max: 50 + below(100), maxSize: 500 + below(1000) })
      else if (below(20) === 0) cache.clear()
      if (i % 16 === 0) isSound(t, cache)
    }
    const stats = cache.stats()
    t.is(stats.hits + stats.misses, gets)
    t.is(stats.hitRate, stats.hits / gets)
    const sizes = [...cache].map(([key]) => /** @type {any} */ (cache.info(key)).size)
    cache.purgeExpired()
    t.is(
      cache.calculatedSize,
      sizes.reduce((sum, size) => sum + size, 0),
    )
    for (const counter of ['sets', 'replaced', 'deletes', 'evictions', 'expirations', 'rejected']) {
      t.true(stats[/** @type {keyof typeof stats} */ (counter)] > 0, counter)
    }
  })
}

// --- close -----------------------------------------------------------------------------------------------------------

/** A call of every member, by its name. */
const USES = /** @type {Record<string | symbol, (cache: Cache<any, any>) => unknown>} */ ({
  size: (cache) => cache.size,
  calculatedSize: (cache) => cache.calculatedSize,
  max: (cache) => cache.max,
  maxSize: (cache) => cache.maxSize,
  get: (cache) => cache.get('key', 'fallback'),
  peek: (cache) => cache.peek('key', 'fallback'),
  has: (cache) => cache.has('key'),
  set: (cache) => cache.set('key', 1),
  delete: (cache) => cache.delete('key'),
  clear: (cache) => cache.clear(),
  getMany: (cache) => cache.getMany([]),
  setMany: (cache) => cache.setMany([]),
  deleteMany: (cache) => cache.deleteMany([]),
  memo: (cache) => cache.memo('key', () => 1),
  getOrSet: (cache) => cache.getOrSet('key', () => 1),
  entries: (cache) => cache.entries(),
  keys: (cache) => cache.keys(),
  values: (cache) => cache.values(),
  [Symbol.iterator]: (cache) => cache[Symbol.iterator](),
  forEach: (cache) => cache.forEach(() => {}),
  getRemainingTTL: (cache) => cache.getRemainingTTL('key'),
  info: (cache) => cache.info('key'),
  purgeExpired: (cache) => cache.purgeExpired(),
  resize: (cache) => cache.resize({}),
  dump: (cache) => cache.dump(),
  load: (cache) => cache.load([]),
  stats: (cache) => cache.stats(),
  resetStats: (cache) => cache.resetStats(),
})

/** All members but those that may be used after `close`. */
const MEMBERS = Reflect.ownKeys(Cache.prototype).filter(
  (member) => !['constructor', 'close', Symbol.dispose, Symbol.toStringTag].includes(member),
)

for (const member of MEMBERS) {
  test(`${String(member)} of a closed cache says that it is closed`, async (t) => {
    const use = USES[member]
    t.is(typeof use, 'function', 'the table knows it')
    for (const options of [{ max: 10 }, { maxSize: 10 }, { max: 10, ttl: 5 }]) {
      const cache = new Cache(options)
      cache.set('key', 1, options.maxSize === undefined ? undefined : { size: 1 })
      cache.close()
      await t.throwsAsync(async () => use?.(cache), { code: 'ERR_MOKAPOT_CLOSED' })
      cache.close()
      await t.throwsAsync(async () => use?.(cache), { code: 'ERR_MOKAPOT_CLOSED' })
    }
  })
}

test('the error of a closed cache tells its name', (t) => {
  const cache = new Cache({ max: 1, name: 'users' })
  cache.close()
  t.throws(() => cache.get('key'), { code: 'ERR_MOKAPOT_CLOSED', message: /users/ })
})

test('a closed cache computes no size and no value', (t) => {
  const cache = new Cache({ maxSize: 1, sizeCalculation: () => t.fail() })
  cache.close()
  t.throws(() => cache.set('key', 1), { code: 'ERR_MOKAPOT_CLOSED' })
  t.throws(() => cache.memo('key', () => t.fail()), { code: 'ERR_MOKAPOT_CLOSED' })
  t.throws(() => cache.setMany([['key', 1]]), { code: 'ERR_MOKAPOT_CLOSED' })
})

test('Symbol.dispose closes', (t) => {
  const cache = new Cache({ max: 1 })
  cache[Symbol.dispose]()
  t.throws(() => cache.size, { code: 'ERR_MOKAPOT_CLOSED' })
  cache[Symbol.dispose]()
})

test('a cache that its own callbacks close says so', (t) => {
  const cache = new Cache({
    maxSize: 10,
    sizeCalculation: () => {
      cache.close()
      return 1
    },
  })
  t.throws(() => cache.set('key', 1), { code: 'ERR_MOKAPOT_CLOSED' })
  const other = new Cache({ max: 10 })
  const close = () => other.close()
  t.throws(() => other.memo('key', close), { code: 'ERR_MOKAPOT_CLOSED' })
})

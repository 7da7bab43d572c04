import test from 'ava'
import fc from 'fast-check'
import { MISS, MokapotError, SharedCache } from '../dist/index.mjs'
import { advance } from '../dist/testing.mjs'
import { costOf, keyLength, longestValue } from './fixtures/cost.mjs'
import { isAccounted } from './fixtures/counters.mjs'
import { accountedSize, living, randomFrom } from './fixtures/helpers.mjs'
import { inWorker } from './fixtures/in-worker.mjs'

/** @typedef {import('../dist/index.mjs').SharedKey} SharedKey */
/** @typedef {Partial<ConstructorParameters<typeof SharedCache>[0]>} Options */

// The clock also runs by itself, so lifetimes are long here: only a machine that stands still for a minute could tell.
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const POLICIES = /** @type {const} */ (['tinylfu', 'lru'])

test.after.always('nothing is left open at the end', (t) => {
  t.is(living(), 0)
})

/**
 * A cache for one test.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Options} [options]
 * @returns {SharedCache<any, any>}
 */
function cacheFor(t, options) {
  const cache = new SharedCache({ maxBytes: '8mb', ...options })
  t.teardown(() => cache.close())
  return cache
}

/**
 * Another object on the same cache.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {SharedCache<any, any>} cache
 * @returns {SharedCache<any, any>}
 */
function another(t, cache) {
  const other = SharedCache.attach(cache.handle)
  t.teardown(() => other.close())
  return /** @type {any} */ (other)
}

/**
 * `span` is `expected`, or less by what may have gone by meanwhile.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {number | undefined} span
 * @param {number} expected
 */
function isAbout(t, span, expected) {
  t.true(Number(span) <= expected && Number(span) > expected - MINUTE, `${span}, about ${expected}`)
}

// --- memo ------------------------------------------------------------------------------------------------------------

test('memo computes a value once and keeps it', (t) => {
  const cache = cacheFor(t)
  /** @type {SharedKey[]} */
  const asked = []
  const compute = (/** @type {SharedKey} */ key) => {
    asked.push(key)
    return { of: key }
  }
  t.deepEqual(cache.memo('a', compute), { of: 'a' })
  t.deepEqual(cache.memo('a', compute), { of: 'a' })
  t.deepEqual(cache.get('a'), { of: 'a' })
  t.deepEqual(cache.memo(7, compute), { of: 7 })
  t.deepEqual(asked, ['a', 7])
  const { hits, misses, sets } = cache.stats()
  t.deepEqual({ hits, misses, sets }, { hits: 2, misses: 2, sets: 2 })
})

test('memo does not compute where there is a value, undefined and null among them', (t) => {
  const cache = cacheFor(t)
  cache.set('undefined', undefined).set('null', null).set('zero', 0)
  const compute = () => t.fail()
  t.is(cache.memo('undefined', compute), undefined)
  t.is(cache.memo('null', compute), null)
  t.is(cache.memo('zero', compute), 0)
  let calls = 0
  for (let i = 0; i < 3; i++) {
    t.is(
      cache.memo('computed', () => {
        calls++
      }),
      undefined,
    )
  }
  t.is(calls, 1)
})

test('memo keeps a copy of what was computed, and gives what was computed', (t) => {
  const cache = cacheFor(t)
  const value = { list: [1] }
  t.is(
    cache.memo('key', () => value),
    value,
  )
  value.list.push(2)
  t.deepEqual(cache.get('key'), { list: [1] })
})

test('what compute throws reaches the caller of memo, and nothing is stored', (t) => {
  const cache = cacheFor(t)
  const trouble = new Error('trouble')
  t.is(
    t.throws(() =>
      cache.memo('key', () => {
        throw trouble
      }),
    ),
    trouble,
  )
  t.false(cache.has('key'))
  t.is(
    cache.memo('key', () => 'now'),
    'now',
  )
})

test('what cannot be kept is refused by memo as by set', (t) => {
  const cache = cacheFor(t)
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNCLONEABLE', message: /"key"/ }
  t.throws(() => cache.memo('key', () => () => {}), refused)
  const asynchronous = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE', message: /"key"/ }
  t.throws(() => cache.memo('key', async () => 1), asynchronous)
  t.is(cache.size, 0)
})

test('memo computes anew what has expired, and gives it the lifetime that it is told', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  let calls = 0
  const compute = () => ++calls
  cache.memo('default', compute)
  cache.memo('own', compute, { ttl: '2h' })
  cache.memo('endless', compute, { ttl: Number.POSITIVE_INFINITY })
  advance(HOUR)
  t.deepEqual(
    ['default', 'own', 'endless'].map((key) => cache.memo(key, compute)),
    [4, 2, 3],
  )
  advance(HOUR)
  t.is(cache.memo('own', compute), 5)
  t.is(cache.memo('endless', compute), 3)
})

test('memo checks key and options before it computes', (t) => {
  const cache = cacheFor(t)
  cache.set('there', 1)
  const compute = () => t.fail()
  for (const key of [undefined, null, {}, [1], Symbol('s')]) {
    t.throws(() => cache.memo(key, compute), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
  }
  for (const key of ['there', 'not there']) {
    for (const options of /** @type {any[]} */ ([{ ttl: 0 }, { ttl: -1 }, { tti: '5' }])) {
      t.throws(() => cache.memo(key, compute, options), { instanceOf: RangeError })
    }
    for (const options of /** @type {any[]} */ ([null, 5, [], { tl: 5 }, { ttl: null }])) {
      t.throws(() => cache.memo(key, compute, options), { instanceOf: TypeError })
    }
  }
  t.is(cache.size, 1)
})

test('memo gives what it computed though it is too large to keep', (t) => {
  const cache = cacheFor(t, { maxBytes: '100kb' })
  const large = 'x'.repeat(200_000)
  t.is(
    cache.memo('key', () => large),
    large,
  )
  t.false(cache.has('key'))
  t.is(cache.stats().rejected, 1)
})

test('compute may use the cache, the same key too', (t) => {
  const cache = cacheFor(t)
  const fibonacci = (/** @type {number} */ n) =>
    cache.memo(n, () => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)))
  t.is(fibonacci(60), 1_548_008_755_920)
  t.is(cache.size, 61)
  const value = cache.memo('key', () => {
    cache.set('key', 'set meanwhile')
    return 'computed'
  })
  t.is(value, 'computed')
  t.is(cache.get('key'), 'computed')
})

test('memo says so when compute closes the cache', (t) => {
  const cache = cacheFor(t)
  const memo = () =>
    cache.memo('key', () => {
      cache.close()
      return 1
    })
  t.throws(memo, { instanceOf: MokapotError, code: 'ERR_MOKAPOT_CLOSED' })
})

// --- getRemainingTTL -------------------------------------------------------------------------------------------------

test('getRemainingTTL is 0 for what is not there, Infinity without a deadline, else what is left', (t) => {
  const cache = cacheFor(t)
  t.is(cache.getRemainingTTL('key'), 0)
  cache.set('endless', 1).set('key', 1, { ttl: HOUR })
  t.is(cache.getRemainingTTL('endless'), Number.POSITIVE_INFINITY)
  isAbout(t, cache.getRemainingTTL('key'), HOUR)
  advance(HOUR / 4)
  isAbout(t, cache.getRemainingTTL('key'), 0.75 * HOUR)
  advance(0.75 * HOUR)
  t.is(cache.getRemainingTTL('key'), 0)
  cache.set('key', 1)
  t.is(cache.getRemainingTTL('key'), Number.POSITIVE_INFINITY)
})

test('getRemainingTTL tells what is left of ttl or tti, whichever is less', (t) => {
  const cache = cacheFor(t, { ttl: 3 * HOUR, tti: 2 * HOUR })
  cache.set('key', 1)
  isAbout(t, cache.getRemainingTTL('key'), 2 * HOUR)
  advance(HOUR)
  isAbout(t, cache.getRemainingTTL('key'), HOUR)
  cache.get('key')
  isAbout(t, cache.getRemainingTTL('key'), 2 * HOUR)
  advance(HOUR)
  cache.get('key')
  isAbout(t, cache.getRemainingTTL('key'), HOUR)
})

test('getRemainingTTL and info count nothing, refresh nothing and use nothing', (t) => {
  const cache = cacheFor(t, { tti: HOUR, policy: 'lru', max: 2 })
  cache.set('a', 1).set('b', 2)
  const stats = cache.stats()
  advance(HOUR / 2)
  cache.getRemainingTTL('a')
  cache.getRemainingTTL('x')
  cache.info('a')
  cache.info('x')
  t.deepEqual(cache.stats(), stats)
  cache.set('c', 3)
  t.deepEqual([cache.has('a'), cache.has('b')], [false, true])
  advance(HOUR / 2)
  t.is(cache.getRemainingTTL('b'), 0)
})

test('getRemainingTTL and info refuse what is no key', (t) => {
  const cache = cacheFor(t)
  for (const key of [undefined, null, {}, true, Symbol('s')]) {
    const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' }
    t.throws(() => cache.getRemainingTTL(key), refused)
    t.throws(() => cache.info(key), refused)
  }
})

// --- info ------------------------------------------------------------------------------------------------------------

test('info tells the value, its size, its lifetime, what is left of it and its age', (t) => {
  const cache = cacheFor(t)
  t.is(cache.info('key'), undefined)
  cache.set('key', { a: 1 }, { ttl: 3 * HOUR, tti: 2 * HOUR })
  const info = cache.info('key')
  t.deepEqual(Object.keys(info ?? {}), ['value', 'size', 'ttl', 'tti', 'remaining', 'age'])
  t.is(Object.getPrototypeOf(info), Object.prototype)
  t.deepEqual(info?.value, { a: 1 })
  t.is(info?.size, costOf('tinylfu', false, 3, '{"a":1}'.length))
  t.is(info?.size, cache.bytes)
  t.is(info?.ttl, 3 * HOUR)
  t.is(info?.tti, 2 * HOUR)
  isAbout(t, info?.remaining, 2 * HOUR)
  t.true(info !== undefined && info.age >= 0 && info.age < MINUTE)

  advance(HOUR)
  cache.get('key')
  const later = cache.info('key')
  t.is(later?.ttl, 3 * HOUR)
  t.is(later?.tti, 2 * HOUR)
  isAbout(t, later?.remaining, 2 * HOUR)
  t.true(later !== undefined && later.age >= HOUR && later.age < HOUR + MINUTE)

  advance(2 * HOUR)
  t.is(cache.info('key'), undefined)
})

test('info of an entry without end says so', (t) => {
  for (const cache of [cacheFor(t), cacheFor(t, { ttl: Number.POSITIVE_INFINITY })]) {
    cache.set('key', undefined)
    advance(HOUR)
    const info = cache.info('key')
    t.deepEqual(
      { ...info, age: 0 },
      {
        ...{ value: undefined, size: costOf('tinylfu', true, 3, 0), age: 0 },
        ttl: Number.POSITIVE_INFINITY,
        tti: Number.POSITIVE_INFINITY,
        remaining: Number.POSITIVE_INFINITY,
      },
    )
    t.true(info !== undefined && info.age >= HOUR)
  }
})

test('info tells the lifetime that the cache gives, or the one of the entry', (t) => {
  const cache = cacheFor(t, { ttl: '1h', tti: '30m' })
  cache.set('default', 1).set('own', 1, { ttl: '2h' }).set('endless', 1, { ttl: Number.POSITIVE_INFINITY })
  const lifetimes = ['default', 'own', 'endless'].map((key) => [cache.info(key)?.ttl, cache.info(key)?.tti])
  t.deepEqual(lifetimes, [
    [HOUR, HOUR / 2],
    [2 * HOUR, HOUR / 2],
    [Number.POSITIVE_INFINITY, HOUR / 2],
  ])
})

test('a set makes an entry young, and changes what it counts', (t) => {
  const cache = cacheFor(t)
  cache.set('key', 'x'.repeat(1000), { ttl: HOUR })
  advance(HOUR / 2)
  cache.set('key', 'short')
  const info = cache.info('key')
  t.true(info !== undefined && info.age < MINUTE)
  t.is(info?.size, costOf('tinylfu', true, 3, 5))
  t.is(cache.bytes, Number(info?.size))
  cache.set('key', 'short', { tti: HOUR })
  t.is(cache.bytes, costOf('tinylfu', false, 3, 5))
  t.is(cache.info('key')?.ttl, Number.POSITIVE_INFINITY)
  t.is(cache.info('key')?.tti, HOUR)
})

test('a value that info tells is a copy', (t) => {
  const cache = cacheFor(t)
  cache.set('key', Buffer.from('abc'))
  cache.info('key')?.value.fill(0)
  t.deepEqual(cache.info('key')?.value, Buffer.from('abc'))
})

test('the sizes of all entries sum up to bytes, after any calls', (t) => {
  for (const options of /** @type {Options[]} */ ([
    { maxBytes: '256kb' },
    { maxBytes: '256kb', policy: 'lru' },
    { maxBytes: '64mb' },
    { maxBytes: '64mb', max: 300 },
  ])) {
    const cache = cacheFor(t, { codec: 'bytes', ...options })
    const random = randomFrom(22)
    for (let step = 0; step < 4000; step++) {
      const key = [`key ${Math.floor(random() * 500)}`, Math.floor(random() * 500)][step % 2]
      const length = Math.floor(random() ** 4 * 20_000)
      const act = random()
      if (act < 0.7)
        cache.set(key, new Uint8Array(length), act < 0.3 ? { ttl: (1 + random()) * HOUR } : undefined)
      else if (act < 0.8) cache.delete(key)
      else if (act < 0.9) cache.get(key)
      else if (step % 500 === 0) cache.resize({ maxBytes: cache.maxBytes - 1000 })
      if (step % 400 !== 399) continue
      advance(10 * MINUTE)
      cache.purgeExpired()
      let sum = 0
      let count = 0
      for (const [key, value] of cache) {
        const info = cache.info(key)
        if (info === undefined) return t.fail(`${key} is not there`)
        const endless = info.remaining === Number.POSITIVE_INFINITY
        if (info.size !== costOf(options.policy ?? 'tinylfu', endless, keyLength(key), value.length)) {
          return t.fail(`${key} counts ${info.size}`)
        }
        sum += info.size
        count++
      }
      // What expired less than a tick of the clock ago may still be held.
      t.true(cache.size - count <= 1, `${cache.size}, ${count}`)
      if (cache.size === count) t.is(sum, cache.bytes)
    }
  }
})

// --- purgeExpired ----------------------------------------------------------------------------------------------------

test('purgeExpired removes what has expired and nothing else', (t) => {
  for (const maxBytes of /** @type {const} */ (['8mb', '64mb'])) {
    const cache = cacheFor(t, { maxBytes })
    for (let i = 0; i < 5000; i++) cache.set(i, i, i % 5 === 0 ? undefined : { ttl: HOUR + i })
    cache.set('idle', 1, { tti: HOUR }).set('read', 1, { tti: HOUR })
    t.is(cache.purgeExpired(), 0)
    t.is(cache.size, 5002)
    advance(HOUR / 2)
    cache.get('read')
    advance(HOUR / 2 + MINUTE)
    // The sweeper may have been at it before.
    const purged = cache.purgeExpired()
    t.true(purged <= 4001)
    t.is(cache.size, 1001)
    t.is(cache.stats().expirations, 4001)
    t.is(cache.bytes, 1000 * costOf('tinylfu', true, 8, 8) + costOf('tinylfu', false, 4, 8))
    t.is(cache.purgeExpired(), 0)
    t.deepEqual(
      [...cache.keys()].filter((key) => typeof key === 'number' && key % 5 !== 0),
      [],
    )
    t.is(accountedSize(cache.stats()), 1001)
  }
})

test('purgeExpired removes what has expired just now', (t) => {
  for (const ttl of [1, 5, 20, 60, 100, 1000, HOUR]) {
    for (let round = 0; round < 10; round++) {
      const cache = cacheFor(t)
      cache.set('key', 1, { ttl })
      advance(ttl)
      cache.purgeExpired()
      t.is(cache.size, 0, `a ttl of ${ttl}`)
      cache.close()
    }
  }
})

test('purgeExpired tells how many it removed', (t) => {
  const counts = new Set()
  // Where the sweeper comes first, it has removed them.
  for (let round = 0; round < 100 && !counts.has(100); round++) {
    const cache = cacheFor(t)
    for (let i = 0; i < 100; i++) cache.set(i, i, { ttl: HOUR })
    advance(HOUR + MINUTE)
    counts.add(cache.purgeExpired())
    t.is(cache.stats().expirations, 100)
    cache.close()
  }
  t.true(counts.has(100))
})

test('expired entries make room for new ones before living entries do', (t) => {
  for (const policy of POLICIES) {
    const cache = cacheFor(t, { max: 10, policy })
    for (let i = 0; i < 5; i++) cache.set(`living ${i}`, i)
    for (let i = 0; i < 5; i++) cache.set(`expired ${i}`, i, { ttl: HOUR })
    advance(HOUR + MINUTE)
    for (let i = 0; i < 5; i++) cache.set(`new ${i}`, i)
    t.is(cache.size, 10)
    t.is(cache.stats().evictions, 0)
    for (let i = 0; i < 5; i++) t.true(cache.has(`living ${i}`) && cache.has(`new ${i}`))
  }
})

test.serial('expired entries leave without being touched', async (t) => {
  const cache = cacheFor(t, { maxBytes: '64mb' })
  for (let i = 0; i < 10_000; i++) cache.set(i, i, { ttl: 1 + (i % 50) })
  cache.setMany(
    Array.from({ length: 1000 }, (_, i) => [`many ${i}`, i]),
    { tti: 20 },
  )
  cache.set('stays', 1, { ttl: '1000d' })
  const giveUp = performance.now() + 10_000
  while (cache.size > 1 && performance.now() < giveUp) await new Promise((resolve) => setTimeout(resolve, 20))
  t.is(cache.size, 1)
  t.is(cache.bytes, cache.info('stays')?.size ?? 0)
  t.is(cache.stats().expirations, 11_000)
  t.true(cache.has('stays'))
})

test.serial('caches that get a deadline after all theirs were over are swept again', async (t) => {
  const caches = Array.from({ length: 3 }, () => cacheFor(t))
  for (let round = 0; round < 3; round++) {
    for (const cache of caches) cache.set('key', round, { ttl: HOUR })
    advance(HOUR)
    const giveUp = performance.now() + 10_000
    while (caches.some((cache) => cache.size > 0) && performance.now() < giveUp) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    t.deepEqual(
      caches.map((cache) => cache.size),
      [0, 0, 0],
    )
  }
})

// --- resize ----------------------------------------------------------------------------------------------------------

let filled = 0

/**
 * Sets new entries of one size until one is evicted.
 *
 * @param {SharedCache<any, any>} cache
 * @param {number} length
 */
function fill(cache, length) {
  const { evictions } = cache.stats()
  const value = new Uint8Array(length)
  while (cache.stats().evictions === evictions) cache.set(filled++, value)
}

/**
 * What `cache` holds, entries with values of `length`, is as much as a cache of its limit can hold: shards may keep a
 * little for themselves.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {SharedCache<any, any>} cache
 * @param {number} length
 * @param {Options['policy']} policy
 */
function isFull(t, cache, length, policy) {
  const { size, bytes, maxBytes } = cache
  const most = Math.floor(maxBytes / costOf(policy ?? 'tinylfu', true, 8, length))
  t.true(size >= Math.floor(most * (maxBytes > 2 ** 24 ? 0.93 : 1)) && size <= most, `${size} of ${most}`)
  t.true(bytes <= maxBytes)
}

/** @type {[string, Options][]} */
const RESIZED = [
  ['a cache of one shard', { maxBytes: 1_000_000 }],
  ['an lru cache of one shard', { maxBytes: 1_000_000, policy: 'lru' }],
  ['a cache of several shards', { maxBytes: 40_000_000 }],
  ['an lru cache of several shards', { maxBytes: 40_000_000, policy: 'lru' }],
]

for (const [name, options] of RESIZED) {
  test(`${name} that shrinks lets entries go at once, and keeps its new limit`, (t) => {
    const cache = cacheFor(t, { ...options, codec: 'bytes' })
    const full = cache.maxBytes
    const length = full / 1000
    const value = new Uint8Array(length)
    fill(cache, length)
    for (const part of [0.9, 0.5, 0.1, 0.05, 0.012]) {
      const maxBytes = Math.floor(full * part)
      t.is(cache.resize({ maxBytes }), undefined)
      t.is(cache.maxBytes, maxBytes)
      t.true(cache.bytes <= maxBytes, `${cache.bytes} of ${maxBytes}`)
      t.true(cache.bytes > maxBytes * 0.5, `only ${cache.bytes} of ${maxBytes} are held`)
      t.true(cache.maxEntryBytes >= maxBytes / 4 - 16 && cache.maxEntryBytes <= maxBytes)
      t.is(accountedSize(cache.stats()), cache.size)
      t.is([...cache.keys()].length, cache.size)
      for (let i = 0; i < 500; i++) {
        cache.set(i, value)
        if (cache.bytes > maxBytes || !cache.has(i)) t.fail(`${cache.bytes} bytes, ${i} is ${cache.has(i)}`)
      }
    }
    cache.resize({ maxBytes: 1 })
    t.deepEqual([cache.size, cache.bytes], [0, 0])
    cache.set('key', value)
    t.deepEqual([cache.size, cache.bytes, cache.stats().rejected], [0, 0, 1])
    t.is(accountedSize(cache.stats()), 0)
  })

  test(`${name} that grows holds as much as one that was made so large`, (t) => {
    for (const times of [1.5, 3, 5, 40]) {
      const cache = cacheFor(t, { ...options, codec: 'bytes' })
      const maxBytes = cache.maxBytes * times
      if (maxBytes > 250_000_000) continue // What is held here is really held.
      const length = maxBytes / 3000
      fill(cache, length)
      const { size } = cache
      const { evictions } = cache.stats()
      cache.resize({ maxBytes })
      t.is(cache.maxBytes, maxBytes)
      t.is(cache.size, size)
      t.is(cache.stats().evictions, evictions)
      fill(cache, length)
      isFull(t, cache, length, options.policy)
      t.is(accountedSize(cache.stats()), cache.size)
      cache.close()
    }
  })

  test(`${name} that shrank grows back`, (t) => {
    const cache = cacheFor(t, { ...options, codec: 'bytes' })
    const { maxBytes } = cache
    const length = maxBytes / 1000
    for (let round = 0; round < 3; round++) {
      fill(cache, length)
      isFull(t, cache, length, options.policy)
      cache.resize({ maxBytes: maxBytes / 20 })
      t.true(cache.bytes <= maxBytes / 20)
      const { size } = cache
      t.true(size > 20)
      cache.resize({ maxBytes })
      t.is(cache.size, size)
    }
  })
}

test('an lru cache that shrinks keeps what was used last', (t) => {
  for (const limits of [{ maxBytes: 10 * costOf('lru', true, 8, 8) }, { max: 10 }]) {
    const cache = cacheFor(t, { policy: 'lru' })
    for (let i = 0; i < 1000; i++) cache.set(i, i)
    for (const i of [3, 500, 77]) cache.get(i)
    cache.resize(limits)
    t.deepEqual(
      [...cache.keys()].sort((one, other) => one - other),
      [3, 77, 500, 993, 994, 995, 996, 997, 998, 999],
    )
    t.is(cache.stats().evictions, 990)
  }
})

test('a cache can be resized in number, and in both', (t) => {
  for (const policy of POLICIES) {
    const cache = cacheFor(t, { policy })
    t.is(cache.max, Number.POSITIVE_INFINITY)
    for (let i = 0; i < 1000; i++) cache.set(i, i)
    cache.resize({ max: 100 })
    t.deepEqual([cache.max, cache.size, cache.maxBytes], [100, 100, 8 * 2 ** 20])
    for (let i = 0; i < 500; i++) {
      cache.set(i, i)
      if (cache.size > 100 || !cache.has(i)) t.fail(`${cache.size} entries`)
    }
    cache.resize({ max: 200, maxBytes: '1mb' })
    t.deepEqual([cache.max, cache.size, cache.maxBytes], [200, 100, 2 ** 20])
    for (let i = 0; i < 1000; i++) cache.set(`new ${i}`, i)
    t.is(cache.size, 200)
    cache.resize({ max: 1 })
    t.is(cache.size, 1)
    cache.set('last', 1)
    t.deepEqual([...cache.keys()], ['last'])
    cache.resize({ max: 2 ** 32 - 2, maxBytes: 50 * costOf(policy, true, 8, 8) })
    for (let i = 0; i < 1000; i++) cache.set(i, i)
    t.true(cache.bytes <= cache.maxBytes)
    t.true(cache.size > 40 && cache.size <= 50, `${cache.size}`)
    t.is(accountedSize(cache.stats()), cache.size)
  }
})

test('limits that are absent stay as they are', (t) => {
  const cache = cacheFor(t, { maxBytes: '1mb', max: 10 })
  for (const limits of /** @type {any[]} */ ([{}, undefined, { max: undefined }, { maxBytes: undefined }])) {
    cache.resize(limits)
    t.deepEqual([cache.maxBytes, cache.max], [2 ** 20, 10])
  }
  cache.resize({ maxBytes: '2mb' })
  t.deepEqual([cache.maxBytes, cache.max], [2 * 2 ** 20, 10])
  cache.resize({ max: 20 })
  t.deepEqual([cache.maxBytes, cache.max], [2 * 2 ** 20, 20])
})

test('bad limits change nothing', (t) => {
  const cache = cacheFor(t, { maxBytes: '1mb', max: 100 })
  for (let i = 0; i < 50; i++) cache.set(i, i)
  const stats = cache.stats()
  const isRefused = (/** @type {any} */ limits, /** @type {any} */ instanceOf, names = 'm') => {
    const error = t.throws(() => cache.resize(limits), { instanceOf })
    const { code } = /** @type {any} */ (error)
    t.regex(String(code), /^ERR_MOKAPOT_(INVALID|UNKNOWN)_OPTION$/)
    t.true(error?.message.includes(names), error?.message)
    t.deepEqual([cache.maxBytes, cache.max], [2 ** 20, 100])
  }
  for (const bad of [
    0,
    -0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 53,
  ]) {
    isRefused({ maxBytes: bad }, RangeError, 'maxBytes')
    isRefused({ max: bad }, RangeError, 'max')
    isRefused({ maxBytes: '2mb', max: bad }, RangeError, 'max')
    isRefused({ maxBytes: bad, max: 10 }, RangeError, 'maxBytes')
  }
  isRefused({ max: 2 ** 32 - 1 }, RangeError, 'max')
  for (const bad of ['', '10', '10x', '-1mb', '0%']) isRefused({ maxBytes: bad }, RangeError, 'maxBytes')
  for (const bad of [null, true, 10n, {}, [], () => 1, Symbol('s')]) {
    isRefused({ maxBytes: bad }, TypeError, 'maxBytes')
    isRefused({ max: bad }, TypeError, 'max')
  }
  isRefused({ max: '10' }, TypeError, 'max')
  isRefused({ maxBytes: '2mb', maxSize: 1 }, TypeError, 'maxSize')
  for (const bad of [null, 1, '1mb', [], () => {}]) isRefused(bad, TypeError, 'options')
  t.deepEqual(cache.stats(), stats)
})

test('new limits hold in all objects and threads', async (t) => {
  const cache = cacheFor(t, { maxBytes: '64mb' })
  const other = another(t, cache)
  for (let i = 0; i < 1000; i++) cache.set(i, i)
  other.resize({ maxBytes: '32mb', max: 500 })
  t.deepEqual([cache.maxBytes, cache.max, cache.size], [32 * 2 ** 20, 500, 500])
  t.is(cache.maxEntryBytes, other.maxEntryBytes)
  const seen = await inWorker(({ SharedCache }, handle) => {
    const cache = SharedCache.attach(handle)
    const seen = [cache.maxBytes, cache.max, cache.size]
    cache.resize({ max: 5 })
    return seen
  }, cache.handle)
  t.deepEqual(seen, [32 * 2 ** 20, 500, 500])
  t.deepEqual([cache.max, cache.size, other.max, other.size], [5, 5, 5, 5])
})

test('limits that change among any other calls hold after each', (t) => {
  const step = fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        act: fc.constantFrom('set', 'set', 'get', 'delete'),
        key: fc.nat({ max: 40 }),
        size: fc.nat({ max: 3000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        act: fc.constant('bytes'),
        key: fc.nat(),
        size: fc.integer({ min: 1, max: 60_000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ act: fc.constant('max'), key: fc.nat(), size: fc.integer({ min: 1, max: 50 }) }),
    },
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...POLICIES),
      fc.array(step, { maxLength: 150, size: 'max' }),
      (policy, steps) => {
        const cache = new SharedCache({ maxBytes: 20_000, max: 20, policy, codec: 'bytes' })
        try {
          for (const { act, key, size } of steps) {
            if (act === 'bytes') cache.resize({ maxBytes: size })
            else if (act === 'max') cache.resize({ max: size })
            else if (act === 'get') cache.get(key)
            else if (act === 'delete') cache.delete(key)
            else {
              cache.set(key, new Uint8Array(size))
              const fits = costOf(policy, true, 8, size) <= cache.maxEntryBytes
              if (fits && cache.peek(key)?.length !== size) return false
            }
            if (cache.bytes > cache.maxBytes || cache.size > cache.max) return false
            if (accountedSize(cache.stats()) !== cache.size) return false
          }
          return [...cache.keys()].length === cache.size
        } finally {
          cache.close()
        }
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})

// --- max -------------------------------------------------------------------------------------------------------------

for (const policy of POLICIES) {
  for (const max of [1, 2, 3, 10, 100, 1000, 10_000, 100_000]) {
    test(`max: ${max} holds as many keys and not one more (${policy})`, (t) => {
      const cache = cacheFor(t, { maxBytes: '256mb', max, policy })
      t.is(cache.max, max)
      for (let i = 0; i < max; i++) cache.set(i, i)
      t.is(cache.size, max)
      t.is(cache.stats().evictions, 0)
      for (let i = 0; i < max; i++) if (!cache.has(i)) return t.fail(`${i} is gone`)
      // An overwrite is no new entry.
      for (let i = 0; i < max; i += 7) cache.set(i, 'other')
      t.is(cache.stats().evictions, 0)

      const more = Math.min(max, 3000)
      for (let i = 0; i < more; i++) {
        cache.set(`more ${i}`, i)
        if (cache.size !== max || !cache.has(`more ${i}`)) {
          return t.fail(`${cache.size} entries, ${i} is ${cache.has(`more ${i}`)}`)
        }
      }
      t.is(cache.stats().evictions, more)
      t.is([...cache.keys()].length, max)

      cache.delete(`more ${more - 1}`)
      cache.set('back', 1)
      t.is(cache.size, max)
      t.is(cache.stats().evictions, more)
      cache.clear()
      for (let i = 0; i < max; i++) cache.set(i, i)
      t.is(cache.size, max)
      t.is(cache.stats().evictions, more)
    })
  }
}

for (const [name, options, keys] of /** @type {[string, Options, number][]} */ ([
  ['a few', { max: 7 }, 30],
  ['a few, lru', { max: 7, policy: 'lru' }, 30],
  ['many', { max: 500 }, 1500],
  ['many, in several shards', { maxBytes: '64mb', max: 20_000 }, 30_000],
  ['many, lru, in several shards', { maxBytes: '64mb', max: 20_000, policy: 'lru' }, 30_000],
  ['both limits', { maxBytes: 40_000, max: 60 }, 200],
])) {
  test(`there are never more entries than max, and every fresh set is readable (${name})`, (t) => {
    const cache = cacheFor(t, options)
    const objects = [cache, another(t, cache), another(t, cache)]
    const random = randomFrom(7)
    for (let i = 0; i < keys / 2; i++) cache.set(`key ${i}`, i)
    for (let step = 0; step < 20_000; step++) {
      const object = objects[step % 3]
      const act = random()
      const key = `key ${Math.floor(random() ** 2 * keys)}`
      if (act < 0.6) {
        const options = act < 0.1 ? { ttl: (1 + random()) * HOUR } : undefined
        object.set(key, act < 0.3 ? 'x'.repeat(random() * 300) : step, options)
        if (!objects[(step + 1) % 3].has(key)) return t.fail(`${key} is not readable`)
      } else if (act < 0.9) {
        object.get(key)
      } else if (act < 0.97) {
        object.delete(key)
      } else if (act < 0.9995) {
        advance(random() * MINUTE)
      } else {
        object.clear()
      }
      if (cache.size > cache.max || cache.bytes > cache.maxBytes) {
        return t.fail(`step ${step}: ${cache.size} entries, ${cache.bytes} bytes`)
      }
    }
    t.true(isAccounted(cache))
    t.true(cache.stats().evictions > 0 || keys > 10_000)
  })
}

test.serial('there are never more entries than max, whatever four threads do at once', async (t) => {
  for (const options of /** @type {Options[]} */ ([
    { max: 50 },
    { max: 50, policy: 'lru' },
    { maxBytes: '64mb', max: 16_384 },
    { maxBytes: '64mb', max: 16_384, policy: 'lru' },
  ])) {
    const cache = cacheFor(t, options)
    const { max } = cache
    for (let i = 0; i < max; i++) cache.set(i, i)
    const highest = await Promise.all(
      [0, 1, 2, 3].map((id) =>
        inWorker(
          ({ SharedCache }, { handle, id, max }) => {
            const cache = SharedCache.attach(handle)
            let highest = 0
            let unread = 0
            for (let i = 0; i < 15_000; i++) {
              const key = (i * 7919 + id * 31) % (2 * max)
              if (i % 5 === 0) cache.delete(key)
              else if (i % 1000 === 999 && id === 0) cache.deleteMany([1, 2, 3, 4, 5, 6, 7, 8, 9])
              else {
                cache.set(`${id} ${key}`, i)
                if (max > 1000 && cache.get(`${id} ${key}`) !== i) unread++
              }
              highest = Math.max(highest, cache.size)
            }
            return { highest, unread }
          },
          { handle: cache.handle, id, max },
        ),
      ),
    )
    for (const { highest: size, unread } of highest) {
      t.true(size <= max, `${size} entries where ${max} may be`)
      // A thread may stand still for so long that what it set is old.
      t.true(unread < 150, `${unread}`)
    }
    t.is(accountedSize(cache.stats()), cache.size)
    t.is([...cache.keys()].length, cache.size)
    t.true(cache.stats().evictions > 0)
    for (let i = 0; i < 2 * max; i++) cache.set(`again ${i}`, i)
    t.is(cache.size, max)
  }
})

test('an lru cache with max keeps exactly what was set or read last', (t) => {
  const step = fc.record({
    act: fc.constantFrom(
      'set',
      'set',
      'get',
      'get',
      'peek',
      'has',
      'delete',
      'setMany',
      'getMany',
      'memo',
      'info',
    ),
    key: fc.integer({ min: 0, max: 14 }),
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(step, { maxLength: 150, size: 'max' }),
      (max, steps) => {
        const cache = /** @type {SharedCache<any>} */ (
          new SharedCache({ maxBytes: '1mb', max, policy: 'lru' })
        )
        /** @type {Set<number>} the least recently used first */
        const model = new Set()
        const use = (/** @type {number} */ key) => {
          model.delete(key)
          model.add(key)
          if (model.size > max) model.delete([...model][0])
        }
        try {
          for (const { act, key } of steps) {
            if (act === 'set') {
              cache.set(key, key)
              use(key)
            } else if (act === 'setMany') {
              cache.setMany([
                [key, key],
                [key + 1, key],
              ])
              use(key)
              use(key + 1)
            } else if (act === 'get') {
              if (cache.get(key, MISS) !== MISS) use(key)
            } else if (act === 'getMany') {
              for (const [i, value] of cache.getMany([key, key + 1]).entries())
                if (value !== undefined) use(key + i)
            } else if (act === 'memo') {
              cache.memo(key, () => key)
              use(key)
            } else if (act === 'delete') {
              if (cache.delete(key) !== model.delete(key)) return false
            } else if (act === 'info') {
              if ((cache.info(key) !== undefined) !== model.has(key)) return false
            } else if (act === 'peek') {
              if ((cache.peek(key) !== undefined) !== model.has(key)) return false
            } else if (cache.has(key) !== model.has(key)) {
              return false
            }
            const held = [...cache.keys()].sort().join()
            if (held !== [...model].sort().join() || cache.size !== model.size) return false
          }
          return true
        } finally {
          cache.close()
        }
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

test('what is read again and again stays in a cache that is limited in number', (t) => {
  const cache = cacheFor(t, { max: 500 })
  let hits = 0
  let reads = 0
  for (let i = 0; i < 40_000; i++) {
    cache.set(`cold ${i}`, 'once')
    if (i % 10 !== 0) continue
    const key = `hot ${(i / 10) % 100}`
    const hit = cache.has(key)
    cache.memo(key, () => 'hot')
    if (i < 10_000) continue
    reads++
    if (hit) hits++
  }
  t.is(cache.size, 500)
  t.true(hits / reads > 0.6, `${hits / reads}`)
})

test('max beside maxBytes is refused where it cannot be, and told by open', (t) => {
  for (const max of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32 - 1]) {
    t.throws(() => new SharedCache({ maxBytes: '1mb', max }), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /max/,
    })
  }
  for (const max of /** @type {any[]} */ ([null, '10', 10n, {}, [10], true])) {
    const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION', message: /max/ }
    t.throws(() => new SharedCache({ maxBytes: '1mb', max }), refused)
  }
  t.throws(() => new SharedCache(/** @type {any} */ ({ max: 10 })), {
    instanceOf: TypeError,
    message: /maxBytes/,
  })
  const cache = cacheFor(t, { name: 'counted', max: 10 })
  const differ = { instanceOf: MokapotError, code: 'ERR_MOKAPOT_OPTIONS_DIFFER', message: /max 10/ }
  t.throws(() => SharedCache.open('counted', { max: 11 }), differ)
  for (const options of [{ max: 10 }, { max: undefined }, undefined]) {
    const same = SharedCache.open('counted', options)
    t.is(same.max, 10)
    same.close()
  }
  t.is(cache.size, 0)
})

// --- Counters --------------------------------------------------------------------------------------------------------

test('the counters are sums over all objects and threads', async (t) => {
  const cache = cacheFor(t, { maxBytes: '64mb' })
  const other = another(t, cache)
  const act = (/** @type {SharedCache<any, any>} */ cache, /** @type {string} */ name) => {
    for (let i = 0; i < 100; i++) cache.set(`${name} ${i}`, i)
    for (let i = 0; i < 10; i++) cache.set(`${name} ${i}`, 'again')
    for (let i = 0; i < 150; i++) cache.get(`${name} ${i}`)
    cache.getMany([`${name} 0`, `${name} none`])
    for (let i = 0; i < 5; i++) cache.delete(`${name} ${i}`)
  }
  act(cache, 'one')
  act(other, 'two')
  await Promise.all(
    ['three', 'four'].map((name) =>
      inWorker(
        ({ SharedCache }, { handle, name, code }) => {
          new Function('cache', 'name', `(${code})(cache, name)`)(SharedCache.attach(handle), name)
        },
        { handle: cache.handle, name, code: String(act) },
      ),
    ),
  )
  const stats = cache.stats()
  t.deepEqual(
    { ...stats, bytes: 0 },
    {
      ...{ hits: 404, misses: 204, hitRate: 404 / 608, sets: 440, replaced: 40, deletes: 20, cleared: 0 },
      ...{
        evictions: 0,
        expirations: 0,
        rejected: 0,
        loads: 0,
        loadErrors: 0,
        coalesced: 0,
        admitted: 0,
        refused: 0,
        windowShare: 0.2,
        size: 380,
        bytes: 0,
      },
    },
  )
  t.is(accountedSize(stats), 380)
  t.deepEqual(other.stats(), stats)
})

test('resetStats begins to count anew, for all objects and threads', async (t) => {
  const cache = cacheFor(t, { maxBytes: '64mb', max: 9000 })
  const other = another(t, cache)
  for (let i = 0; i < 10_000; i++) cache.set(i, i)
  for (let i = 0; i < 500; i++) cache.get(i * 31)
  cache.delete(9_999)
  cache.set('large', 'x'.repeat(40 * 2 ** 20))
  const { size, bytes } = cache
  t.true(cache.stats().evictions > 0 && cache.stats().rejected === 1)
  t.is(other.resetStats(), undefined)
  const nothing = {
    ...{ hits: 0, misses: 0, hitRate: 0, sets: 0, replaced: 0, deletes: 0, cleared: 0 },
    ...{ evictions: 0, expirations: 0, rejected: 0, loads: 0, loadErrors: 0, coalesced: 0 },
    ...{ admitted: 0, refused: 0, windowShare: cache.stats().windowShare },
  }
  t.deepEqual(cache.stats(), { ...nothing, size, bytes })
  t.deepEqual(other.stats(), cache.stats())

  await inWorker(({ SharedCache }, handle) => {
    const cache = SharedCache.attach(handle)
    for (let i = 0; i < 100; i++) cache.set(`new ${i}`, i)
    for (let i = 0; i < 100; i++) cache.get(`new ${i}`)
    cache.get('missing')
  }, cache.handle)
  const stats = cache.stats()
  t.deepEqual([stats.hits, stats.misses, stats.hitRate, stats.sets], [100, 1, 100 / 101, 100])
  // What the equation tells from then on is by how much the size has changed.
  t.is(accountedSize(stats), cache.size - size)
  cache.clear()
  t.is(accountedSize(cache.stats()), -size)
})

test('the equation of the counters holds after calls of all kinds', (t) => {
  for (const options of /** @type {Options[]} */ ([
    { maxBytes: '128kb' },
    { maxBytes: '128kb', policy: 'lru', max: 100 },
    { maxBytes: '64mb', max: 10_000 },
  ])) {
    const cache = cacheFor(t, options)
    const random = randomFrom(3)
    let gets = 0
    for (let step = 0; step < 6000; step++) {
      const keys = Array.from({ length: 5 }, () => Math.floor(random() * 600))
      const act = Math.floor(random() * 16)
      if (act < 4) cache.set(keys[0], step, act === 0 ? { ttl: random() * HOUR } : undefined)
      else if (act < 6) cache.setMany(keys.map((key) => [key, 'x'.repeat(random() ** 6 * 100_000)]))
      else if (act === 6) gets += cache.getMany(keys).length
      else if (act === 7) cache.deleteMany(keys)
      else if (act === 8) cache.delete(keys[0])
      else if (act === 9) advance(random() * MINUTE)
      else if (act === 10 && random() < 0.1) cache.purgeExpired()
      else if (act === 11 && random() < 0.01) cache.clear()
      else if (act === 12 && random() < 0.1)
        cache.resize({ maxBytes: 100_000 + Math.floor(random() * 100_000) })
      else if (act === 13) for (const _ of cache.keys()) break
      else if (act === 14) {
        gets++
        cache.memo(keys[0], () => step)
      } else {
        gets++
        cache.get(keys[0])
      }
      const stats = cache.stats()
      if (stats.hits + stats.misses !== gets) return t.fail(`step ${step}: ${gets} gets`)
    }
    t.true(isAccounted(cache))
  }
})

// --- Codecs ----------------------------------------------------------------------------------------------------------

/** @type {import('../dist/index.mjs').CustomCodec<Date>} */
const DATES = {
  name: 'dates',
  encode: (date) => new Uint8Array(Float64Array.of(date.getTime()).buffer),
  decode: (bytes) => new Date(new Float64Array(Uint8Array.from(bytes).buffer)[0]),
}

/** @type {[Options['codec'], any[]][]} */
const CODECS = [
  ['json', [1, null, 'text', 'λ', { a: [1, { b: 'x'.repeat(10_000) }] }, []]],
  ['string', ['', 'text', 'λ', '\ud800', 'x'.repeat(10_000), 'λ'.repeat(10_000)]],
  ['bytes', [Buffer.alloc(0), Buffer.from('abc'), Buffer.alloc(10_000, 1)]],
  [DATES, [new Date(0), new Date(1e12)]],
]

for (const [codec, values] of CODECS) {
  const name = typeof codec === 'object' ? codec.name : codec
  test(`codec ${name} serves every member of a cache, in other threads too`, async (t) => {
    const cache = cacheFor(t, { codec })
    cache.setMany(values.map((value, i) => [i, value]))
    for (const [i, value] of values.entries()) {
      t.deepEqual(cache.get(i), value)
      t.deepEqual(cache.peek(i), value)
      t.deepEqual(cache.info(i)?.value, value)
      t.deepEqual(
        cache.memo(i, () => t.fail()),
        value,
      )
      t.deepEqual(
        cache.memo(`memo ${i}`, () => value),
        value,
      )
      t.deepEqual(cache.get(`memo ${i}`), value)
    }
    t.deepEqual(cache.getMany(values.keys()), values)
    for (const [key, value] of cache) t.deepEqual(value, values[Number(String(key).replace('memo ', ''))])

    const attached = SharedCache.attach(cache.handle, { codec: /** @type {any} */ (codec) })
    t.deepEqual(attached.getMany(values.keys()), values)
    attached.close()
    if (typeof codec === 'object') return
    const back = await inWorker(({ SharedCache }, handle) => {
      const cache = SharedCache.attach(handle)
      cache.set('first', cache.get(0))
      return cache.getMany([0, 1, 2])
    }, cache.handle)
    t.deepEqual(
      back,
      values.slice(0, 3).map((value) => (Buffer.isBuffer(value) ? new Uint8Array(value) : value)),
    )
    t.deepEqual(cache.get('first'), values[0])
  })
}

test('a cache with a codec of its own is attached with a codec of the same name only', (t) => {
  const cache = cacheFor(t, { codec: DATES })
  cache.set('key', new Date(7))
  const before = living()
  const refused = { instanceOf: MokapotError, code: 'ERR_MOKAPOT_CODEC', message: /"dates"/ }
  t.throws(() => SharedCache.attach(cache.handle), refused)
  t.throws(() => SharedCache.attach(cache.handle, {}), refused)
  for (const codec of [
    { ...DATES, name: 'other' },
    /** @type {const} */ ('json'),
    /** @type {const} */ ('structured'),
  ]) {
    t.throws(() => SharedCache.attach(cache.handle, { codec: /** @type {any} */ (codec) }), refused)
  }
  const built = cacheFor(t, { codec: 'json' })
  t.throws(() => SharedCache.attach(built.handle, { codec: DATES }), { ...refused, message: /"json"/ })
  t.throws(() => SharedCache.attach(built.handle, { codec: 'string' }), { ...refused, message: /"json"/ })
  t.is(living(), before + 1)
  const same = SharedCache.attach(cache.handle, { codec: { ...DATES } })
  t.deepEqual(same.get('key'), new Date(7))
  same.close()
})

test('a codec of own is called with itself as this, and its bytes count as they are', (t) => {
  class Counting {
    name = 'counting'
    calls = 0
    encode(/** @type {string} */ value) {
      this.calls++
      return Buffer.from(value)
    }
    decode(/** @type {Uint8Array} */ bytes) {
      this.calls++
      return Buffer.from(bytes).toString()
    }
  }
  const codec = new Counting()
  const cache = cacheFor(t, { codec })
  cache.set('key', 'x'.repeat(1000))
  t.is(cache.bytes, costOf('tinylfu', true, 3, 1000))
  t.is(cache.get('key'), 'x'.repeat(1000))
  t.is(codec.calls, 2)
  t.true(cache.has('key') && cache.delete('key'))
  t.is(codec.calls, 2)
})

test('the largest entry that a cache of a codec of its own takes is the same', (t) => {
  const cache = cacheFor(t, {
    codec: {
      name: 'zeros',
      encode: (length) => new Uint8Array(/** @type {number} */ (length)),
      decode: (bytes) => bytes.length,
    },
  })
  const largest = longestValue('tinylfu', true, 3, cache.maxEntryBytes)
  cache.set('key', largest + 1)
  t.false(cache.has('key'))
  cache.set('key', largest)
  t.is(cache.get('key'), largest)
})

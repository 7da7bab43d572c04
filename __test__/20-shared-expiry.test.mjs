import test from 'ava'
import { MISS, SharedCache } from '../dist/index.mjs'
import { advance } from '../dist/testing.mjs'
import { costOf } from './fixtures/cost.mjs'
import { isAccounted } from './fixtures/counters.mjs'
import { accountedSize, living } from './fixtures/helpers.mjs'

// The clock also runs by itself, so lifetimes are long here: only a machine that stands still for a minute could tell.
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test.after.always('nothing is left open at the end', (t) => {
  t.is(living(), 0)
})

/**
 * A cache for one test.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Partial<ConstructorParameters<typeof SharedCache>[0]>} [options]
 * @returns {SharedCache<any>}
 */
function cacheFor(t, options) {
  const cache = new SharedCache({ maxBytes: '4mb', ...options })
  t.teardown(() => cache.close())
  return cache
}

/**
 * @param {import('ava').ExecutionContext} t
 * @param {SharedCache<any>} cache
 * @param {string} key
 */
function isGone(t, cache, key) {
  t.false(cache.has(key))
  t.is(cache.peek(key, MISS), MISS)
  t.is(cache.get(key, MISS), MISS)
}

// --- Time to live ----------------------------------------------------------------------------------------------------

test('an entry lives for its ttl and is gone at the moment it ends', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  cache.set('key', 'value')
  advance(HOUR - MINUTE)
  t.true(cache.has('key'))
  t.is(cache.peek('key'), 'value')
  t.is(cache.get('key'), 'value')
  advance(MINUTE)
  isGone(t, cache, 'key')
})

test('an entry whose ttl is over exactly now is gone', (t) => {
  const cache = cacheFor(t)
  for (const ttl of [0.000001, 0.5, 1, 3, 1000, HOUR, 400 * DAY]) {
    cache.set('key', 'value', { ttl })
    advance(ttl)
    isGone(t, cache, 'key')
  }
})

test('reads do not prolong a ttl', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  cache.set('key', 'value')
  for (let minute = 0; minute < 59; minute++) {
    t.is(cache.get('key'), 'value')
    advance(MINUTE)
  }
  advance(MINUTE)
  isGone(t, cache, 'key')
})

test('a set starts the ttl anew', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  cache.set('key', 'old')
  advance(HOUR - MINUTE)
  cache.set('key', 'new')
  advance(HOUR - MINUTE)
  t.is(cache.get('key'), 'new')
  advance(MINUTE)
  isGone(t, cache, 'key')
})

test('lifetimes of all lengths end in their order', (t) => {
  const cache = cacheFor(t)
  const lifetimes = [
    1,
    2,
    5,
    30,
    60,
    61,
    90,
    24 * 60,
    7 * 24 * 60,
    30 * 24 * 60,
    365 * 24 * 60,
    5000 * 24 * 60,
  ]
  for (const minutes of lifetimes) cache.set(minutes, minutes, { ttl: minutes * MINUTE + MINUTE / 2 })
  let now = 0
  for (const [index, minutes] of lifetimes.entries()) {
    advance((minutes - now) * MINUTE)
    now = minutes
    const living = lifetimes.filter((key) => cache.has(key))
    t.deepEqual(living, lifetimes.slice(index), `after ${minutes} minutes`)
    // Writes sweep; they must not take what lives.
    for (let i = 0; i < 20; i++) cache.set('writing', i)
    t.deepEqual(
      lifetimes.filter((key) => cache.has(key)),
      lifetimes.slice(index),
    )
  }
})

test('durations are milliseconds or say their unit', (t) => {
  /** @type {[import('../dist/index.mjs').Duration, number][]} */
  const durations = [
    [HOUR, HOUR],
    ['7200000ms', 2 * HOUR],
    ['7200s', 2 * HOUR],
    ['90m', 1.5 * HOUR],
    ['3h', 3 * HOUR],
    ['1.5d', 36 * HOUR],
  ]
  for (const [ttl, milliseconds] of durations) {
    for (const cache of [cacheFor(t, { ttl }), cacheFor(t, { tti: ttl })]) {
      cache.set('key', 'value')
      advance(milliseconds - MINUTE)
      t.true(cache.has('key'), `${ttl} is longer`)
      advance(MINUTE)
      t.false(cache.has('key'), `${ttl} is over`)
    }
  }
})

test('without a ttl, or with Infinity, an entry does not expire', (t) => {
  for (const cache of [cacheFor(t), cacheFor(t, { ttl: Number.POSITIVE_INFINITY, tti: undefined })]) {
    cache.set('key', 'value')
    cache.set('own', 'value', { ttl: undefined })
    advance(20_000 * DAY)
    t.is(cache.get('key'), 'value')
    t.is(cache.get('own'), 'value')
  }
})

// --- Time to idle ----------------------------------------------------------------------------------------------------

test('an entry lives for its tti after it was set, and no longer', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  cache.set('key', 'value')
  advance(HOUR - MINUTE)
  t.true(cache.has('key'))
  advance(MINUTE)
  isGone(t, cache, 'key')
})

test('every get prolongs a tti', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  cache.set('key', 'value')
  for (let i = 0; i < 100; i++) {
    advance(HOUR - MINUTE)
    t.is(cache.get('key'), 'value')
  }
  advance(HOUR)
  isGone(t, cache, 'key')
})

test('a set prolongs a tti', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  cache.set('key', 'old')
  advance(HOUR - MINUTE)
  cache.set('key', 'new')
  advance(HOUR - MINUTE)
  t.true(cache.has('key'))
  advance(MINUTE)
  isGone(t, cache, 'key')
})

test('peek and has prolong nothing', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  cache.set('peeked', 'value').set('asked for', 'value')
  for (let minute = 0; minute < 59; minute++) {
    advance(MINUTE)
    t.is(cache.peek('peeked'), 'value')
    t.true(cache.has('asked for'))
  }
  advance(MINUTE)
  isGone(t, cache, 'peeked')
  isGone(t, cache, 'asked for')
})

test('a read that comes too late does not bring an entry back', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  cache.set('key', 'value')
  advance(HOUR)
  for (let i = 0; i < 3; i++) isGone(t, cache, 'key')
})

// --- Both ------------------------------------------------------------------------------------------------------------

test('with both, the one that is over first ends an entry', (t) => {
  const cache = cacheFor(t, { ttl: 3 * HOUR, tti: HOUR })
  cache.set('idle', 'value').set('read', 'value')
  advance(HOUR - MINUTE)
  t.is(cache.get('read'), 'value')
  advance(MINUTE)
  isGone(t, cache, 'idle')
  for (let i = 0; i < 3; i++) {
    advance(HOUR / 2)
    t.is(cache.get('read'), 'value')
  }
  advance(HOUR / 2)
  isGone(t, cache, 'read')
})

// --- Of one entry ----------------------------------------------------------------------------------------------------

test('an entry may live shorter or longer than the cache says, or without end', (t) => {
  for (const option of /** @type {const} */ (['ttl', 'tti'])) {
    const cache = cacheFor(t, { [option]: HOUR })
    cache.set('default', 1)
    cache.set('also default', 1, {})
    cache.set('also that', 1, { [option]: undefined })
    cache.set('shorter', 1, { [option]: HOUR / 2 })
    cache.set('longer', 1, { [option]: '2h' })
    cache.set('endless', 1, { [option]: Number.POSITIVE_INFINITY })
    const alive = () =>
      ['default', 'also default', 'also that', 'shorter', 'longer', 'endless'].filter((key) => cache.has(key))

    advance(HOUR / 2 - MINUTE)
    t.is(alive().length, 6)
    advance(MINUTE)
    t.deepEqual(alive(), ['default', 'also default', 'also that', 'longer', 'endless'])
    advance(HOUR / 2)
    t.deepEqual(alive(), ['longer', 'endless'])
    advance(HOUR)
    t.deepEqual(alive(), ['endless'])
    advance(10_000 * DAY)
    t.deepEqual(alive(), ['endless'])
  }
})

test('an entry may have a lifetime where the cache has none', (t) => {
  const cache = cacheFor(t)
  cache.set('ttl', 1, { ttl: '1h' })
  cache.set('tti', 1, { tti: '1h' })
  advance(HOUR - MINUTE)
  t.is(cache.get('ttl'), 1)
  t.is(cache.get('tti'), 1)
  advance(MINUTE)
  isGone(t, cache, 'ttl')
  t.true(cache.has('tti'))
  advance(HOUR - MINUTE)
  isGone(t, cache, 'tti')
})

test('an entry with a ttl of its own keeps the tti of the cache, and the other way round', (t) => {
  const cache = cacheFor(t, { ttl: 2 * HOUR, tti: HOUR })
  cache.set('own ttl', 1, { ttl: 5 * HOUR })
  cache.set('own tti', 1, { tti: 5 * HOUR })
  advance(HOUR)
  isGone(t, cache, 'own ttl')
  t.true(cache.has('own tti'))
  advance(HOUR)
  isGone(t, cache, 'own tti')
})

test('a set without a lifetime of its own goes back to that of the cache', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  cache.set('key', 'old', { ttl: 10 * HOUR })
  cache.set('key', 'new')
  advance(HOUR)
  isGone(t, cache, 'key')

  const endless = cacheFor(t)
  endless.set('key', 'old', { ttl: HOUR })
  endless.set('key', 'new')
  advance(DAY)
  t.is(endless.get('key'), 'new')
})

test('a set may make a lifetime shorter', (t) => {
  const cache = cacheFor(t, { ttl: DAY })
  cache.set('key', 'old')
  cache.set('key', 'new', { ttl: MINUTE })
  advance(MINUTE)
  isGone(t, cache, 'key')
})

test('a set that is refused leaves the lifetime as it was', (t) => {
  const cache = cacheFor(t, { maxBytes: '100kb', ttl: HOUR })
  cache.set('key', 'old')
  cache.set('key', 'x'.repeat(200_000), { ttl: DAY })
  t.is(cache.stats().rejected, 1)
  t.is(cache.get('key'), 'old')
  advance(HOUR)
  isGone(t, cache, 'key')
})

// --- What is over ----------------------------------------------------------------------------------------------------

test('an expired entry is a miss for get, nothing for delete, and new for set', (t) => {
  const cache = cacheFor(t, { ttl: HOUR })
  cache.set('got', 1).set('deleted', 1).set('set', 1)
  advance(HOUR)
  t.is(cache.get('got'), undefined)
  t.false(cache.delete('deleted'))
  cache.set('set', 2)
  t.is(cache.get('set'), 2)
  const { hits, misses, sets, replaced, deletes } = cache.stats()
  t.deepEqual(
    { hits, misses, sets, replaced, deletes },
    { hits: 1, misses: 1, sets: 4, replaced: 0, deletes: 0 },
  )
  t.true(isAccounted(cache))
})

test('expired entries leave by themselves while others are written', (t) => {
  const cache = cacheFor(t)
  for (let i = 0; i < 1000; i++) cache.set(`old ${i}`, 'value', { ttl: HOUR + (i % 7) * MINUTE })
  cache.set('stays', 'value', { ttl: DAY })
  const { bytes } = cache
  t.is(cache.size, 1001)
  advance(2 * HOUR)
  for (let i = 0; i < 200; i++) {
    cache.set('written', i)
    t.true(isAccounted(cache))
  }
  t.is(cache.size, 2)
  t.true(cache.bytes < bytes / 100)
  t.is(cache.stats().expirations, 1000)
  t.true(cache.has('stays'))
})

test('idle entries leave by themselves while others are written and read', (t) => {
  const cache = cacheFor(t, { tti: HOUR })
  for (let i = 0; i < 500; i++) cache.set(i, i)
  for (let round = 0; round < 10; round++) {
    advance(HOUR / 4)
    for (let i = 0; i < 100; i++) t.is(cache.get(i), i)
    for (let i = 0; i < 100; i++) cache.set('written', i)
  }
  t.is(cache.size, 101)
  t.is(cache.stats().expirations, 400)
  t.is(accountedSize(cache.stats()), 101)
})

test('entries that are full of time or out of it share a cache that is full of bytes', (t) => {
  for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
    // Not even those without end fit.
    const cache = cacheFor(t, { maxBytes: 150 * costOf(policy, true, 8, 8), policy })
    for (let i = 0; i < 5000; i++) {
      const ttl = i % 3 === 0 ? undefined : (i % 50) + 1
      cache.set(i % 700, i, ttl === undefined ? undefined : { ttl: ttl * MINUTE })
      t.is(cache.peek(i % 700), i)
      if (i % 5 === 0) advance(MINUTE)
      if (cache.bytes > cache.maxBytes) t.fail(`${cache.bytes} bytes`)
      if (!isAccounted(cache)) t.fail(`the counters are wrong at ${i}`)
    }
    const { evictions, expirations } = cache.stats()
    t.true(evictions > 0 && expirations > 0)
  }
})

test('clear forgets deadlines too', (t) => {
  const cache = cacheFor(t)
  for (let i = 0; i < 100; i++) cache.set(i, 'old', { ttl: HOUR })
  cache.clear()
  for (let i = 0; i < 100; i++) cache.set(i, 'new')
  advance(DAY)
  for (let i = 0; i < 100; i++) cache.set('written', i)
  for (let i = 0; i < 100; i++) t.is(cache.get(i), 'new')
  t.is(cache.stats().expirations, 0)
})

// --- The clock of tests ----------------------------------------------------------------------------------------------

test('advance moves the clock of all caches, those not made yet included, by what it is told', (t) => {
  const [one, other] = [cacheFor(t, { ttl: HOUR }), cacheFor(t, { ttl: HOUR })]
  one.set('key', 1)
  other.set('key', 1)
  advance(HOUR)
  t.false(one.has('key'))
  t.false(other.has('key'))
  const later = cacheFor(t, { ttl: HOUR })
  later.set('key', 1)
  advance(0)
  t.true(later.has('key'))
})

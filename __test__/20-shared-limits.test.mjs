import test from 'ava'
import fc from 'fast-check'
import { MISS, SharedCache } from '../dist/index.mjs'
import { costOf as costOfLengths, keyLength, longestValue } from './fixtures/cost.mjs'
import { accountedSize, living, randomFrom } from './fixtures/helpers.mjs'

/** @typedef {ConstructorParameters<typeof SharedCache>[0]} Options */

/**
 * A cache of bytes for one test.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Options} options
 * @returns {SharedCache<any>}
 */
function cacheFor(t, options) {
  const cache = new SharedCache({ codec: 'bytes', ...options })
  t.teardown(() => cache.close())
  return cache
}

test.after.always('nothing is left open at the end', (t) => {
  t.is(living(), 0)
})

/**
 * What an entry without a deadline counts.
 *
 * @param {Options['policy']} policy
 * @param {import('../dist/index.mjs').SharedKey} key
 * @param {number} length of its value in bytes
 */
function costOf(policy, key, length) {
  return costOfLengths(policy ?? 'tinylfu', true, keyLength(key), length)
}

/** Limits hold in units of so many bytes. */
const UNIT = 16

for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
  test(`an entry counts its block, rounded as it is allocated, and what keeps track of it (${policy})`, (t) => {
    const cache = cacheFor(t, { maxBytes: '1gb', policy })
    const keys = [
      ...['', 'k', 'k'.repeat(1000), 'é'.repeat(300), 'λ', 'λ'.repeat(1000), 'k'.repeat(100_000)],
      ...[7, 1.5, 0n, -1n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 1000n)],
      ...[new Uint8Array(0), new Uint8Array(77)],
    ]
    const lengths = [1000, 4079, 4080, 5000, 50_000, 65_519, 65_520, 100_000, 2 ** 17, 2 ** 20, 2 ** 24 + 1]
    for (let length = 0; length < 300; length++) lengths.push(length)
    for (const key of keys) {
      for (const length of lengths) {
        for (const endless of [true, false]) {
          cache.set(key, new Uint8Array(length), endless ? undefined : { ttl: '1h' })
          const cost = costOfLengths(policy, endless, keyLength(key), length)
          if (cache.bytes !== cost)
            t.fail(`${String(key).slice(0, 9)}, ${length}: ${cache.bytes}, not ${cost}`)
          if (cache.bytes < keyLength(key) + length) t.fail(`${length} bytes count ${cache.bytes}`)
        }
        cache.clear()
        if (cache.bytes !== 0) t.fail(`${cache.bytes} bytes of nothing`)
      }
    }
    t.pass()
  })
}

test('values count the bytes they are kept in', (t) => {
  const cache = cacheFor(t, { maxBytes: '1mb', codec: 'structured' })
  /** @type {[unknown, number][]} */
  const values = [
    ...[undefined, null, true, false].map((value) => /** @type {[unknown, number]} */ ([value, 0])),
    [7, 8],
    ['x'.repeat(1000), 1000],
    ['é'.repeat(1000), 1000],
    ['λ'.repeat(1000), 2000],
    [{ a: 'x'.repeat(992) }, 1000],
    [{ a: 'λ'.repeat(992) }, 2000],
    [Buffer.alloc(1000), 1000],
  ]
  for (const [value, length] of values) {
    cache.set('key', value)
    t.is(cache.bytes, costOf('tinylfu', 'key', length))
  }
})

// --- Under random use ------------------------------------------------------------------------------------------------

/** @type {[string, Options, number][]} name, options, the longest value */
const CACHES = [
  ['a small cache', { maxBytes: '128kb' }, 8 * 2 ** 10],
  ['a small cache with values up to its limit', { maxBytes: '128kb' }, 140 * 2 ** 10],
  ['a small lru cache', { maxBytes: '128kb', policy: 'lru' }, 8 * 2 ** 10],
  ['a small lru cache with values up to its limit', { maxBytes: '128kb', policy: 'lru' }, 140 * 2 ** 10],
  ['a cache of a few entries', { maxBytes: 2000 }, 600],
  ['a cache of several shards', { maxBytes: '64mb' }, 2 ** 20 + 1],
  ['a cache of several shards with values up to its limit', { maxBytes: '64mb' }, 17 * 2 ** 20],
  ['an lru cache of several shards', { maxBytes: '64mb', policy: 'lru' }, 17 * 2 ** 20],
]

for (const [index, [name, options, longest]] of CACHES.entries()) {
  test(`${name} is within its limit, and every fresh set readable, after each of many calls`, (t) => {
    const cache = cacheFor(t, options)
    const random = randomFrom(100 + index)
    const source = Buffer.alloc(longest, 'mokapot')
    const steps = longest > 2 ** 24 ? 600 : longest > 2 ** 20 ? 2500 : longest > 2 ** 14 ? 3000 : 12_000
    const keys = longest > 2 ** 24 ? 60 : longest > 2 ** 20 ? 1000 : 300
    /** @type {Map<string, number>} lengths of what was set last */
    const lengths = new Map()
    let gets = 0
    let rejected = 0

    /** What is held counts exactly what its entries count. */
    const audit = () => {
      let size = 0
      let bytes = 0
      for (const [key, length] of lengths) {
        if (!cache.has(key)) continue
        size++
        bytes += costOf(options.policy, key, length)
      }
      return [size, bytes]
    }

    for (let step = 0; step < steps; step++) {
      const key = `key ${Math.floor(random() ** 2 * keys)}`
      const act = random()
      if (act < 0.6) {
        // Mostly short, sometimes as long as can be.
        const length = Math.floor(random() ** 4 * longest)
        const before = cache.peek(key, MISS)
        cache.set(key, source.subarray(0, length))
        if (costOf(options.policy, key, length) > cache.maxEntryBytes) {
          rejected++
          if (cache.peek(key, MISS)?.length !== before?.length) t.fail(`step ${step}: a refused set changed`)
        } else {
          lengths.set(key, length)
          if (cache.peek(key)?.length !== length) t.fail(`step ${step}: ${key} of ${length} is not readable`)
        }
      } else if (act < 0.9) {
        gets++
        const value = cache.get(key)
        if (value !== undefined && value.length !== lengths.get(key)) t.fail(`step ${step}: the wrong value`)
      } else if (act < 0.999) {
        const had = cache.has(key)
        if (cache.delete(key) !== had || cache.has(key)) t.fail(`step ${step}: not deleted`)
      } else {
        cache.clear()
      }
      const { size, bytes, maxBytes } = cache
      if (bytes > maxBytes || size < 0 || bytes < size * costOf(options.policy, '', 0)) {
        t.fail(`step ${step}: ${size} entries of ${bytes} bytes`)
      }
      if (step % 97 === 0) {
        t.deepEqual([size, bytes], audit(), `step ${step}`)
        t.is(accountedSize(cache.stats()), size, `step ${step}`)
      }
    }

    const stats = cache.stats()
    t.is(stats.hits + stats.misses, gets)
    t.is(stats.rejected, rejected)
    t.is(stats.size, cache.size)
    t.is(stats.bytes, cache.bytes)
    t.true(stats.evictions > 0)
  })
}

test('any order of sets, deletes and reads keeps the limit and the counters right', (t) => {
  const step = fc.record({
    act: fc.constantFrom('set', 'set', 'set', 'get', 'delete'),
    key: fc.integer({ min: 0, max: 20 }),
    length: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.constantFrom(0, 100, 10_000, 20_000)),
  })
  const options = fc.record({
    maxBytes: fc.integer({ min: 1000, max: 12_000 }),
    policy: /** @type {fc.Arbitrary<'lru' | 'tinylfu'>} */ (fc.constantFrom('lru', 'tinylfu')),
  })
  fc.assert(
    fc.property(options, fc.array(step, { maxLength: 200, size: 'max' }), (options, steps) => {
      const cache = new SharedCache({ codec: 'bytes', ...options })
      try {
        let gets = 0
        let sets = 0
        for (const { act, key, length } of steps) {
          if (act === 'set') {
            sets++
            const before = cache.peek(key)?.length
            cache.set(key, new Uint8Array(length))
            const fits = costOf(options.policy, key, length) <= cache.maxEntryBytes
            if (cache.peek(key)?.length !== (fits ? length : before)) return false
          } else if (act === 'delete') {
            if (cache.has(key) !== cache.delete(key)) return false
          } else {
            gets++
            cache.get(key)
          }
          const stats = cache.stats()
          if (cache.bytes > options.maxBytes || accountedSize(stats) !== cache.size) return false
          if (stats.hits + stats.misses !== gets || stats.sets + stats.rejected !== sets) return false
        }
        return true
      } finally {
        cache.close()
      }
    }),
    { numRuns: 200 },
  )
  t.pass()
})

// --- How much fits ---------------------------------------------------------------------------------------------------

for (const [name, options] of /** @type {[string, Options][]} */ ([
  ['of one shard', { maxBytes: '1mb' }],
  ['of one shard, lru,', { maxBytes: '1mb', policy: 'lru' }],
  ['of several shards', { maxBytes: '64mb' }],
  ['of several shards, lru,', { maxBytes: '64mb', policy: 'lru' }],
])) {
  test(`a cache ${name} lets nothing go before it is full`, (t) => {
    for (const length of [0, 1000, 20_000]) {
      const cache = cacheFor(t, options)
      const value = new Uint8Array(length)
      const cost = costOf(options.policy, 'key 00000', length)
      // Shards keep a little of what they were granted for themselves.
      const room = cache.maxBytes > 2 ** 24 ? cache.maxBytes * 0.93 - cost : cache.maxBytes
      let count = 0
      while ((count + 1) * cost <= room) cache.set(`key ${String(count++).padStart(5, '0')}`, value)
      t.is(cache.size, count)
      t.is(cache.stats().evictions, 0)
      for (let i = 0; i < count; i++)
        if (!cache.has(`key ${String(i).padStart(5, '0')}`)) t.fail(`${i} is gone`)
    }
  })
}

for (const maxBytes of /** @type {const} */ (['100kb', '1mb', '64mb'])) {
  for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
    test(`maxEntryBytes is exactly what a cache of ${maxBytes} takes (${policy})`, (t) => {
      const cache = cacheFor(t, { maxBytes, policy })
      const { maxEntryBytes } = cache
      t.true(maxEntryBytes >= cache.maxBytes / 4 && maxEntryBytes <= cache.maxBytes)
      const largest = longestValue(policy, true, 1, maxEntryBytes)
      cache.set('kept', Buffer.from('kept'))

      cache.set('a', new Uint8Array(largest + 1))
      t.false(cache.has('a'))
      t.is(cache.stats().rejected, 1)
      t.true(cache.has('kept'), 'what is refused pushes nothing out')

      cache.set('a', new Uint8Array(largest))
      t.is(cache.get('a')?.length, largest)
      t.is(cache.stats().rejected, 1)
      t.true(cache.bytes <= cache.maxBytes)
    })
  }
}

test('an entry that is too large is refused: the old value stays, and the rest too', (t) => {
  const cache = cacheFor(t, { maxBytes: '100kb' })
  cache.set('key', Buffer.from('old')).set('other', Buffer.from('other'))
  const { bytes } = cache
  t.is(cache.set('key', new Uint8Array(200_000)), cache)
  t.is(cache.get('key').toString(), 'old')
  t.is(cache.get('other').toString(), 'other')
  t.is(cache.bytes, bytes)
  const { sets, replaced, rejected, evictions, size } = cache.stats()
  t.deepEqual(
    { sets, replaced, rejected, evictions, size },
    { sets: 2, replaced: 0, rejected: 1, evictions: 0, size: 2 },
  )
})

test('an entry whose key alone is too large is refused', (t) => {
  const cache = cacheFor(t, { maxBytes: '100kb' })
  const key = 'k'.repeat(200_000)
  cache.set(key, new Uint8Array(1))
  t.false(cache.has(key))
  t.is(cache.stats().rejected, 1)
})

test('a value may shrink and grow in place', (t) => {
  for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
    const cache = cacheFor(t, { maxBytes: '100kb', policy })
    for (const length of [10, 90_000, 0, 50_000, longestValue(policy, true, 3, cache.maxEntryBytes), 1]) {
      cache.set('key', new Uint8Array(length))
      t.is(cache.get('key').length, length)
      t.is(cache.size, 1)
      t.is(cache.bytes, costOf(policy, 'key', length))
    }
    t.is(cache.stats().evictions, 0)
  }
})

test('a cache too small for any entry refuses them all', (t) => {
  const cache = cacheFor(t, { maxBytes: 1 })
  cache.set('key', new Uint8Array(0))
  t.is(cache.size, 0)
  t.is(cache.bytes, 0)
  t.is(cache.stats().rejected, 1)
})

test('a value of a quarter of the limit is taken by every shard', (t) => {
  const cache = cacheFor(t, { maxBytes: '64mb' })
  const value = new Uint8Array(longestValue('tinylfu', true, 6, cache.maxEntryBytes))
  t.true(value.length > 16 * 2 ** 20 - 5000)
  for (let i = 0; i < 40; i++) {
    cache.set(`key ${i}`, value)
    t.is(cache.peek(`key ${i}`)?.length, value.length)
    t.true(cache.bytes <= cache.maxBytes)
  }
  t.is(cache.stats().rejected, 0)
})

// --- Who stays -------------------------------------------------------------------------------------------------------

/**
 * How many entries of one small size an lru cache holds.
 *
 * @param {SharedCache<any>} cache
 */
function capacityOf(cache) {
  let count = 0
  while (cache.stats().evictions === 0) cache.set(count++, Buffer.from('x'))
  cache.clear()
  return count - 1
}

test('an lru cache keeps exactly what was set or read last', (t) => {
  const step = fc.record({
    act: fc.constantFrom('set', 'set', 'get', 'get', 'peek', 'has', 'delete'),
    key: fc.integer({ min: 0, max: 14 }),
  })
  const capacity = 9
  const cache = cacheFor(t, { maxBytes: capacity * costOf('lru', 1, 1) + UNIT, policy: 'lru' })
  t.is(capacityOf(cache), capacity)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
      cache.clear()
      /** @type {Set<number>} the least recently used first */
      const model = new Set()
      for (const { act, key } of steps) {
        if (act === 'set') {
          cache.set(key, Buffer.from('x'))
          model.delete(key)
          model.add(key)
          if (model.size > capacity) model.delete([...model][0])
        } else if (act === 'get') {
          if ((cache.get(key) !== undefined) !== model.has(key)) return false
          if (model.delete(key)) model.add(key)
        } else if (act === 'delete') {
          if (cache.delete(key) !== model.delete(key)) return false
        } else if (act === 'peek') {
          if ((cache.peek(key) !== undefined) !== model.has(key)) return false
        } else if (cache.has(key) !== model.has(key)) {
          return false
        }
        if (cache.size !== model.size) return false
      }
      for (let key = 0; key < 15; key++) if (cache.has(key) !== model.has(key)) return false
      return true
    }),
    { numRuns: 300 },
  )
  t.pass()
})

/**
 * The share of reads that hit when 100 keys are read one after the other, each once in 1,000 sets of keys that are read
 * once and never again, in a cache of 500 entries.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {'tinylfu' | 'lru'} policy
 */
function hitRateInScan(t, policy) {
  const cache = cacheFor(t, { maxBytes: 500 * costOf(policy, 'cold 12345', 4), policy })
  let hits = 0
  let reads = 0
  for (let i = 0; i < 40_000; i++) {
    cache.set(`cold ${i}`, Buffer.from('once'))
    if (cache.get(`cold ${i}`) === undefined) t.fail(`cold ${i} is not readable`)
    if (i % 10 !== 0) continue
    const key = `hot ${(i / 10) % 100}`
    const hit = cache.get(key) !== undefined
    if (!hit) cache.set(key, Buffer.from('hot'))
    if (i < 10_000) continue
    reads++
    if (hit) hits++
  }
  return hits / reads
}

test('what is read again and again stays though many more keys are read once, which lru cannot do', (t) => {
  const [tinylfu, lru] = [hitRateInScan(t, 'tinylfu'), hitRateInScan(t, 'lru')]
  t.is(lru, 0)
  // As a rule 0.65. In one run of a hundred it goes by recency for a while, by its seeds' chance: 0.5.
  t.true(tinylfu > 0.3, `${tinylfu}`)
})

// --- Counters --------------------------------------------------------------------------------------------------------

test('every counter counts what it says', (t) => {
  const cache = cacheFor(t, { maxBytes: '100kb' })
  const value = new Uint8Array(10)
  const none = { ...cache.stats() }
  t.deepEqual(none, {
    ...{ hits: 0, misses: 0, hitRate: 0, sets: 0, replaced: 0, deletes: 0, cleared: 0 },
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
      size: 0,
      bytes: 0,
    },
  })
  for (const key of ['a', 'b', 'c', 'd', 'a']) cache.set(key, value)
  cache.get('a')
  cache.get('a', MISS)
  cache.get('b')
  cache.get('x')
  cache.peek('a')
  cache.peek('x')
  cache.has('a')
  cache.has('x')
  cache.delete('b')
  cache.delete('b')
  cache.set('big', new Uint8Array(200_000))
  t.deepEqual(cache.stats(), {
    ...none,
    ...{ hits: 3, misses: 1, hitRate: 0.75, sets: 5, replaced: 1, deletes: 1, cleared: 0 },
    ...{ evictions: 0, expirations: 0, rejected: 1, size: 3, bytes: 3 * costOf('tinylfu', 'a', 10) },
  })
  cache.clear()
  const { sets, cleared, size, bytes } = cache.stats()
  t.deepEqual({ sets, cleared, size, bytes }, { sets: 5, cleared: 3, size: 0, bytes: 0 })
})

test('stats are a snapshot of their own', (t) => {
  const cache = cacheFor(t, { maxBytes: '1mb' })
  const before = cache.stats()
  cache.set('key', new Uint8Array(1))
  t.is(before.sets, 0)
  before.sets = 99
  t.is(cache.stats().sets, 1)
})

import test from 'ava'
import { LRUCache } from 'lru-cache'
import { cacheFor, ManualClock } from './fixtures/cache-for.mjs'
import { randomFrom } from './fixtures/helpers.mjs'

// What the migration guide calls the same is compared here, what it calls different is shown: docs/migrating-from-lru-cache.md.

/** lru-cache calls it a deletion when all entries are taken out. */
const REASONS = /** @type {Record<string, string>} */ ({ clear: 'delete' })

/**
 * An lru-cache and one of ours that lives by the same clock with the same options, and what each disposed of.
 *
 * @param {import('ava').ExecutionContext<any>} t
 * @param {any} options
 */
function pair(t, options = {}) {
  const clock = new ManualClock()
  /** @type {any[]} */
  const [ourGone, theirGone] = [[], []]
  const limited =
    options.max === undefined && options.maxSize === undefined ? { max: 100, ...options } : options
  const { memoMethod, ...shared } = limited
  const ours = cacheFor(t, {
    ...shared,
    clock,
    policy: 'lru',
    dispose: (value, key, reason) => ourGone.push([key, value, REASONS[reason] ?? reason]),
  })
  /** @type {LRUCache<any, any>} */
  const theirs = new LRUCache({
    ...limited,
    perf: clock,
    ttlResolution: 0,
    disposeAfter: (value, key, reason) => theirGone.push([key, value, reason]),
  })
  return { clock, ours, theirs, ourGone, theirGone }
}

/** @param {Iterable<any>} items */
const sorted = (items) => [...items].map((item) => JSON.stringify(item)).sort()

/**
 * Compares all that both tell.
 *
 * @param {import('ava').ExecutionContext<any>} t
 * @param {ReturnType<typeof pair>} pair
 */
function compare(t, { ours, theirs, ourGone, theirGone }) {
  t.is(ours.size, theirs.size)
  t.is(ours.calculatedSize, theirs.calculatedSize)
  t.deepEqual(sorted(ours), sorted(theirs))
  t.deepEqual(sorted(ours.entries()), sorted(theirs.entries()))
  t.deepEqual(sorted(ours.keys()), sorted(theirs.keys()))
  t.deepEqual(sorted(ours.values()), sorted(theirs.values()))
  t.deepEqual(sorted(ourGone.splice(0)), sorted(theirGone.splice(0)))
}

const sizeCalculation = (/** @type {number} */ value) => 1 + (value % 7)

const SETTINGS = /** @type {Record<string, any>} */ ({
  'max: 1': { max: 1 },
  'max: 10': { max: 10 },
  'max: 100': { max: 100 },
  maxSize: { maxSize: 40, sizeCalculation },
  'max and maxSize': { max: 8, maxSize: 40, sizeCalculation },
  ttl: { max: 20, ttl: 51 },
  'ttl and maxSize': { maxSize: 60, sizeCalculation, ttl: 51 },
  updateAgeOnGet: { max: 20, ttl: 51, updateAgeOnGet: true },
})

for (const [name, options] of Object.entries(SETTINGS)) {
  test(`any script does the same to both, with ${name}`, (t) => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = randomFrom(seed)
      const below = (/** @type {number} */ end) => Math.floor(random() * end)
      const memoMethod = (/** @type {number} */ key) => 1000 + key
      const both = pair(t, { ...options, memoMethod })
      const { clock, ours, theirs } = both
      for (let i = 0; i < 1500; i++) {
        const key = below(30)
        const value = below(1000)
        const action = below(100)
        // To set or delete what has expired has another reason here: see below.
        const isOver = !theirs.has(key) && theirs.info(key) !== undefined
        if (action < 30 || isOver) t.is(ours.get(key), theirs.get(key))
        else if (action < 55) {
          t.is(ours.set(key, value), ours)
          theirs.set(key, value)
        } else if (action < 60) {
          // A ttl of its own, and a size of its own. Ages are even and ttls odd: the moment of the end is a case below.
          const ttl = options.ttl === undefined ? undefined : below(2) === 0 ? 1 + 2 * below(50) : undefined
          const sizing = options.maxSize === undefined ? {} : { size: 1 + below(9) }
          ours.set(key, -value, { ttl, ...sizing })
          theirs.set(key, -value, { ttl: ttl ?? options.ttl, ...sizing })
        } else if (action < 65) t.is(ours.delete(key), theirs.delete(key))
        else if (action < 70) t.is(ours.has(key), theirs.has(key))
        else if (action < 75) t.is(ours.peek(key), theirs.peek(key))
        else if (action < 80) t.is(ours.memo(key, memoMethod), theirs.memo(key))
        else if (action < 90) clock.advance(2 * below(6))
        else if (action < 93) t.is(ours.getRemainingTTL(key), Math.max(0, theirs.getRemainingTTL(key)))
        else if (action < 95) t.is(ours.purgeExpired() > 0, theirs.purgeStale())
        else if (action === 95 && below(4) === 0) {
          ours.clear()
          theirs.clear()
        }
        if (i % 5 === 0) compare(t, both)
      }
      compare(t, both)
    }
  })
}

test('max, maxSize and what is thrown for bad limits', (t) => {
  const { ours, theirs } = pair(t, { max: 7, maxSize: 70, sizeCalculation: () => 1 })
  t.is(ours.max, theirs.max)
  t.is(ours.maxSize, theirs.maxSize)
  for (const bad of /** @type {any[]} */ ([-1, 1.5, Number.NaN, '10', {}])) {
    t.throws(() => new LRUCache({ max: bad }), { instanceOf: TypeError })
    t.throws(() => cacheFor(t, { max: bad }), { code: 'ERR_MOKAPOT_INVALID_OPTION' })
  }
  t.throws(() => new LRUCache(/** @type {any} */ ({})), { instanceOf: TypeError })
})

test('a size is needed where sizes are limited, and must be one', (t) => {
  const { ours, theirs } = pair(t, { maxSize: 10 })
  for (const options of /** @type {any[]} */ ([undefined, { size: -1 }, { size: 1.5 }])) {
    t.throws(() => theirs.set('key', 1, { ...options }), { instanceOf: TypeError })
    t.throws(() => ours.set('key', 1, options), { code: 'ERR_MOKAPOT_INVALID_OPTION' })
  }
  const bad = pair(t, { maxSize: 10, sizeCalculation: () => 0 })
  t.throws(() => bad.theirs.set('key', 1))
  t.throws(() => bad.ours.set('key', 1))
  t.is(ours.size + theirs.size + bad.ours.size + bad.theirs.size, 0)
})

test('sizeCalculation gets value and key, and forEach value, key and cache, with a this', (t) => {
  /** @type {any[]} */
  const calls = []
  const { ours, theirs } = pair(t, {
    maxSize: 10,
    sizeCalculation: (/** @type {any[]} */ ...given) => calls.push(given),
  })
  ours.set('key', 'value')
  calls.length = 0
  ours.set('key', 'ours')
  theirs.set('key', 'ours')
  t.deepEqual(calls[0], calls[1])

  for (const thisArg of [undefined, {}]) {
    for (const cache of [ours, theirs]) {
      cache.forEach(
        /** @this {any} */ function (/** @type {any[]} */ ...given) {
          t.deepEqual(given.slice(0, 2), ['ours', 'key'])
          t.is(given[2], cache)
          t.is(this, thisArg ?? cache)
        },
        thisArg,
      )
    }
  }
})

test('getRemainingTTL: 0 for none, Infinity without an end', (t) => {
  const { clock, ours, theirs } = pair(t, { ttl: 100 })
  for (const cache of [ours, theirs]) {
    cache.set('key', 1).set('own', 1, { ttl: 500 })
    t.is(cache.getRemainingTTL('none'), 0)
  }
  clock.advance(30)
  for (const cache of [ours, theirs]) {
    t.is(cache.getRemainingTTL('key'), 70)
    t.is(cache.getRemainingTTL('own'), 470)
  }
  const endless = pair(t)
  for (const cache of [endless.ours, endless.theirs]) {
    t.is(cache.set('key', 1).getRemainingTTL('key'), Number.POSITIVE_INFINITY)
  }
})

test('updateAgeOnGet lets get begin the ttl anew, and has and peek not', (t) => {
  const { clock, ours, theirs } = pair(t, { ttl: 100, updateAgeOnGet: true })
  for (const cache of [ours, theirs]) cache.set('got', 1).set('seen', 1)
  clock.advance(60)
  for (const cache of [ours, theirs]) {
    cache.get('got')
    cache.has('seen')
    cache.peek('seen')
  }
  clock.advance(60)
  for (const cache of [ours, theirs]) {
    t.is(cache.get('got'), 1)
    t.is(cache.get('seen'), undefined)
  }
})

test('info tells value and size, and what is left', (t) => {
  const { clock, ours, theirs } = pair(t, { maxSize: 10, ttl: 100 })
  for (const cache of [ours, theirs]) {
    cache.set('key', 'value', { size: 3 })
    t.is(cache.info('none'), undefined)
  }
  clock.advance(30)
  const [our, their] = [ours.info('key'), theirs.info('key')]
  t.is(our?.value, their?.value)
  t.is(our?.size, their?.size)
  t.is(our?.remaining, their?.ttl)
})

test('a dump is loaded with the time that was left, the oldest first', (t) => {
  const { clock, ours, theirs } = pair(t, { ttl: 100_000 })
  for (const cache of [ours, theirs]) cache.set('a', 1).set('b', 2, { ttl: 200_000 }).set('c', 3)
  clock.advance(30_000)
  const [our, their] = [ours.dump(), theirs.dump()]
  t.deepEqual(
    our.map(([key, { value, ttl }]) => [key, value, ttl]),
    their.map(([key, { value, ttl }]) => [key, value, ttl]),
  )
  const next = pair(t, { ttl: 1 })
  next.ours.set('old', 1)
  next.theirs.set('old', 1)
  next.ours.load(our)
  next.theirs.load(their)
  compare(t, { ...next, ourGone: [], theirGone: [] })
  t.is(next.ours.getRemainingTTL('b'), 170_000)
  t.true(Math.abs(next.theirs.getRemainingTTL('b') - 170_000) < 20_000, 'theirs goes by the time of day')
})

test('memo computes what is missing or expired, and stores it', (t) => {
  let calls = 0
  const memoMethod = (/** @type {string} */ key) => `${key} ${++calls}`
  const { clock, ours, theirs } = pair(t, { ttl: 10, memoMethod })
  t.is(ours.memo('key', memoMethod), 'key 1')
  t.is(ours.memo('key', memoMethod), 'key 1')
  calls = 0
  t.is(theirs.memo('key'), 'key 1')
  t.is(theirs.memo('key'), 'key 1')
  clock.advance(11)
  t.is(theirs.memo('key'), 'key 2')
  calls = 1
  t.is(ours.memo('key', memoMethod), 'key 2')
})

// --- Different -------------------------------------------------------------------------------------------------------

test('different: undefined is a value, and set does not delete', (t) => {
  const { ours, theirs } = pair(t)
  for (const cache of [ours, theirs]) cache.set('key', 1).set('key', undefined)
  t.false(theirs.has('key'))
  t.true(ours.has('key'))
})

test('different: iteration is in the order of insertion, not of use', (t) => {
  const { ours, theirs } = pair(t)
  for (const cache of [ours, theirs]) cache.set('a', 1).set('b', 2).set('c', 3).get('a')
  t.deepEqual([...theirs.keys()], ['a', 'c', 'b'])
  t.deepEqual([...ours.keys()], ['a', 'b', 'c'])
})

test('different: what is too large leaves the old value alone', (t) => {
  const { ours, theirs } = pair(t, { maxSize: 10, sizeCalculation: (/** @type {number} */ value) => value })
  for (const cache of [ours, theirs]) cache.set('key', 5).set('key', 11)
  t.is(theirs.get('key'), undefined)
  t.is(ours.get('key'), 5)
})

test('different: 0 is no way to say none', (t) => {
  t.notThrows(() => new LRUCache({ max: 0, ttl: 0, maxSize: 10 }))
  t.throws(() => cacheFor(t, { max: 0 }), { instanceOf: RangeError })
  t.throws(() => cacheFor(t, { max: 5, ttl: 0 }), { instanceOf: RangeError })
})

test('different: an entry is over at its ttl, not past it', (t) => {
  const { clock, ours, theirs } = pair(t, { ttl: 100 })
  for (const cache of [ours, theirs]) cache.set('key', 1)
  clock.advance(100)
  t.true(theirs.has('key'))
  t.false(ours.has('key'))
})

test('different: an expired entry was not there to be deleted or overwritten', (t) => {
  const { clock, ours, theirs, ourGone, theirGone } = pair(t, { ttl: 100 })
  for (const cache of [ours, theirs]) cache.set('deleted', 1).set('overwritten', 1)
  clock.advance(101)
  t.true(theirs.delete('deleted'))
  t.false(ours.delete('deleted'))
  for (const cache of [ours, theirs]) cache.set('overwritten', 2)
  const reasons = (/** @type {any[]} */ gone) => gone.map(([, , reason]) => reason)
  t.deepEqual(reasons(theirGone), ['delete', 'set'])
  t.deepEqual(reasons(ourGone), ['expire', 'expire'])
})

test('different: info and getRemainingTTL know no expired entry, and dump leaves it out', (t) => {
  const { clock, ours, theirs } = pair(t, { ttl: 100 })
  for (const cache of [ours, theirs]) cache.set('key', 1)
  clock.advance(130)
  t.is(theirs.info('key')?.ttl, -30)
  t.is(theirs.getRemainingTTL('key'), -30)
  t.is(theirs.dump().length, 1)
  t.is(ours.info('key'), undefined)
  t.is(ours.getRemainingTTL('key'), 0)
  t.is(ours.dump().length, 0)
})

test('different: a set of the same reference weighs it anew', (t) => {
  const { ours, theirs } = pair(t, {
    maxSize: 100,
    sizeCalculation: (/** @type {any[]} */ value) => value.length,
  })
  const value = [1]
  for (const cache of [ours, theirs]) cache.set('key', value)
  value.push(2, 3)
  for (const cache of [ours, theirs]) cache.set('key', value)
  t.is(theirs.calculatedSize, 1)
  t.is(ours.calculatedSize, 3)
})

test('different: purgeExpired tells how many, and deadlines that come with set work without a ttl', (t) => {
  const { clock, ours, theirs } = pair(t)
  for (const cache of [ours, theirs]) cache.set('a', 1, { ttl: 5 }).set('b', 1, { ttl: 5 })
  clock.advance(6)
  t.is(ours.purgeExpired(), 2)
  t.is(theirs.purgeStale(), true)
})

test('different: by default a key that is asked for often outlives those that were used later', (t) => {
  const ours = cacheFor(t, { max: 100 })
  const theirs = new LRUCache({ max: 100 })
  for (const cache of [ours, theirs]) {
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 30; i++) if (cache.get(`often ${i}`) === undefined) cache.set(`often ${i}`, i)
    }
    for (let i = 0; i < 1000; i++) cache.set(`once ${i}`, i)
  }
  const kept = (/** @type {Iterable<any>} */ keys) =>
    [...keys].filter((key) => key.startsWith('often')).length
  t.is(kept(theirs.keys()), 0)
  t.is(kept(ours.keys()), 30)
})

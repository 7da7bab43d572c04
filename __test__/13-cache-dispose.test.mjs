import test from 'ava'
import { Cache } from '../dist/index.mjs'
import { cacheFor, isSound, ManualClock } from './fixtures/cache-for.mjs'
import { runNode } from './fixtures/run-node.mjs'

/**
 * A cache that notes what it disposes of.
 *
 * @param {import('ava').ExecutionContext<any>} t
 * @param {Partial<import('../dist/index.mjs').CacheOptions<any, any>>} [options]
 */
function observed(t, options) {
  /** @type {[any, any, string][]} */
  const gone = []
  const cache = cacheFor(t, { ...options, dispose: (value, key, reason) => gone.push([value, key, reason]) })
  return { cache, gone }
}

/**
 * A cache whose dispose throws an error that tells the key.
 *
 * @param {import('ava').ExecutionContext<any>} t
 * @param {Partial<import('../dist/index.mjs').CacheOptions<any, any>>} [options]
 */
function failing(t, options) {
  const thrown = { on: true }
  const cache = cacheFor(t, {
    ...options,
    dispose: (_value, key) => {
      if (thrown.on) throw new Error(`dispose of ${key}`)
    },
  })
  t.teardown(() => {
    thrown.on = false
    cache.close()
  })
  return cache
}

// --- Reasons ---------------------------------------------------------------------------------------------------------

test('an entry that is overwritten, deleted, cleared or closed is disposed of once, with the reason', (t) => {
  const { cache, gone } = observed(t)
  cache.set('a', 1).set('a', 2).set('b', 3).set('c', 4)
  t.deepEqual(gone.splice(0), [[1, 'a', 'set']])
  cache.delete('a')
  cache.delete('a')
  t.deepEqual(gone.splice(0), [[2, 'a', 'delete']])
  cache.clear()
  cache.clear()
  t.deepEqual(gone.splice(0), [
    [3, 'b', 'clear'],
    [4, 'c', 'clear'],
  ])
  cache.set('d', 5)
  cache.close()
  cache.close()
  t.deepEqual(gone, [[5, 'd', 'clear']])
})

test('an entry that makes room is evicted', (t) => {
  const { cache, gone } = observed(t, { policy: 'lru', max: 2 })
  cache.set('a', 1).set('b', 2).set('c', 3)
  t.deepEqual(gone.splice(0), [[1, 'a', 'evict']])
  cache.resize({ max: 1 })
  t.deepEqual(gone, [[2, 'b', 'evict']])
})

test('an entry that expired is disposed of when it is met by a get, a set, a delete or a purge', (t) => {
  const clock = new ManualClock()
  const { cache, gone } = observed(t, { clock })
  const expire = (/** @type {() => unknown} */ act) => {
    cache.set('a', 1, { ttl: 10 })
    clock.advance(10)
    cache.has('a')
    cache.peek('a')
    t.deepEqual(gone, [], 'looking takes nothing out')
    act()
    t.deepEqual(gone.splice(0), [[1, 'a', 'expire']])
  }
  expire(() => t.is(cache.get('a'), undefined))
  expire(() => t.deepEqual(cache.getMany(['a']), [undefined]))
  expire(() => t.is(cache.set('a', 2, { ttl: 10 }).get('a'), 2))
  t.true(cache.delete('a'))
  gone.length = 0
  expire(() => t.false(cache.delete('a')))
  expire(() => t.is(cache.deleteMany(['a']), 0))
  expire(() => t.is(cache.purgeExpired(), 1))
  expire(() =>
    t.is(
      cache.memo('a', () => 2, { ttl: 10 }),
      2,
    ),
  )
  isSound(t, cache)
})

test('set of the same reference is an update that disposes of nothing', (t) => {
  const { cache, gone } = observed(t)
  const value = {}
  for (const same of [value, undefined, null, Number.NaN, 'text']) {
    cache.set('a', same)
    gone.length = 0
    cache.set('a', same)
    t.deepEqual(gone, [])
  }
  t.is(cache.stats().replaced, 9)
})

test('what is refused for its size disposes of nothing', (t) => {
  const { cache, gone } = observed(t, { maxSize: 10, sizeCalculation: (value) => value })
  cache.set('a', 5).set('a', 11).set('b', 11)
  t.deepEqual(gone, [])
  t.is(cache.get('a'), 5)
})

test('dispose gets any key and value', (t) => {
  const { cache, gone } = observed(t)
  const keys = [undefined, null, Number.NaN, {}, Symbol('s'), 1n]
  for (const key of keys) cache.set(key, undefined)
  for (const key of keys) cache.delete(key)
  t.deepEqual(
    gone,
    keys.map((key) => [undefined, key, 'delete']),
  )
})

test('each of many entries is disposed of once', (t) => {
  for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
    const { cache, gone } = observed(t, { max: 100, policy })
    for (let i = 0; i < 10_000; i++) cache.set(i, i)
    const kept = [...cache.keys()]
    cache.close()
    t.is(gone.length, 10_000)
    t.deepEqual(
      gone.map(([value]) => value).sort((a, b) => a - b),
      Array.from({ length: 10_000 }, (_, i) => i),
    )
    t.deepEqual(
      gone.filter(([, , reason]) => reason === 'clear').map(([, key]) => key),
      kept,
    )
  }
})

// --- What the callback sees ------------------------------------------------------------------------------------------

test('when dispose is called, the cache shows the new state', (t) => {
  const clock = new ManualClock()
  /** @type {any[]} */
  const seen = []
  const cache = cacheFor(t, {
    clock,
    policy: 'lru',
    max: 2,
    maxSize: 10,
    sizeCalculation: () => 1,
    dispose: (_value, key, reason) => {
      seen.push([reason, cache.size, cache.calculatedSize, cache.peek(key), [...cache.keys()].join('')])
      isSound(t, cache)
    },
  })
  cache.set('a', 1).set('a', 2)
  cache.set('b', 1).set('c', 1)
  cache.delete('b')
  cache.set('d', 1, { ttl: 10 })
  clock.advance(10)
  cache.get('d')
  cache.set('e', 1)
  cache.deleteMany(['c', 'e'])
  cache.set('f', 1).set('g', 1)
  cache.clear()
  t.deepEqual(seen, [
    ['set', 1, 1, 2, 'a'],
    ['evict', 2, 2, undefined, 'bc'],
    ['delete', 1, 1, undefined, 'c'],
    ['expire', 1, 1, undefined, 'c'],
    ['delete', 0, 0, undefined, ''],
    ['delete', 0, 0, undefined, ''],
    ['clear', 0, 0, undefined, ''],
    ['clear', 0, 0, undefined, ''],
  ])
})

test('dispose may put an entry right back', (t) => {
  let left = 3
  const cache = cacheFor(t, {
    max: 2,
    policy: 'lru',
    dispose: (value, key, reason) => {
      if (reason !== 'set' && left-- > 0) cache.set(key, value)
    },
  })
  cache.set('a', 1).set('b', 2).set('c', 3)
  isSound(t, cache)
  t.is(cache.size, 2)
  cache.set('d', 4)
  left = 1
  cache.delete('d')
  t.is(cache.get('d'), 4)
  left = 2
  cache.clear()
  t.is(cache.size, 2)
  isSound(t, cache)
  left = 0
})

const REENTRANT = /** @type {Record<string, (cache: Cache<any, any>) => unknown>} */ ({
  set: (cache) => cache.set('inside', 1),
  'set many': (cache) => cache.setMany([...Array(50).keys()].map((i) => [`inside ${i}`, i])),
  delete: (cache) => cache.delete(1),
  clear: (cache) => cache.clear(),
  resize: (cache) => cache.resize({ max: 3 }),
  'resize up': (cache) => cache.resize({ max: 30 }),
  purge: (cache) => cache.purgeExpired(),
  load: (cache) => cache.load([['loaded', { value: 1 }]]),
  close: (cache) => cache.close(),
})

for (const [what, act] of Object.entries(REENTRANT)) {
  test(`dispose may ${what}, whatever made it be called`, (t) => {
    for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
      const operations = /** @type {((cache: Cache<any, any>, clock: ManualClock) => unknown)[]} */ ([
        (cache) => cache.set('new', 1),
        (cache) => cache.set(0, 'other'),
        (cache) => cache.delete(0),
        (cache) => cache.clear(),
        (cache) => cache.resize({ max: 5 }),
        (cache) => cache.setMany([...Array(20).keys()].map((i) => [`new ${i}`, i])),
        (cache) => cache.deleteMany([1, 2, 3, 4]),
        (cache) => cache.load([['other', { value: 1 }]]),
        (cache) => cache.memo('new', () => 1),
        (cache) => cache.close(),
        (cache, clock) => {
          clock.advance(100)
          return cache.purgeExpired()
        },
        (cache, clock) => {
          clock.advance(100)
          return cache.get(0)
        },
        (cache, clock) => {
          clock.advance(100)
          return cache.getMany([0, 1, 2])
        },
      ])
      for (const operation of operations) {
        let depth = 0
        let calls = 0
        const clock = new ManualClock()
        const cache = cacheFor(t, {
          max: 10,
          policy,
          clock,
          ttl: 100,
          dispose: () => {
            calls++
            if (depth > 0) return
            depth++
            act(cache)
            depth--
          },
        })
        for (let i = 0; i < 10; i++) cache.set(i, i)
        try {
          operation(cache, clock)
        } catch (error) {
          // Closed by dispose in the middle of an operation that goes on: only that may be said.
          t.true(what === 'close' || String(operation).includes('close'), String(error))
          t.is(/** @type {any} */ (error).code, 'ERR_MOKAPOT_CLOSED')
        }
        depth = 1
        t.true(calls > 0)
        if (what === 'close' || String(operation).includes('close')) {
          t.throws(() => cache.size, { code: 'ERR_MOKAPOT_CLOSED' })
        } else {
          isSound(t, cache)
          for (const [key, value] of cache) t.is(cache.get(key), value)
        }
      }
    }
  })
}

test('purgeExpired tells of its own entries, whatever dispose does', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, {
    clock,
    dispose: (_value, key) => {
      if (key !== 'a') return
      cache.set('inside', 1, { ttl: 1 })
      clock.advance(1)
      cache.get('inside')
      cache.resetStats()
    },
  })
  cache.set('a', 1, { ttl: 10 }).set('b', 1, { ttl: 10 })
  clock.advance(10)
  t.is(cache.purgeExpired(), 2)
})

test('an entry that dispose stores while the cache is closed is disposed of, too', (t) => {
  /** @type {any[]} */
  const gone = []
  const cache = new Cache({
    max: 10,
    dispose: (_value, key, reason) => {
      gone.push([key, reason])
      if (key === 'a') cache.set('inside', 1)
    },
  })
  cache.set('a', 1).set('b', 1)
  cache.close()
  t.deepEqual(gone, [
    ['a', 'clear'],
    ['b', 'clear'],
    ['inside', 'clear'],
  ])
  t.throws(() => cache.size, { code: 'ERR_MOKAPOT_CLOSED' })
})

// --- Errors ----------------------------------------------------------------------------------------------------------

test('what dispose throws reaches the caller, when the cache is consistent', (t) => {
  const clock = new ManualClock()
  const cache = failing(t, { max: 2, policy: 'lru', clock })
  cache.set('a', 1)
  t.throws(() => cache.set('a', 2), { message: 'dispose of a' })
  t.is(cache.get('a'), 2)
  cache.set('b', 1)
  t.throws(() => cache.set('c', 1), { message: 'dispose of a' })
  t.deepEqual([...cache.keys()], ['b', 'c'])
  t.throws(() => cache.delete('b'), { message: 'dispose of b' })
  t.deepEqual([...cache.keys()], ['c'])
  cache.set('d', 1, { ttl: 10 })
  clock.advance(10)
  t.throws(() => cache.get('d'), { message: 'dispose of d' })
  t.is(cache.get('d'), undefined)
  cache.set('d', 1, { ttl: 10 })
  clock.advance(10)
  t.throws(() => cache.purgeExpired(), { message: 'dispose of d' })
  t.is(cache.purgeExpired(), 0)
  t.throws(() => cache.memo('e', () => cache.set('d', 1).size), undefined)
  isSound(t, cache)
})

test('several errors of one operation come as an AggregateError, in their order', (t) => {
  const clock = new ManualClock()
  const options = { max: 3, policy: /** @type {const} */ ('lru'), clock }
  const operations = /** @type {Record<string, (cache: Cache<any, any>) => unknown>} */ ({
    clear: (cache) => cache.clear(),
    resize: (cache) => cache.resize({ max: 1 }),
    deleteMany: (cache) => cache.deleteMany(['a', 'b']),
    load: (cache) => cache.load([['d', { value: 1 }]]),
    setMany: (cache) =>
      cache.setMany([
        ['d', 1],
        ['e', 1],
      ]),
    purgeExpired: (cache) => {
      clock.advance(100)
      cache.purgeExpired()
    },
    getMany: (cache) => {
      clock.advance(100)
      cache.getMany(['a', 'b', 'd'])
    },
    close: (cache) => cache.close(),
  })
  for (const [name, operate] of Object.entries(operations)) {
    const cache = failing(t, { ...options, ttl: 100 })
    cache.set('a', 1).set('b', 1).set('c', 1)
    const error = /** @type {AggregateError} */ (
      t.throws(() => operate(cache), { instanceOf: AggregateError }, name)
    )
    t.deepEqual(
      error.errors.slice(0, 2).map((each) => each.message),
      ['dispose of a', 'dispose of b'],
      name,
    )
    if (name === 'close') t.throws(() => cache.size, { code: 'ERR_MOKAPOT_CLOSED' })
    else isSound(t, cache)
  }
})

test('setMany and load store everything, also when dispose throws', (t) => {
  const cache = failing(t)
  cache.set('a', 1)
  t.throws(
    () =>
      cache.setMany([
        ['a', 2],
        ['b', 2],
      ]),
    { message: 'dispose of a' },
  )
  t.deepEqual(
    [...cache],
    [
      ['a', 2],
      ['b', 2],
    ],
  )
  t.throws(
    () =>
      cache.load([
        ['c', { value: 3 }],
        ['d', { value: 4 }],
      ]),
    { instanceOf: AggregateError },
  )
  t.deepEqual(
    [...cache],
    [
      ['c', 3],
      ['d', 4],
    ],
  )
  isSound(t, cache)
})

test('all entries are disposed of, also when one throws what is no error', (t) => {
  /** @type {any[]} */
  const gone = []
  const cache = cacheFor(t, {
    dispose: (_value, key) => {
      gone.push(key)
      if (key === 'a') throw undefined
    },
  })
  cache.set('a', 1).set('b', 2)
  let threw = false
  try {
    cache.clear()
  } catch (error) {
    threw = error === undefined
  }
  t.true(threw)
  t.deepEqual(gone, ['a', 'b'])
})

test('what dispose throws in a sweep is an uncaught exception, and the sweep goes on', async (t) => {
  const { code, stdout, stderr } = await runNode('cache-sweep-throws.mjs')
  t.is(stderr, '')
  t.is(code, 0)
  t.deepEqual(JSON.parse(stdout), { uncaught: ['dispose of a', 'dispose of b'], size: 0 })
})

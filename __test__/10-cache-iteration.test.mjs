import test from 'ava'
import { cacheFor, ManualClock } from './fixtures/cache-for.mjs'
import { randomFrom } from './fixtures/helpers.mjs'

test('entries come in the order in which their keys were first set', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', 2).set('c', 3)
  cache.set('a', 4)
  cache.get('b')
  t.deepEqual(
    [...cache],
    [
      ['a', 4],
      ['b', 2],
      ['c', 3],
    ],
  )
  t.deepEqual([...cache.entries()], [...cache])
  t.deepEqual([...cache.keys()], ['a', 'b', 'c'])
  t.deepEqual([...cache.values()], [4, 2, 3])
  cache.delete('a')
  cache.set('a', 5)
  t.deepEqual([...cache.keys()], ['b', 'c', 'a'])
})

test("the order of an 'lru' cache is that of insertion, too", (t) => {
  const cache = cacheFor(t, { policy: 'lru' })
  cache.set('a', 1).set('b', 2)
  cache.get('a')
  t.deepEqual([...cache.keys()], ['a', 'b'])
})

test('an entry that expired and is set again is a new one at the end', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { clock })
  cache.set('a', 1, { ttl: 10 }).set('b', 2)
  clock.advance(10)
  cache.set('a', 3)
  t.deepEqual([...cache.keys()], ['b', 'a'])
  t.is(cache.stats().replaced, 0)
  t.is(cache.stats().expirations, 1)
})

test('what has expired is not shown, also if it expires meanwhile', (t) => {
  const clock = new ManualClock()
  const cache = cacheFor(t, { clock })
  cache.set('a', 1, { ttl: 10 }).set('b', 2).set('c', 3, { ttl: 20 }).set('d', 4)
  clock.advance(10)
  t.deepEqual([...cache.keys()], ['b', 'c', 'd'])
  const met = []
  for (const key of cache.keys()) {
    met.push(key)
    clock.advance(10)
  }
  t.deepEqual(met, ['b', 'd'])
  t.is(cache.size, 4, 'nothing was taken out')
})

test('iterators are iterable, and end for good', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1)
  for (const iterator of [cache.entries(), cache.keys(), cache.values()]) {
    t.is(iterator[Symbol.iterator](), iterator)
    t.false(iterator.next().done)
    t.true(iterator.next().done)
    cache.set('later', 1)
    t.true(iterator.next().done)
    cache.delete('later')
  }
})

test('deleting, setting and overwriting while iterating is as in a Map', (t) => {
  const random = randomFrom(7)
  for (let round = 0; round < 200; round++) {
    const cache = cacheFor(t)
    const map = new Map()
    for (let i = 0; i < 10; i++) {
      cache.set(i, i)
      map.set(i, i)
    }
    const [ours, theirs] = [cache.entries(), map.entries()]
    for (;;) {
      const [next, expected] = [ours.next(), theirs.next()]
      t.deepEqual(next, expected)
      if (expected.done) break
      const [current] = expected.value
      const key = random() < 0.3 ? current : Math.floor(random() * 12)
      if (random() < 0.5) t.is(cache.delete(key), map.delete(key))
      if (random() < 0.3 && map.size < 30) {
        cache.set(key, round)
        map.set(key, round)
      }
    }
    t.deepEqual([...cache], [...map])
  }
})

test('entries that are added while iterating are met, and clearing ends it', (t) => {
  const cache = cacheFor(t)
  cache.set(0, 0)
  const met = []
  for (const [key] of cache) {
    met.push(key)
    if (key < 5) cache.set(key + 1, 0)
    else cache.clear()
  }
  t.deepEqual(met, [0, 1, 2, 3, 4, 5])
})

test('what is set after a clear while iterating is met, as in a Map', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', 2)
  const met = []
  for (const [key] of cache) {
    met.push(key)
    if (key === 'a') {
      cache.clear()
      cache.set('c', 3)
    }
  }
  t.deepEqual(met, ['a', 'c'])
})

test('a cache that is closed while it is iterated shows no more', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', 2)
  const met = []
  for (const key of cache.keys()) {
    met.push(key)
    cache.close()
  }
  t.deepEqual(met, ['a'])
})

test('entries that are evicted while iterating are not met', (t) => {
  const cache = cacheFor(t, { max: 3, policy: 'lru' })
  cache.set('a', 1).set('b', 2).set('c', 3)
  const met = []
  for (const key of cache.keys()) {
    met.push(key)
    if (key === 'a') cache.set('d', 4).set('e', 5)
  }
  t.deepEqual(met, ['a', 'c', 'd', 'e'])
})

test('forEach gives value, key and cache, and takes a this', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', undefined)
  /** @type {any[]} */
  const calls = []
  const self = {}
  t.is(
    cache.forEach(
      /** @this {any} */ function (/** @type {any[]} */ ...given) {
        calls.push([this, ...given])
      },
      self,
    ),
    undefined,
  )
  t.is(calls.length, 2)
  t.deepEqual(
    calls.map(([, value, key]) => [value, key]),
    [
      [1, 'a'],
      [undefined, 'b'],
    ],
  )
  for (const [that, , , given] of calls) {
    t.is(that, self)
    t.is(given, cache)
  }
})

test('without a this of its own, forEach calls with the cache as this', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1)
  cache.forEach(
    /** @this {any} */ function () {
      t.is(this, cache)
    },
  )
})

test('forEach stops at the first error, and refuses what is no function', (t) => {
  const cache = cacheFor(t)
  cache.set('a', 1).set('b', 2)
  let calls = 0
  const error = new Error('stop')
  const act = () => {
    calls++
    throw error
  }
  t.is(
    t.throws(() => cache.forEach(act)),
    error,
  )
  t.is(calls, 1)
  t.throws(() => cache.forEach(/** @type {any} */ (undefined)), { instanceOf: TypeError })
})

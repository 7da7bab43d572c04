import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { LRUCache } from 'lru-cache'
import { Cache } from '../dist/index.mjs'
import { cacheFor, isSound, ManualClock } from './fixtures/cache-for.mjs'
import { randomFrom } from './fixtures/helpers.mjs'

const POLICIES = /** @type {const} */ (['tinylfu', 'lru'])

for (const policy of POLICIES) {
  for (const max of [1, 2, 3, 10, 100, 1000, 100_000]) {
    test(`max: ${max} holds ${max} keys and never more, with ${policy}`, (t) => {
      const cache = cacheFor(t, { max, policy })
      for (let i = 0; i < max; i++) cache.set(i, i)
      t.is(cache.size, max)
      for (let i = 0; i < max; i++) if (cache.peek(i) !== i) t.fail(`${i} is gone`)
      t.is(cache.stats().evictions, 0)

      const random = randomFrom(max)
      const rounds = Math.min(4 * max + 1000, 150_000)
      for (let i = 0; i < rounds; i++) {
        const key = Math.floor(3 * max * random() ** 3)
        if (random() < 0.4) cache.get(key)
        else {
          cache.set(key, i)
          if (cache.peek(key) !== i) t.fail(`the fresh ${key} is not there`)
        }
        if (random() < 0.02) cache.delete(key)
        if (cache.size > max) t.fail(`holds ${cache.size}`)
      }
      isSound(t, cache)
      let met = 0
      for (const [key, value] of cache) {
        met++
        if (cache.peek(key) !== value) t.fail(`${key} is listed and not there`)
      }
      t.is(met, cache.size)
    })
  }

  test(`maxSize holds after every call, with ${policy}`, (t) => {
    for (const maxSize of [1, 2, 10, 1000, 2 ** 40]) {
      const cache = cacheFor(t, { maxSize, policy, sizeCalculation: (value) => value })
      const random = randomFrom(maxSize)
      for (let i = 0; i < 3000; i++) {
        const key = Math.floor(200 * random() ** 2)
        const size = Math.max(1, Math.ceil(maxSize * random() ** 8))
        cache.set(key, size)
        if (cache.peek(key) !== size) t.fail('the fresh one is not there')
        if (cache.calculatedSize > maxSize) t.fail(`weighs ${cache.calculatedSize}`)
        if (random() < 0.3) cache.get(Math.floor(200 * random() ** 2))
        if (random() < 0.03) cache.delete(key)
      }
      t.is(
        cache.calculatedSize,
        [...cache.values()].reduce((sum, size) => sum + size, 0),
      )
      isSound(t, cache)
      t.true(cache.calculatedSize > 0)
    }
  })

  test(`max and maxSize hold together, with ${policy}`, (t) => {
    const cache = cacheFor(t, { max: 50, maxSize: 1000, policy, sizeCalculation: (value) => value })
    const random = randomFrom(3)
    let [byCount, bySize] = [0, 0]
    for (let i = 0; i < 20_000; i++) {
      // Light entries run into max, heavy ones into maxSize.
      const heavy = i % 2000 < 1000
      cache.set(
        Math.floor(300 * random()),
        heavy ? 20 + Math.floor(200 * random()) : 1 + Math.floor(10 * random()),
      )
      if (cache.size > 50 || cache.calculatedSize > 1000) t.fail(`${cache.size} of ${cache.calculatedSize}`)
      if (cache.size === 50) byCount++
      if (cache.calculatedSize > 900) bySize++
    }
    t.true(byCount > 1000)
    t.true(bySize > 1000)
    isSound(t, cache)
  })

  test(`resize makes entries leave at once, or lets more come, with ${policy}`, (t) => {
    const cache = cacheFor(t, { max: 1000, policy })
    for (let i = 0; i < 1000; i++) cache.set(i, i)
    for (const max of [999, 500, 10, 3, 1, 7, 100, 5000]) {
      const before = cache.size
      cache.resize({ max })
      t.is(cache.max, max)
      t.is(cache.size, Math.min(before, max))
      isSound(t, cache)
      for (let i = 0; i < max; i++) cache.set(`${max} ${i}`, i)
      t.is(cache.size, max, 'it holds as many as it says')
      isSound(t, cache)
    }
    t.is(cache.stats().rejected, 0)
  })

  test(`resize of maxSize evicts until what is left fits, with ${policy}`, (t) => {
    const cache = cacheFor(t, { maxSize: 1000, policy, sizeCalculation: (value) => value })
    for (let i = 0; i < 100; i++) cache.set(i, 10)
    for (const maxSize of [1000, 505, 100, 9, 1, 50, 2000]) {
      cache.resize({ maxSize })
      t.is(cache.maxSize, maxSize)
      isSound(t, cache)
      for (const [key, value] of cache) t.is(cache.get(key), value)
      cache.set('fresh', maxSize)
      t.is(cache.get('fresh'), maxSize)
      isSound(t, cache)
      for (let i = 0; i < 100; i++) cache.set(i, 10)
    }
  })

  test(`a maxSize may change by orders of magnitude, with ${policy}`, (t) => {
    const cache = cacheFor(t, { max: 100, maxSize: 2 ** 45, policy, sizeCalculation: (value) => value })
    cache
      .set('giant', 2 ** 44)
      .set('large', 2 ** 36)
      .set('middle', 2 ** 20)
      .set('small', 3)
    for (const maxSize of [2 ** 44, 2 ** 40, 2 ** 30, 2 ** 20, 1000, 10, 2, 2 ** 20, 2 ** 33, 2 ** 53 - 1]) {
      cache.resize({ maxSize })
      isSound(t, cache)
      for (const [key, value] of cache) t.is(cache.get(key), value)
      cache.set('fresh', 1)
      t.is(cache.get('fresh'), 1)
      cache.set('full', maxSize)
      t.is(cache.calculatedSize, maxSize)
      t.deepEqual([...cache.keys()], ['full'])
      cache.delete('full')
      if (maxSize >= 10) cache.set('small', 3).set('one', 1)
      isSound(t, cache)
    }
  })

  test(`entries that still fit survive a change of maxSize by orders of magnitude, with ${policy}`, (t) => {
    const cache = cacheFor(t, { maxSize: 2 ** 45, policy, sizeCalculation: (value) => value })
    for (let i = 0; i < 10; i++) cache.set(i, i + 1)
    cache.resize({ maxSize: 1000 })
    t.is(cache.size, 10)
    cache.resize({ maxSize: 2 ** 50 })
    t.is(cache.size, 10)
    t.is(cache.calculatedSize, 55)
    t.is(cache.stats().evictions, 0)
  })

  test(`an entry that becomes heavier or lighter stays, and others make room, with ${policy}`, (t) => {
    const cache = cacheFor(t, { maxSize: 100, policy, sizeCalculation: (value) => value })
    const random = randomFrom(11)
    for (let i = 0; i < 10; i++) cache.set(i, 10)
    for (let i = 0; i < 5000; i++) {
      const key = Math.floor(12 * random())
      const size = 1 + Math.floor(100 * random() ** 2)
      cache.set(key, size)
      if (cache.peek(key) !== size) t.fail(`${key} is not there with ${size}`)
      for (let read = 0; read < 5 * random(); read++) cache.get(Math.floor(12 * random()))
      if (i % 8 === 0) isSound(t, cache)
    }
    isSound(t, cache)
  })

  test(`no entry is forgotten when reads cross in the middle of an overwrite, with ${policy}`, (t) => {
    const cache = cacheFor(t, { maxSize: 100, policy, sizeCalculation: (value) => value })
    for (let reads = 0; reads < 400; reads++) {
      cache.clear()
      for (let i = 0; i < 100; i++) cache.set(i, 1)
      for (let read = 0; read < reads; read++) cache.get(read % 90)
      cache.set(99, 51)
      t.is(cache.calculatedSize, 100)
      isSound(t, cache)
      t.is(cache.size, 50)
    }
  })

  test(`an entry above maxSize is refused, and changes nothing but a counter, with ${policy}`, (t) => {
    const cache = cacheFor(t, { maxSize: 10, policy, sizeCalculation: (value) => value })
    cache.set('a', 4).set('b', 4)
    t.is(cache.set('a', 11), cache)
    t.is(cache.set('c', 1e15), cache)
    cache.set('d', 1, { size: 11 })
    cache.setMany([
      ['b', 12],
      ['e', 2],
    ])
    t.deepEqual(
      [...cache],
      [
        ['a', 4],
        ['b', 4],
        ['e', 2],
      ],
    )
    const { rejected, sets, replaced, evictions } = cache.stats()
    t.deepEqual({ rejected, sets, replaced, evictions }, { rejected: 4, sets: 3, replaced: 0, evictions: 0 })
    cache.set('f', 10)
    t.deepEqual([...cache], [['f', 10]])
  })
}

test('a limit that was not there can come with resize, if it is max', (t) => {
  const cache = cacheFor(t, { maxSize: 100, sizeCalculation: () => 1 })
  t.is(cache.max, Number.POSITIVE_INFINITY)
  for (let i = 0; i < 100; i++) cache.set(i, i)
  cache.resize({ max: 10 })
  t.is(cache.size, 10)
  t.is(cache.max, 10)
  t.is(cache.maxSize, 100)
  cache.resize({})
  cache.resize({ max: undefined })
  t.is(cache.max, 10)
})

test('the largest limits there are can be given', (t) => {
  const cache = cacheFor(t, { max: 2 ** 32 - 2, maxSize: 2 ** 53 - 1, sizeCalculation: () => 1 })
  for (let i = 0; i < 1000; i++) cache.set(i, i)
  t.is(cache.size, 1000)
  cache.resize({ max: 2 ** 32 - 2 })
  isSound(t, cache)
})

test('places are taken again: a cache takes no more memory, however much passes through it', (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const used = () => {
    collect()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const clock = new ManualClock()
  const cache = cacheFor(t, { max: 100, maxSize: 1000, sizeCalculation: () => 10, clock })
  const pass = (/** @type {number} */ from) => {
    for (let i = from; i < from + 100_000; i++) cache.set(i, i)
    for (let i = from; i < from + 100_000; i++) cache.set(i, i).delete(i)
    for (let i = from; i < from + 100_000; i++) {
      cache.set(i, i, { ttl: 1 })
      clock.advance(1)
      cache.get(i)
    }
    cache.purgeExpired()
  }
  pass(0)
  const before = used()
  for (let round = 1; round < 4; round++) pass(round * 100_000)
  const grown = used() - before
  t.true(grown < 4e6, `${grown} bytes more`)
})

// --- Exact LRU -------------------------------------------------------------------------------------------------------

test("with policy 'lru' the keys that stay are lru-cache's", (t) => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomFrom(seed)
    const max = [1, 2, 3, 7, 50, 300][seed % 6] ?? 1
    const ours = cacheFor(t, { max, policy: 'lru' })
    const theirs = new LRUCache({ max })
    for (let i = 0; i < 3000; i++) {
      const key = Math.floor(3 * max * random())
      const action = random()
      if (action < 0.4) t.is(ours.get(key), theirs.get(key))
      else if (action < 0.9) {
        const value = random() < 0.2 ? 'same' : i
        ours.set(key, value)
        theirs.set(key, value)
      } else if (action < 0.95) t.is(ours.delete(key), theirs.delete(key))
      else if (action < 0.97) t.is(ours.has(key), theirs.has(key))
      else if (action < 0.99) t.is(ours.peek(key), theirs.peek(key))
      else if (random() < 0.05) {
        ours.clear()
        theirs.clear()
      }
      if (i % 10 === 0) sameKeys(t, ours, theirs)
    }
    sameKeys(t, ours, theirs)
  }
})

test("with policy 'lru' and sizes the keys that stay are lru-cache's", (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomFrom(1000 + seed)
    const maxSize = [10, 100, 1000][seed % 3] ?? 10
    const sizeCalculation = (/** @type {number} */ value) => value
    const limits = seed % 2 === 0 ? { maxSize } : { maxSize, max: 20 }
    const ours = cacheFor(t, { ...limits, sizeCalculation, policy: 'lru' })
    const theirs = new LRUCache({ ...limits, sizeCalculation })
    for (let i = 0; i < 2000; i++) {
      const key = Math.floor(60 * random())
      if (random() < 0.4) t.is(ours.get(key), theirs.get(key))
      else {
        const size = 1 + Math.floor((maxSize - 1) * random() ** 4)
        ours.set(key, size)
        theirs.set(key, size)
      }
      if (random() < 0.05) t.is(ours.delete(key), theirs.delete(key))
      t.is(ours.calculatedSize, theirs.calculatedSize)
      if (i % 10 === 0) sameKeys(t, ours, theirs)
    }
    sameKeys(t, ours, theirs)
  }
})

test("with policy 'lru' a smaller limit lets the least recently used go, the oldest first", (t) => {
  const random = randomFrom(5)
  for (let round = 0; round < 30; round++) {
    /** @type {unknown[]} */
    const evicted = []
    const ours = cacheFor(t, {
      max: 200,
      policy: 'lru',
      dispose: (_value, key, reason) => reason === 'evict' && evicted.push(key),
    })
    const theirs = new LRUCache({ max: 200 })
    for (let i = 0; i < 1000; i++) {
      const key = Math.floor(250 * random())
      if (random() < 0.5) {
        ours.get(key)
        theirs.get(key)
      } else {
        ours.set(key, i)
        theirs.set(key, i)
      }
    }
    const max = 1 + Math.floor(200 * random())
    const oldest = [...theirs.rkeys()].slice(0, Math.max(0, theirs.size - max))
    evicted.length = 0
    ours.resize({ max })
    t.deepEqual(evicted, oldest)
    ours.resize({ max: 1000 })
    t.is(ours.size, Math.min(max, theirs.size))
  }
})

for (const [name, sizes] of /** @type {[string, [number, number]][]} */ ([
  ['smaller', [2 ** 45, 1000]],
  ['larger', [1000, 2 ** 45]],
])) {
  test(`with policy 'lru' the order of use survives a far ${name} maxSize`, (t) => {
    const cache = cacheFor(t, { maxSize: sizes[0], max: 100, sizeCalculation: () => 1, policy: 'lru' })
    for (let i = 0; i < 100; i++) cache.set(i, i)
    for (let i = 0; i < 50; i++) cache.get(i)
    cache.resize({ maxSize: sizes[1] })
    t.deepEqual([...cache.keys()], [...Array(100).keys()])
    for (let i = 0; i < 50; i++) cache.set(`new ${i}`, i)
    t.deepEqual(
      [...cache.keys()].filter((key) => typeof key === 'number'),
      [...Array(50).keys()],
    )
  })
}

/**
 * @param {import('ava').ExecutionContext<any>} t
 * @param {Cache<any, any>} ours
 * @param {LRUCache<any, any>} theirs
 */
function sameKeys(t, ours, theirs) {
  t.is(ours.size, theirs.size)
  for (const [key, value] of theirs.entries()) if (ours.peek(key) !== value) t.fail(`${key} is not there`)
}

// --- Frequency -------------------------------------------------------------------------------------------------------

test('an entry that is asked for often stays, whatever passes by once', (t) => {
  const cache = cacheFor(t, { max: 100 })
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 50; i++) if (cache.get(`hot ${i}`) === undefined) cache.set(`hot ${i}`, i)
  }
  for (let i = 0; i < 2000; i++) cache.set(`cold ${i}`, i)
  let hot = 0
  for (let i = 0; i < 50; i++) if (cache.has(`hot ${i}`)) hot++
  t.true(hot >= 45, `${hot} of 50`)
})

/** Hot keys of a kind: made anew at each use where the value is what counts. */
const HOT_KEYS = /** @type {Record<string, (i: number) => any>} */ ({
  strings: (i) => ['hot', i].join(' '),
  numbers: (i) => i + 0.25,
  bigints: (i) => BigInt(i) * 10n ** 30n,
  objects: keep(() => ({})),
  functions: keep(() => () => 1),
  symbols: keep((i) => Symbol(i)),
  'registered symbols': (i) => Symbol.for(`hot ${i}`),
})

for (const [kind, keyOf] of Object.entries(HOT_KEYS)) {
  test(`the fame of ${kind} survives their eviction`, (t) => {
    const cache = cacheFor(t, { max: 500 })
    // Room is taken, so that admission is asked for.
    for (let i = 0; i < 500; i++) cache.set(`filler ${i}`, i)
    for (let i = 0; i < 500; i++) cache.get(`filler ${i}`)
    // Each comes a few times, and is pushed out of the window in between, if it does not stay.
    const hot = 20
    for (let round = 0; round < 6; round++) {
      for (let i = 0; i < hot; i++) cache.set(keyOf(i), i)
      for (let i = 0; i < 200; i++) cache.set(`passing ${round} ${i}`, i)
    }
    let stay = 0
    for (let i = 0; i < hot; i++) if (cache.has(keyOf(i))) stay++
    t.true(stay >= hot * 0.7, `${stay} of ${hot}`)
  })
}

/**
 * @template T
 * @param {(i: number) => T} make
 */
function keep(make) {
  /** @type {Map<number, T>} */
  const made = new Map()
  return (/** @type {number} */ i) => {
    if (!made.has(i)) made.set(i, make(i))
    return /** @type {T} */ (made.get(i))
  }
}

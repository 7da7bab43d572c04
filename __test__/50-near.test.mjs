import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { MISS, SharedCache } from '../dist/index.mjs'
import { native } from '../dist/native.js'
import { advance } from '../dist/testing.mjs'
import { KEYS } from './fixtures/coherence.mjs'
import { accountedSize, living, opened } from './fixtures/helpers.mjs'
import { inWorker, messageOf, startWorker } from './fixtures/in-worker.mjs'
import { mapping } from './fixtures/mapping.mjs'

// One after the other: some count what lives in the process, and the clock is the same for all.

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const COHERENCE = new URL('./fixtures/coherence.mjs', import.meta.url).href

/** Both ways of seeing whether something changed: by mapped stamps, and where that is refused by asking. */
const WAYS = /** @type {const} */ (['mapped', 'asked'])

for (const way of WAYS) {
  /**
   * A test of caches that see changes in that way.
   *
   * @param {string} title
   * @param {(t: import('ava').ExecutionContext) => void | Promise<void>} body
   */
  const nearTest = (title, body) =>
    test.serial(`stamps ${way}: ${title}`, async (t) => {
      mapping.isRefused = way === 'asked'
      try {
        await body(t)
      } finally {
        mapping.isRefused = false
      }
    })

  nearTest('what any thread was told has expired is given to none, however late its time is', (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', near: 10, ttl: 50 })
    const far = SharedCache.attach(cache.handle)
    const page = /** @type {Float64Array<ArrayBuffer>} */ (native.page)
    /** @type {[string, () => void][]} */
    const told = [
      ['get', () => whileThere(() => far.get('key') !== undefined)],
      ['peek', () => whileThere(() => far.peek('key') !== undefined)],
      ['has', () => whileThere(() => far.has('key'))],
      ['getMany', () => whileThere(() => far.getMany(['key'])[0] !== undefined)],
      ['getRemainingTTL', () => whileThere(() => far.getRemainingTTL('key') !== 0)],
      ['keys', () => whileThere(() => far.keys().next().done !== true)],
    ]
    for (const [how, tell] of told) {
      do cache.set('key', { how })
      while (cache.get('key') === undefined) // a machine can be busy for as long as that
      // Another page is kept from here on, and this thread's time stands still.
      native.registerPage(new Uint8Array(16))
      try {
        tell()
        t.is(cache.get('key'), undefined, how)
      } finally {
        page[0] = 0 // not kept
        native.registerPage(new Uint8Array(page.buffer))
      }
    }
    far.close()
    cache.close()
  })

  nearTest('a value is decoded once and then given out again', (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', near: 10 })
    const given = { a: [1] }
    for (const key of ['key', 1, 1n, Number.NaN]) {
      cache.set(key, given)
      const first = cache.get(key)
      t.deepEqual(first, given)
      t.not(first, given, "the caller's object is not kept")
      t.is(cache.get(key), first)
      t.is(cache.get(key), first)
    }
    t.not(cache.get(1), cache.get('key'))
    cache.set(0, 'zero')
    t.is(cache.get(-0), 'zero')
    t.is(cache.get('no such key'), undefined)
    t.is(cache.get('no such key', MISS), MISS)
    cache.set('undefined', undefined)
    t.is(cache.get('undefined', MISS), undefined)
    t.is(cache.get('undefined', MISS), undefined)
    cache.close()
    t.throws(() => cache.get('key'), { code: 'ERR_MOKAPOT_CLOSED' })
  })

  nearTest('what this thread changes it sees at once', (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', near: 10 })
    const read = () => cache.get('key')
    const changes = [
      () => cache.set('key', { n: 1 }),
      () => cache.set('key', { n: 2 }, { ttl: '1h' }),
      () => cache.setMany([['key', { n: 3 }]]),
      () => cache.delete('key'),
      () => cache.memo('key', () => ({ n: 4 })),
      () => cache.deleteMany(['key']),
      () => cache.set('key', { n: 5 }),
      () => cache.clear(),
    ]
    const expected = [1, 2, 3, undefined, 4, undefined, 5, undefined]
    for (const [i, change] of changes.entries()) {
      change()
      const value = expected[i] === undefined ? undefined : { n: expected[i] }
      t.deepEqual(read(), value)
      t.is(read(), read())
    }
    cache.close()
  })

  nearTest('another thread sees at once what is done to an entry', async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', max: 1000, policy: 'lru' })
    const { worker, answer, end } = startWorker(
      ({ SharedCache, port, mapping }, { handle, refused }) =>
        new Promise((resolve) => {
          mapping.isRefused = refused
          const cache = SharedCache.attach(handle, { near: 10 })
          let last = cache.get('key')
          port.on('message', (message) => {
            if (message === 'end') {
              cache.close()
              port.unref()
              resolve('done')
              return
            }
            const now = cache.get('key')
            port.postMessage([now, now === last])
            last = now
          })
          port.postMessage('ready')
        }),
      { handle: cache.handle, refused: way === 'asked' },
    )
    await messageOf(worker)
    const seen = () => {
      const message = messageOf(worker)
      worker.postMessage('look')
      return message
    }
    cache.set('key', { n: 1 })
    t.deepEqual(await seen(), [{ n: 1 }, false])
    t.deepEqual(await seen(), [{ n: 1 }, true])
    cache.set('key', { n: 2 })
    t.deepEqual(await seen(), [{ n: 2 }, false])
    cache.delete('key')
    t.deepEqual((await seen())[0], undefined)
    cache.setMany([['key', { n: 3 }]])
    t.deepEqual((await seen())[0], { n: 3 })
    cache.deleteMany(['key'])
    t.deepEqual((await seen())[0], undefined)
    cache.set('key', { n: 4 })
    t.deepEqual((await seen())[0], { n: 4 })
    cache.clear()
    t.deepEqual((await seen())[0], undefined)
    cache.set('key', { n: 5 }, { ttl: '1h' })
    t.deepEqual((await seen())[0], { n: 5 })
    advance(3_600_000)
    t.deepEqual((await seen())[0], undefined)
    cache.set('key', { n: 6 }, { ttl: '1h' })
    t.deepEqual((await seen())[0], { n: 6 })
    t.deepEqual(await cache.getOrSet('key', async () => ({ n: 7 }), { forceRefresh: true }), { n: 7 })
    t.deepEqual((await seen())[0], { n: 7 })
    for (let i = 0; cache.has('key'); i++) cache.set(`other ${i}`, i) // until it has to leave
    t.deepEqual((await seen())[0], undefined)
    cache.set('key', { n: 8 })
    t.deepEqual((await seen())[0], { n: 8 })
    cache.resize({ max: 1 })
    cache.set('other', 0)
    t.deepEqual((await seen())[0], undefined)
    worker.postMessage('end')
    t.is(await answer, 'done')
    await end
    cache.close()
  })

  nearTest('a thread that does nothing but read sees a change', async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb' })
    cache.set('key', { n: 0 })
    const rounds = new Int32Array(new SharedArrayBuffer(4))
    const { answer, end } = startWorker(
      ({ SharedCache, mapping }, { handle, refused, rounds }) => {
        mapping.isRefused = refused
        const cache = SharedCache.attach(handle, { near: 10 })
        const seen = []
        for (let n = 0; n < 5; n++) {
          seen.push(cache.get('key').n)
          Atomics.store(rounds, 0, n + 1)
          // Nothing in this loop orders memory or calls out.
          while (cache.get('key').n === n);
        }
        return seen
      },
      { handle: cache.handle, refused: way === 'asked', rounds },
    )
    for (let n = 1; n <= 5; n++) {
      while (Atomics.load(rounds, 0) < n) await sleep(5)
      await sleep(30) // until the loop is compiled and long at it
      cache.set('key', { n })
    }
    t.deepEqual(await answer, [0, 1, 2, 3, 4])
    await end
    cache.close()
  })

  nearTest('no value is given out past its deadline', async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', near: 10 })
    cache.set('minutes', {}, { ttl: '10m' }).set('ever', {})
    const [minutes, ever] = [cache.get('minutes'), cache.get('ever')]
    advance(599_000)
    t.deepEqual(cache.get('minutes'), minutes)
    t.deepEqual(cache.get('ever'), ever)
    advance(1000)
    t.is(cache.get('minutes'), undefined)
    t.deepEqual(cache.get('ever'), ever)

    // The clock that near values are held against goes by itself too. The machine may take the time from any one round.
    const ages = Array.from({ length: 21 }, (_, i) => {
      cache.set('soon', { i }, { ttl: 5 })
      const start = performance.now()
      let age = 0
      for (;;) {
        const before = performance.now()
        if (cache.get('soon') === undefined) return age
        age = before - start
      }
    })
    const median = ages.sort((a, b) => a - b)[10]
    t.true(Number(median) < 5 + 2 + 1, `read after ${ages} ms`)
    cache.close()
  })

  nearTest('hits keep an entry from idling out', (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', tti: '10m', ttl: '3h', near: 10 })
    cache.set('read', {}).set('left', {})
    cache.get('left')
    const minute = 60_000
    for (let minutes = 0; minutes < 179; minutes += 1) {
      t.deepEqual(cache.get('read'), {}, `after ${minutes} minutes`)
      advance(minute)
    }
    t.is(cache.get('left'), undefined)
    advance(minute)
    t.is(cache.get('read'), undefined)
    cache.close()
  })

  nearTest('hits count for all threads', async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', near: 10 })
    cache.set('key', { a: 1 })
    for (let i = 0; i < 5000; i++) cache.get('key')
    cache.get('no such key')
    const { hits, misses } = cache.stats()
    t.deepEqual([hits, misses], [5000, 1])
    await inWorker(
      ({ SharedCache, mapping }, { handle, refused }) => {
        mapping.isRefused = refused
        const cache = SharedCache.attach(handle, { near: 10 })
        for (let i = 0; i < 3000; i++) cache.get('key')
        cache.close()
      },
      { handle: cache.handle, refused: way === 'asked' },
    )
    t.is(cache.stats().hits, 8000)
    cache.resetStats()
    t.is(cache.stats().hits, 0)
    t.is(accountedSize(cache.stats()), 0)
    cache.close()
  })
}

test.serial(
  'an entry that is only read near by stays alive, and its value is the same all the while',
  (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', tti: 400, near: 10 })
    cache.set('key', {})
    const value = cache.get('key')
    let reads = 0
    for (const start = performance.now(); performance.now() - start < 1000; reads++) {
      if (cache.get('key') !== value) break
    }
    t.is(cache.get('key'), value, `after ${reads} reads`)
    t.is(cache.stats().hits, reads + 2)
    cache.close()
  },
)

test.serial('no more values are kept than asked for, and those that are read stay', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', near: 20 })
  for (let i = 0; i < 200; i++) cache.set(i, { i })
  const hot = [0, 1, 2, 3, 4].map((i) => cache.get(i))
  for (let i = 5; i < 200; i++) {
    cache.get(i)
    for (const [j, value] of hot.entries()) t.is(cache.get(j), value)
  }
  let kept = 0
  const before = Array.from({ length: 200 }, (_, i) => i)
  const values = new Map()
  for (const i of before) values.set(i, cache.get(i))
  for (const i of before.reverse()) if (cache.get(i) === values.get(i)) kept++
  t.true(kept <= 20, `${kept} are kept`)
  t.true(kept > 0)
  cache.close()
})

test.serial('deleted and overwritten keys make room for others', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', near: 3 })
  for (let round = 0; round < 100; round++) {
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      cache.set(key, { round })
      t.deepEqual(cache.get(key), { round })
      if (round % 3 === 0) cache.delete(key)
      t.is(cache.get(key), cache.get(key))
    }
    if (round % 7 === 0) cache.clear()
  }
  cache.close()
})

test.serial('what is read from a near cache stays in the shared one', (t) => {
  for (const policy of /** @type {const} */ (['tinylfu', 'lru'])) {
    const cache = new SharedCache({ maxBytes: '8mb', max: 100, policy, near: 50 })
    const far = SharedCache.attach(cache.handle)
    for (let i = 0; i < 50; i++) cache.set(`hot ${i}`, i)
    let misses = 0
    for (let i = 0; i < 20_000; i++) {
      const key = `hot ${(i * 7) % 50}`
      if (cache.get(key) === undefined) {
        misses++
        cache.set(key, i)
      }
      if (i % 2 === 0) far.set(`cold ${i}`, i)
    }
    t.true(misses < 500, `${policy}: ${misses} misses`)
    far.close()
    cache.close()
  }
})

test.serial('what is frozen on the way out is plain data, all the way down', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', near: { max: 10, freeze: true } })
  const deep = { list: [{ a: 1 }, [2]], empty: {}, text: 'x', none: null }
  cache.set('plain', deep)
  for (const value of [cache.get('plain'), cache.get('plain')]) {
    t.deepEqual(value, deep)
    t.true([value, value.list, value.list[0], value.list[1], value.empty].every(Object.isFrozen))
  }
  const cycle = { name: 'cycle', self: /** @type {any} */ (null) }
  cycle.self = cycle
  cache.set('cycle', cycle)
  t.true(Object.isFrozen(cache.get('cycle')))
  t.is(cache.get('cycle').self, cache.get('cycle'))
  /** @type {unknown[]} */
  let nested = []
  for (let i = 0; i < 2000; i++) nested = [nested]
  cache.set('nested', nested)
  t.true(Object.isFrozen(cache.get('nested')))
  const others = { bytes: new Uint8Array(3), map: new Map([[1, {}]]), date: new Date(0) }
  cache.set('others', others)
  t.true(Object.isFrozen(cache.get('others')))
  t.deepEqual(cache.get('others'), others)
  cache.set('bytes', Buffer.from('abc'))
  t.deepEqual(cache.get('bytes'), Buffer.from('abc'))
  cache.close()
})

test.serial(
  'getMany, memo and getOrSet give what is kept; peek, info and iteration give copies',
  async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb', near: 10 })
    cache.set('key', { a: 1 })
    const kept = cache.get('key')
    t.is(cache.getMany(['key', 'no such key'])[0], kept)
    t.deepEqual(cache.getMany(['no such key', 'key']), [undefined, { a: 1 }])
    t.is(
      cache.memo('key', () => t.fail()),
      kept,
    )
    t.is(await cache.getOrSet('key', () => t.fail()), kept)
    for (const copy of [cache.peek('key'), cache.info('key')?.value, ...cache.values()]) {
      t.deepEqual(copy, kept)
      t.not(copy, kept)
    }
    t.true(cache.has('key'))
    const { hits, misses } = cache.stats()
    t.deepEqual([hits, misses], [5, 2])
    cache.delete('key')
    t.false(cache.has('key'))
    t.is(cache.peek('key'), undefined)
    const loaded = await cache.getOrSet('key', async () => ({ a: 2 }))
    t.deepEqual(loaded, { a: 2 })
    t.is(await cache.getOrSet('key', () => t.fail()), cache.get('key'))
    t.throws(() => cache.getMany([/** @type {any} */ ({})]), { code: 'ERR_MOKAPOT_INVALID_KEY' })
    t.throws(() => cache.get(/** @type {any} */ (null)), { code: 'ERR_MOKAPOT_INVALID_KEY' })
    cache.close()
    t.throws(() => cache.getMany([]), { code: 'ERR_MOKAPOT_CLOSED' })
  },
)

test.serial('keys that are bytes are not kept', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', near: 10 })
  const key = new Uint8Array([1, 2])
  cache.set(key, { a: 1 })
  t.deepEqual(cache.get(key), { a: 1 })
  t.not(cache.get(key), cache.get(key))
  key[0] = 9
  t.is(cache.get(key), undefined)
  cache.close()
})

test.serial('a set that is refused leaves the old value in place', (t) => {
  const cache = new SharedCache({ maxBytes: '64kb', near: 10 })
  cache.set('key', { a: 1 })
  cache.get('key')
  cache.set('key', { a: 'x'.repeat(100_000) })
  t.deepEqual(cache.get('key'), { a: 1 })
  t.throws(() => cache.set('key', /** @type {any} */ (() => {})), { code: 'ERR_MOKAPOT_UNCLONEABLE' })
  t.deepEqual(cache.get('key'), { a: 1 })
  cache.close()
})

test.serial('several objects of one cache in one thread each keep their own, and all are right', (t) => {
  const far = SharedCache.open('several', { maxBytes: '1mb' })
  const a = SharedCache.open('several', { near: 10 })
  const b = SharedCache.open('several', { near: { max: 5, freeze: true } })
  a.set('key', { n: 1 })
  t.deepEqual([a.get('key'), b.get('key'), far.get('key')], [{ n: 1 }, { n: 1 }, { n: 1 }])
  t.is(a.get('key'), a.get('key'))
  t.not(a.get('key'), b.get('key'))
  t.false(Object.isFrozen(a.get('key')))
  t.true(Object.isFrozen(b.get('key')))
  b.set('key', { n: 2 })
  t.deepEqual([a.get('key'), b.get('key')], [{ n: 2 }, { n: 2 }])
  far.delete('key')
  t.deepEqual([a.get('key'), b.get('key')], [undefined, undefined])
  a.set('key', { n: 3 })
  b.get('key')
  a.close()
  far.clear()
  t.is(b.get('key'), undefined)
  far.close()
  b.close()
})

test.serial('a codec that changes the cache while it decodes is not served what it changed', (t) => {
  /** @type {SharedCache<string> | undefined} */
  let cache
  let changes = 0
  const codec = {
    name: 'meddling',
    encode: (/** @type {string} */ text) => Buffer.from(text),
    decode: (/** @type {Uint8Array} */ bytes) => {
      if (changes++ === 0) cache?.set('key', 'new')
      return Buffer.from(bytes).toString()
    },
  }
  cache = new SharedCache({ maxBytes: '1mb', near: 10, codec })
  cache.set('key', 'old')
  t.is(cache.get('key'), 'old')
  t.is(cache.get('key'), 'new')
  t.is(cache.get('key'), 'new')
  cache.close()
})

test.serial('near is refused when it is no size', (t) => {
  for (const near of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, { max: 0 }]) {
    t.throws(() => new SharedCache({ maxBytes: '1mb', near }), {
      instanceOf: RangeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /near/,
    })
  }
  const wrong = /** @type {any[]} */ ([null, '10', true, [], {}, { freeze: true }, { max: 1, freeze: 1 }])
  for (const near of wrong) {
    t.throws(() => new SharedCache({ maxBytes: '1mb', near }), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /near/,
    })
  }
  t.throws(() => new SharedCache({ maxBytes: '1mb', near: /** @type {any} */ ({ max: 1, frezee: true }) }), {
    code: 'ERR_MOKAPOT_UNKNOWN_OPTION',
    message: /freeze/,
  })
  const cache = new SharedCache({ maxBytes: '1mb', near: undefined })
  t.throws(() => SharedCache.attach(cache.handle, { near: 0 }), { instanceOf: RangeError })
  t.is(opened(), 1)
  cache.close()
})

test.serial('workers that are terminated leave nothing behind', async (t) => {
  const cache = SharedCache.open('terminated', { maxBytes: '1mb', near: 100 })
  for (let i = 0; i < 50; i++) cache.set(i, { i })
  for (let victim = 0; victim < 12; victim++) {
    const { worker, end } = startWorker(({ SharedCache, port }) => {
      const cache = SharedCache.open('terminated', { near: 100 })
      const other = SharedCache.open('terminated', { near: 100 })
      SharedCache.open('of the victim', { maxBytes: '1mb', near: 10 }).set('key', 1)
      for (let i = 0; ; i++) {
        if (i % 10 === 0) cache.set(i % 50, { i })
        cache.get((i * 7) % 50)
        other.get((i * 3) % 50)
        if (i === 5000) port.postMessage('busy')
      }
    })
    await messageOf(worker)
    worker.terminate()
    for (let i = 0; i < 500; i++) t.is(typeof cache.get(i % 50)?.i, 'number')
    await end
    t.deepEqual([opened(), living()], [1, 1])
  }
  cache.set(1, { i: 'last' })
  t.deepEqual(cache.get(1), { i: 'last' })
  cache.close()
})

// 2e5 reads take a second; MOKAPOT_COHERENCE_READS=1e7 is what it is to be run with before a release.
const READS = Number(process.env.MOKAPOT_COHERENCE_READS ?? 2e5)

for (const way of WAYS) {
  test.serial(`stamps ${way}: no thread reads what was there before a write that has returned`, async (t) => {
    for (const options of /** @type {const} */ ([{ maxBytes: '1mb' }, { maxBytes: '64mb', max: 20_000 }])) {
      const cache = new SharedCache({ ...options, ttl: '1h' })
      const returned = new Int32Array(new SharedArrayBuffer(4 * KEYS))
      const stop = new Int32Array(new SharedArrayBuffer(4))
      const shared = { handle: cache.handle, refused: way === 'asked', returned, stop }
      const writers = [0, 1].map((writer) =>
        startWorker(
          async ({ SharedCache, mapping }, { handle, refused, fixture, ...rest }) => {
            const { write } = await import(fixture)
            mapping.isRefused = refused
            const cache = SharedCache.attach(handle, { near: 10 })
            return write(cache, { ...rest, writers: 2 })
          },
          { ...shared, writer, clears: writer === 0, fixture: COHERENCE },
        ),
      )
      const readers = [0, 1].map(() =>
        startWorker(
          async ({ SharedCache, mapping }, { handle, refused, fixture, ...rest }) => {
            const { read } = await import(fixture)
            mapping.isRefused = refused
            const cache = SharedCache.attach(handle, { near: 100 })
            const report = read(cache, rest)
            cache.close()
            return report
          },
          { ...shared, reads: READS / 4, fixture: COHERENCE },
        ),
      )
      const reports = await Promise.all(readers.map(({ answer }) => answer))
      Atomics.store(stop, 0, 1)
      const written = await Promise.all(writers.map(({ answer }) => answer))
      await Promise.all([...writers, ...readers].map(({ end }) => end))
      for (const { hits, stale } of reports) {
        t.true(hits > 0)
        t.is(stale, 0)
      }
      t.log(`${written} versions, hits ${reports.map(({ hits }) => hits)}`)
      cache.close()
    }
  })
}

/** Asks until what is asked for has expired. */
function whileThere(/** @type {() => boolean} */ isThere) {
  while (isThere());
}

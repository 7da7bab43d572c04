import test from 'ava'
import { Cache, SharedCache } from '../dist/index.mjs'
import { advance } from '../dist/testing.mjs'
import { opened } from './fixtures/helpers.mjs'

// What holds for `getOrSet` wherever its flights are kept: in this thread, or for all threads.

/**
 * @typedef {{ ttl?: number, staleWhileRevalidate?: number, staleIfError?: number, errorTtl?: number }} Options
 * @typedef {Cache<any, any> | SharedCache<any, any>} AnyCache
 * @typedef {{ make(options?: Options): AnyCache, advance(cache: AnyCache, milliseconds: number): void }} Kind
 */

/** The time of the caches of one thread. */
const clock = {
  time: 0,
  now() {
    return this.time
  },
}

/** @type {Record<string, Kind>} */
const KINDS = {
  'in one thread': {
    make: (options) => new Cache({ max: 5000, clock, ...options }),
    advance: (_, milliseconds) => {
      clock.time += milliseconds
    },
  },
  shared: {
    make: (options) => new SharedCache({ maxBytes: '1mb', ...options }),
    advance: (_, milliseconds) => advance(milliseconds),
  },
}

/**
 * @param {string} title
 * @param {(t: import('ava').ExecutionContext, make: Kind['make'], advance: Kind['advance']) => Promise<void>} body
 */
function both(title, body) {
  for (const [kind, { make, advance }] of Object.entries(KINDS)) {
    // One after the other, since shared caches have one clock.
    test.serial(`${kind}: ${title}`, async (t) => {
      /** @type {AnyCache[]} */
      const made = []
      const remember = (/** @type {Options | undefined} */ options) => {
        const cache = make(options)
        made.push(cache)
        return cache
      }
      await body(t, remember, advance)
      for (const cache of made) cache.close()
    })
  }
}

/** A load that ends when it is told to, and what it was called with. */
function gate() {
  /** @type {{ key: unknown, signal: AbortSignal, stale: unknown, resolve(value: unknown): void, reject(error: unknown): void }[]} */
  const calls = []
  const load = (/** @type {unknown} */ key, /** @type {any} */ { signal, stale }) =>
    new Promise((resolve, reject) => calls.push({ key, signal, stale, resolve, reject }))
  return { load, calls }
}

/** Long enough for promises to settle. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** What a promise rejects with. @param {Promise<unknown>} promise @returns {Promise<any>} */
const errorOf = (promise) =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${value}`)
    },
    (error) => error,
  )

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
})

// --- One load ----------------------------------------------------------------------------------------------------------

both('a key is loaded once for all who ask meanwhile, and then is there', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const asked = Array.from({ length: 1000 }, () => cache.getOrSet('key', load))
  t.is(calls.length, 1)
  t.is(calls[0].key, 'key')
  t.is(calls[0].stale, undefined)
  calls[0].resolve({ a: 1 })
  for (const value of await Promise.all(asked)) t.deepEqual(value, { a: 1 })
  t.deepEqual(cache.get('key'), { a: 1 })
  t.deepEqual(await cache.getOrSet('key', load), { a: 1 })
  t.is(calls.length, 1)
  const { hits, misses, loads, loadErrors, coalesced } = cache.stats()
  t.deepEqual(
    { misses, loads, loadErrors, coalesced },
    { misses: 1000, loads: 1, loadErrors: 0, coalesced: 999 },
  )
  t.true(hits >= 1)
})

both('keys load beside each other', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const keys = ['a', 1, '1', -1n, Number.NaN]
  const asked = keys.map((key) => cache.getOrSet(key, load))
  t.is(calls.length, keys.length)
  for (const call of calls) call.resolve(String(call.key))
  t.deepEqual(await Promise.all(asked), keys.map(String))
})

both('a load may return at once, and undefined is a value', async (t, make) => {
  const cache = make()
  let loads = 0
  const promise = cache.getOrSet('key', () => void loads++)
  t.true(cache.get('key', 'none') === undefined)
  t.is(await promise, undefined)
  t.is(await cache.getOrSet('key', () => ++loads), undefined)
  t.is(loads, 1)
  t.is(await cache.getOrSet('null', () => null), null)
})

both('a load may return anything that has a then', async (t, make) => {
  const cache = make()
  // biome-ignore lint/suspicious/noThenProperty: that is what it is about
  t.is(await cache.getOrSet('key', () => ({ then: (/** @type {(v: number) => void} */ done) => done(7) })), 7)
  t.is(cache.get('key'), 7)
})

both('a load may load other keys', async (t, make) => {
  const cache = make()
  const load = (/** @type {number} */ n) =>
    n < 2
      ? n
      : Promise.all([cache.getOrSet(n - 1, load), cache.getOrSet(n - 2, load)]).then(([a, b]) => a + b)
  t.is(await cache.getOrSet(40, load), 102334155)
  t.is(cache.stats().loads, 41)
})

// --- Errors ------------------------------------------------------------------------------------------------------------

both('an error reaches all who wait, and the next one loads anew', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const asked = [1, 2, 3].map(() => errorOf(cache.getOrSet('key', load)))
  const error = new Error('no')
  calls[0].reject(error)
  for (const seen of await Promise.all(asked)) t.is(seen, error)
  t.is(cache.get('key', 'none'), 'none')
  t.is(await cache.getOrSet('key', () => 1), 1)
  t.is(cache.stats().loadErrors, 1)
})

both('a load that throws is one that rejects', async (t, make) => {
  const cache = make()
  const error = new TypeError('no')
  const promise = cache.getOrSet('key', () => {
    throw error
  })
  t.is(await errorOf(promise), error)
  t.is(await errorOf(cache.getOrSet('key', () => Promise.reject(undefined))), undefined)
})

both('with errorTtl an error stands for its time, and get shows nothing of it', async (t, make, advance) => {
  const cache = make({ errorTtl: 1000 })
  const error = new Error('no')
  let loads = 0
  const fail = () => {
    loads++
    throw error
  }
  t.is(await errorOf(cache.getOrSet('key', fail)), error)
  advance(cache, 900)
  t.is(await errorOf(cache.getOrSet('key', fail)), error)
  t.is(cache.get('key', 'none'), 'none')
  t.is(loads, 1)
  t.is(cache.stats().loadErrors, 1)
  advance(cache, 101)
  t.is(await errorOf(cache.getOrSet('key', fail)), error)
  t.is(loads, 2)
})

both('a call may set errorTtl for its load', async (t, make, advance) => {
  const cache = make()
  const error = new Error('no')
  await errorOf(cache.getOrSet('key', () => Promise.reject(error), { errorTtl: '1s' }))
  t.is(await errorOf(cache.getOrSet('key', () => 1)), error)
  advance(cache, 1001)
  t.is(await cache.getOrSet('key', () => 1), 1)
})

both('set, delete, clear and forceRefresh end the time of an error', async (t, make) => {
  const cache = make({ errorTtl: 1000 })
  const fail = () => Promise.reject(new Error('no'))
  const ends = [() => cache.set('key', 2), () => cache.delete('key'), () => cache.clear()]
  for (const end of ends) {
    await errorOf(cache.getOrSet('key', fail))
    end()
    t.is(await cache.getOrSet('key', () => 2), 2)
    cache.delete('key')
  }
  await errorOf(cache.getOrSet('key', fail))
  t.is(await cache.getOrSet('key', () => 3, { forceRefresh: true }), 3)
})

both('so many errors stand and no more', async (t, make) => {
  const cache = make({ errorTtl: 1000 })
  const error = new Error('no')
  for (let key = 0; key < 3000; key++) await errorOf(cache.getOrSet(key, () => Promise.reject(error)))
  t.is(await cache.getOrSet(0, () => 'anew'), 'anew')
  t.is(await errorOf(cache.getOrSet(2999, () => 'anew')), error)
})

// --- Writes meanwhile --------------------------------------------------------------------------------------------------

for (const [name, write, left] of /** @type {const} */ ([
  ['set', (/** @type {AnyCache} */ cache) => cache.set('key', 'written'), 'written'],
  ['delete', (/** @type {AnyCache} */ cache) => cache.delete('key'), 'none'],
  ['clear', (/** @type {AnyCache} */ cache) => cache.clear(), 'none'],
])) {
  both(`a ${name} wins over what is being loaded`, async (t, make) => {
    const cache = make()
    const { load, calls } = gate()
    const before = cache.getOrSet('key', load)
    write(cache)
    calls[0].resolve('old')
    t.is(await before, 'old', 'who waited still gets it')
    t.is(cache.get('key', 'none'), left)
  })

  both(`who asks after a ${name} does not get what is being loaded`, async (t, make) => {
    const cache = make()
    const { load, calls } = gate()
    const before = cache.getOrSet('key', load)
    write(cache)
    const after = cache.getOrSet('key', load)
    const beside = cache.getOrSet('key', load)
    if (left === 'none') {
      t.is(calls.length, 2)
      calls[1].resolve('new')
      t.deepEqual(await Promise.all([after, beside]), ['new', 'new'])
      calls[0].resolve('old')
      t.is(await before, 'old')
      t.is(cache.get('key'), 'new')
    } else {
      t.deepEqual(await Promise.all([after, beside]), ['written', 'written'])
      calls[0].reject(new Error('old'))
      t.is((await errorOf(before)).message, 'old')
    }
  })
}

both('a write to another key leaves a load alone', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const asked = cache.getOrSet('key', load)
  cache.set('other', 1)
  cache.delete('another')
  calls[0].resolve('loaded')
  t.is(await asked, 'loaded')
  t.is(cache.get('key'), 'loaded')
})

// --- Leaving -----------------------------------------------------------------------------------------------------------

both('a signal frees its caller alone', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const [first, second] = [new AbortController(), new AbortController()]
  const left = errorOf(cache.getOrSet('key', load, { signal: first.signal }))
  const stays = cache.getOrSet('key', load, { signal: second.signal })
  const reason = new Error('enough')
  first.abort(reason)
  t.is(await left, reason)
  t.false(calls[0].signal.aborted)
  calls[0].resolve('loaded')
  t.is(await stays, 'loaded')
  second.abort()
  t.false(calls[0].signal.aborted)
  t.is(calls.length, 1)
})

both('when the last caller has left, the load is aborted and the next one loads anew', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const controllers = [1, 2, 3].map(() => new AbortController())
  const left = controllers.map(({ signal }) => errorOf(cache.getOrSet('key', load, { signal })))
  for (const [i, controller] of controllers.entries()) {
    t.false(calls[0].signal.aborted)
    controller.abort(i)
  }
  t.true(calls[0].signal.aborted)
  t.is(calls[0].signal.reason, 2)
  t.deepEqual(await Promise.all(left), [0, 1, 2])
  const next = cache.getOrSet('key', load)
  t.is(calls.length, 2)
  calls[0].resolve('too late')
  await turn()
  t.is(cache.get('key', 'none'), 'none')
  calls[1].resolve('new')
  t.is(await next, 'new')
  t.is(cache.stats().loadErrors, 0)
})

both('a caller without a signal keeps the load going', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const controller = new AbortController()
  const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
  const stays = cache.getOrSet('key', load)
  controller.abort()
  t.is((await left).name, 'AbortError')
  t.false(calls[0].signal.aborted)
  calls[0].resolve(1)
  t.is(await stays, 1)
})

both('a signal that is aborted already refuses its caller before anything happens', async (t, make) => {
  const cache = make()
  const reason = new Error('enough')
  const load = () => t.fail()
  t.is(await errorOf(cache.getOrSet('key', load, { signal: AbortSignal.abort(reason) })), reason)
  cache.set('key', 1)
  t.is(await errorOf(cache.getOrSet('key', load, { signal: AbortSignal.abort(reason) })), reason)
})

both('a caller whose time is up leaves, and the load goes on', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const stays = cache.getOrSet('key', load)
  const error = await errorOf(cache.getOrSet('key', load, { timeout: 10 }))
  t.is(error.code, 'ERR_MOKAPOT_TIMEOUT')
  calls[0].resolve('loaded')
  t.is(await stays, 'loaded')
})

both('what nobody waits for any more since time was up is still loaded and stored', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const error = await errorOf(cache.getOrSet('key', load, { timeout: 10 }))
  t.is(error.code, 'ERR_MOKAPOT_TIMEOUT')
  const controller = new AbortController()
  const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
  controller.abort()
  await left
  t.false(calls[0].signal.aborted)
  calls[0].resolve('loaded')
  await turn()
  t.is(cache.get('key'), 'loaded')
})

both('a timeout that is not reached does no harm', async (t, make) => {
  const cache = make()
  t.is(await cache.getOrSet('key', async () => 1, { timeout: '1d' }), 1)
  t.is(await cache.getOrSet('other', async () => 1, { timeout: '1000d' }), 1)
})

// --- Stale values ------------------------------------------------------------------------------------------------------

both('staleWhileRevalidate serves at once and loads once beside', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleWhileRevalidate: 500 })
  cache.set('key', 'old')
  advance(cache, 1200)
  t.is(cache.get('key', 'none'), 'none', 'get never does')
  const { load, calls } = gate()
  for (let i = 0; i < 3; i++) t.is(await cache.getOrSet('key', load), 'old')
  t.is(calls.length, 1)
  t.is(calls[0].stale, 'old')
  calls[0].resolve('new')
  await turn()
  t.is(cache.get('key'), 'new')
  t.is(await cache.getOrSet('key', load), 'new')
  const { loads, misses, coalesced } = cache.stats()
  t.deepEqual({ loads, coalesced }, { loads: 1, coalesced: 0 })
  t.true(misses <= 1, 'what is served is a hit')
})

both('a load beside that fails is counted and harms nobody', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleWhileRevalidate: 500 })
  cache.set('key', 'old')
  advance(cache, 1200)
  t.is(await cache.getOrSet('key', () => Promise.reject(new Error('unhandled?'))), 'old')
  await turn()
  t.is(cache.stats().loadErrors, 1)
  t.is(
    await cache.getOrSet('key', () => {
      throw new Error('unhandled?')
    }),
    'old',
  )
  t.is(await cache.getOrSet('key', () => 'new'), 'old')
  t.is(await cache.getOrSet('key', () => 'newer'), 'new')
})

both('when staleWhileRevalidate is over, callers wait again', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleWhileRevalidate: 500 })
  cache.set('key', 'old')
  advance(cache, 1500)
  t.is(
    await cache.getOrSet('key', (/** @type {any} */ _, /** @type {any} */ { stale }) => `new, not ${stale}`),
    'new, not undefined',
  )
})

both('who waits shares the load that began beside', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleWhileRevalidate: 500 })
  cache.set('key', 'old')
  advance(cache, 1400)
  const { load, calls } = gate()
  t.is(await cache.getOrSet('key', load), 'old')
  advance(cache, 200)
  const waits = cache.getOrSet('key', load)
  const controller = new AbortController()
  const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
  controller.abort()
  await left
  t.is(calls.length, 1)
  t.false(calls[0].signal.aborted)
  calls[0].resolve('new')
  t.is(await waits, 'new')
})

both('staleIfError serves when the load fails', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleIfError: 500 })
  cache.set('key', 'old')
  advance(cache, 1200)
  const { load, calls } = gate()
  const asked = [1, 2].map(() => cache.getOrSet('key', load))
  t.is(calls[0].stale, 'old')
  calls[0].reject(new Error('no'))
  t.deepEqual(await Promise.all(asked), ['old', 'old'])
  const { hits, misses, loadErrors } = cache.stats()
  t.deepEqual({ hits, misses, loadErrors }, { hits: 2, misses: 0, loadErrors: 1 })
  advance(cache, 300)
  t.is((await errorOf(cache.getOrSet('key', () => Promise.reject(new Error('now'))))).message, 'now')
  t.is(cache.stats().misses, 1)
})

both('a value whose time is over while it is loaded is not served any more', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleIfError: 500 })
  cache.set('key', 'old')
  advance(cache, 1400)
  const { load, calls } = gate()
  const asked = errorOf(cache.getOrSet('key', load))
  advance(cache, 200)
  calls[0].reject(new Error('no'))
  t.is((await asked).message, 'no')
})

both('an error that stands counts as a load that fails', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleIfError: 500, errorTtl: 10_000 })
  cache.set('key', 'old')
  advance(cache, 1200)
  t.is(await cache.getOrSet('key', () => Promise.reject(new Error('no'))), 'old')
  t.is(await cache.getOrSet('key', () => t.fail()), 'old')
  advance(cache, 400)
  t.is((await errorOf(cache.getOrSet('key', () => t.fail()))).message, 'no')
})

both('a caller whose time is up gets the stale value', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleIfError: 500 })
  cache.set('key', 'old')
  advance(cache, 1200)
  const { load, calls } = gate()
  t.is(await cache.getOrSet('key', load, { timeout: 5 }), 'old')
  calls[0].resolve('new')
  await turn()
  t.is(cache.get('key'), 'new')
})

both(
  'how long a value is kept stale is fixed when it is stored, and a later call only shortens it',
  async (t, make, advance) => {
    const cache = make({ ttl: 1000, staleIfError: 100 })
    const fail = () => Promise.reject(new Error('no'))
    await cache.getOrSet('key', () => 'old', { staleIfError: 1000, staleWhileRevalidate: 200 })
    advance(cache, 1150)
    t.is(
      (await errorOf(cache.getOrSet('key', fail, { staleIfError: 150, staleWhileRevalidate: 150 }))).message,
      'no',
    )
    t.is(await cache.getOrSet('key', fail), 'old', 'while it is revalidated')
    await turn()
    advance(cache, 100)
    t.is(await cache.getOrSet('key', fail, { staleWhileRevalidate: 10_000 }), 'old', 'for the error')
    t.is((await errorOf(cache.getOrSet('key', fail, { staleIfError: 250 }))).message, 'no')
    advance(cache, 700)
    t.is(await cache.getOrSet('key', fail), 'old')
    advance(cache, 100)
    t.is((await errorOf(cache.getOrSet('key', fail, { staleIfError: 10_000 }))).message, 'no')
  },
)

both('stale windows may be without end', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleIfError: Number.POSITIVE_INFINITY })
  cache.set('key', 'old')
  advance(cache, 1e12)
  t.is(await cache.getOrSet('key', () => Promise.reject(new Error('no'))), 'old')
})

both('delete and clear drop a stale value too', async (t, make, advance) => {
  const cache = make({ ttl: 1000, staleIfError: 10_000, staleWhileRevalidate: 10_000 })
  const fail = () => Promise.reject(new Error('no'))
  for (const drop of [() => cache.delete('key'), () => cache.clear()]) {
    cache.set('key', 'old')
    advance(cache, 1200)
    drop()
    t.is((await errorOf(cache.getOrSet('key', fail))).message, 'no')
  }
})

both(
  'a delete while it is loaded drops what could have been served in place of an error',
  async (t, make, advance) => {
    const cache = make({ ttl: 1000, staleIfError: 10_000 })
    cache.set('key', 'old')
    advance(cache, 1200)
    const { load, calls } = gate()
    const asked = errorOf(cache.getOrSet('key', load))
    cache.delete('key')
    calls[0].reject(new Error('no'))
    t.is((await asked).message, 'no')
  },
)

// --- forceRefresh ------------------------------------------------------------------------------------------------------

both('forceRefresh loads a value that is fresh, and shares the load that runs', async (t, make) => {
  const cache = make()
  cache.set('key', 'old')
  const { load, calls } = gate()
  const asked = [1, 2].map(() => cache.getOrSet('key', load, { forceRefresh: true }))
  t.is(calls.length, 1)
  t.is(calls[0].stale, 'old')
  t.is(await cache.getOrSet('key', load), 'old', 'others still get it')
  calls[0].resolve('new')
  t.deepEqual(await Promise.all(asked), ['new', 'new'])
  t.is(cache.get('key'), 'new')
})

both(
  'a forced load that fails leaves the value, and serves it only if stale ones may be',
  async (t, make) => {
    const cache = make()
    cache.set('key', 'old')
    const fail = () => Promise.reject(new Error('no'))
    t.is((await errorOf(cache.getOrSet('key', fail, { forceRefresh: true }))).message, 'no')
    t.is(await cache.getOrSet('key', fail, { forceRefresh: true, staleIfError: '1m' }), 'old')
    t.is(cache.get('key'), 'old')
  },
)

// --- ttl ---------------------------------------------------------------------------------------------------------------

both('ttl may be a number, a duration, or a function of the value', async (t, make, advance) => {
  const cache = make()
  await cache.getOrSet('number', () => 1, { ttl: 100 })
  await cache.getOrSet('duration', () => 1, { ttl: '200ms' })
  await cache.getOrSet('function', async () => 300, { ttl: (/** @type {number} */ value) => value })
  await cache.getOrSet('cache', () => 1, { ttl: () => undefined })
  await cache.getOrSet('text', () => 1, { ttl: () => '400ms' })
  const left = () =>
    ['number', 'duration', 'function', 'text', 'cache'].filter((key) => cache.get(key) !== undefined)
  for (const expected of [5, 4, 3, 2, 1]) {
    t.is(left().length, expected)
    advance(cache, 100.5)
  }
  t.deepEqual(left(), ['cache'])
})

both('a ttl function that returns 0 stores nothing', async (t, make) => {
  const cache = make()
  const { load, calls } = gate()
  const asked = [1, 2].map(() => cache.getOrSet('key', load, { ttl: () => 0 }))
  calls[0].resolve('once')
  t.deepEqual(await Promise.all(asked), ['once', 'once'])
  t.is(cache.get('key', 'none'), 'none')
})

both('a ttl function that throws or returns nonsense rejects, and stores nothing', async (t, make) => {
  const cache = make()
  const error = new Error('no')
  const thrown = cache.getOrSet('key', () => 1, {
    ttl: () => {
      throw error
    },
  })
  t.is(await errorOf(thrown), error)
  for (const ttl of [-1, Number.NaN, null, '10', {}]) {
    const { code } = await errorOf(cache.getOrSet('key', () => 1, { ttl: () => /** @type {any} */ (ttl) }))
    t.is(code, 'ERR_MOKAPOT_INVALID_OPTION')
  }
  t.is(cache.get('key', 'none'), 'none')
})

both('a ttl function that writes the key wins over what it was asked about', async (t, make) => {
  const cache = make()
  const ttl = () => void cache.set('key', 'written')
  t.is(await cache.getOrSet('key', () => 'loaded', { ttl }), 'loaded')
  t.is(cache.get('key'), 'written')
})

// --- What is wrong -----------------------------------------------------------------------------------------------------

both('what is wrong rejects before anything happens', async (t, make) => {
  const cache = make()
  cache.set('key', 1)
  const load = () => t.fail()
  const bad = /** @type {[unknown, typeof Error, string][]} */ ([
    [{ ttl: 0 }, RangeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ ttl: '10' }, RangeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ tti: -1 }, RangeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ timeout: Number.NaN }, RangeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ staleWhileRevalidate: 0 }, RangeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ staleIfError: null }, TypeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ errorTtl: '1 s' }, RangeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ forceRefresh: 1 }, TypeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ signal: {} }, TypeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ signal: null }, TypeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [{ forcerefresh: true }, TypeError, 'ERR_MOKAPOT_UNKNOWN_OPTION'],
    [5, TypeError, 'ERR_MOKAPOT_INVALID_OPTION'],
    [null, TypeError, 'ERR_MOKAPOT_INVALID_OPTION'],
  ])
  for (const [options, type, code] of bad) {
    for (const key of ['key', 'other']) {
      const error = await errorOf(cache.getOrSet(key, load, /** @type {any} */ (options)))
      t.true(error instanceof type, String(error))
      t.is(error.code, code)
    }
  }
  t.is((await errorOf(cache.getOrSet('key', /** @type {any} */ (5)))).code, 'ERR_MOKAPOT_INVALID_OPTION')
  t.is(cache.stats().loads, 0)
})

both('timers put in place later do not keep a caller waiting', async (t, make) => {
  const cache = make()
  const { setTimeout } = globalThis
  globalThis.setTimeout = /** @type {any} */ (() => t.fail())
  const { load, calls } = gate()
  try {
    t.is((await errorOf(cache.getOrSet('key', load, { timeout: 5 }))).code, 'ERR_MOKAPOT_TIMEOUT')
  } finally {
    globalThis.setTimeout = setTimeout
  }
  calls[0].resolve(1)
  await turn()
})

// --- Only where values are kept by reference ------------------------------------------------------------------------------

test('in one thread: eviction does not disturb a load', async (t) => {
  const cache = new Cache({ max: 1 })
  const { load, calls } = gate()
  cache.set('key', 'old')
  const asked = cache.getOrSet('key', load, { forceRefresh: true })
  cache.set('other', 1)
  t.false(cache.has('key'))
  calls[0].resolve('new')
  t.is(await asked, 'new')
  t.is(cache.get('key'), 'new')
})

test('in one thread: all callers get the same reference', async (t) => {
  const cache = new Cache({ max: 10 })
  const value = { a: 1 }
  const asked = [1, 2].map(() => cache.getOrSet('key', async () => value))
  for (const seen of await Promise.all(asked)) t.is(seen, value)
  t.is(await cache.getOrSet('key', () => ({ a: 2 })), value)
})

test('in one thread: an entry may be given a size, a positive whole number', async (t) => {
  const cache = new Cache({ maxSize: 10 })
  t.is(await cache.getOrSet('key', () => 1, { size: 3 }), 1)
  t.is(cache.calculatedSize, 3)
  for (const size of [0, -1, 1.5, Number.NaN]) {
    t.true((await errorOf(cache.getOrSet('key', () => 1, { size }))) instanceof RangeError)
  }
  const size = /** @type {any} */ ('3')
  t.true((await errorOf(cache.getOrSet('key', () => 1, { size }))) instanceof TypeError)
})

test('in one thread: who waits when the cache is closed still gets the value, and who comes later an error', async (t) => {
  const cache = new Cache({ max: 10, staleIfError: '1h' })
  const { load, calls } = gate()
  const asked = [
    cache.getOrSet('a', load),
    errorOf(cache.getOrSet('b', load)),
    errorOf(cache.getOrSet('c', load, { timeout: 5 })),
  ]
  cache.close()
  calls[0].resolve('loaded')
  calls[1].reject(new Error('no'))
  const [value, failed, late] = await Promise.all(asked)
  t.deepEqual([value, failed.message, late.code], ['loaded', 'no', 'ERR_MOKAPOT_TIMEOUT'])
  for (const options of [undefined, { forceRefresh: true }]) {
    t.is((await errorOf(cache.getOrSet('a', load, options))).code, 'ERR_MOKAPOT_CLOSED')
  }
  t.is(calls.length, 3)
})

// --- Only where values are encoded -----------------------------------------------------------------------------------------

/** @param {import('ava').ExecutionContext} t @param {import('../dist/index.mjs').SharedCacheOptions<any>} [options] */
function shared(t, options = { maxBytes: '1mb' }) {
  /** @type {SharedCache<any, any>} */
  const cache = new SharedCache(options)
  t.teardown(() => cache.close())
  return cache
}

test.serial('shared: each caller gets a copy of its own, and so does the one who loads', async (t) => {
  const cache = shared(t)
  const loaded = { list: [1], bytes: new Uint8Array([1, 2, 3]) }
  const asked = [1, 2].map(() => cache.getOrSet('key', async () => loaded))
  const [first, second] = await Promise.all(asked)
  t.deepEqual(first, loaded)
  first.list.push(2)
  loaded.bytes[0] = 9
  t.deepEqual(second, { list: [1], bytes: new Uint8Array([1, 2, 3]) })
  t.deepEqual(cache.get('key'), second)
  for (const bytes of [Buffer.from('abc'), new Uint8Array([1, 2])]) {
    const [one, other] = await Promise.all([1, 2].map(() => cache.getOrSet(bytes, async () => bytes)))
    t.deepEqual([one, other], [bytes, bytes])
    t.not(one.buffer, other.buffer)
    t.is(one.byteLength, one.buffer.byteLength)
  }
})

test.serial('shared: a key of bytes is as it was when it was asked for', async (t) => {
  const cache = shared(t)
  const { load, calls } = gate()
  const key = new Uint8Array([1, 2])
  const asked = cache.getOrSet(key, load)
  key[0] = 9
  t.deepEqual(calls[0].key, new Uint8Array([1, 2]))
  const beside = cache.getOrSet(new Uint8Array([1, 2]), load)
  calls[0].resolve('loaded')
  t.deepEqual(await Promise.all([asked, beside]), ['loaded', 'loaded'])
  t.deepEqual([cache.get(key, 'none'), cache.get(new Uint8Array([1, 2]))], ['none', 'loaded'])
})

test.serial('shared: what can be no key, and a cache that is closed, reject', async (t) => {
  const cache = shared(t)
  for (const key of [undefined, null, {}, Symbol('s'), true]) {
    for (const options of [undefined, { forceRefresh: true }, { ttl: 1 }]) {
      const error = await errorOf(cache.getOrSet(key, () => t.fail(), options))
      t.true(error instanceof TypeError)
      t.is(error.code, 'ERR_MOKAPOT_INVALID_KEY')
    }
  }
  cache.close()
  for (const options of [undefined, { forceRefresh: true }]) {
    t.is((await errorOf(cache.getOrSet('key', () => t.fail(), options))).code, 'ERR_MOKAPOT_CLOSED')
  }
})

test.serial('shared: a value that cannot be encoded is an error for all who wait', async (t) => {
  const cache = shared(t)
  const asked = [1, 2].map(() => errorOf(cache.getOrSet('key', async () => () => {})))
  for (const error of await Promise.all(asked)) t.is(error.code, 'ERR_MOKAPOT_UNCLONEABLE')
  const strings = shared(t, { maxBytes: '1mb', codec: 'string' })
  t.is((await errorOf(strings.getOrSet('key', () => 1))).code, 'ERR_MOKAPOT_INVALID_VALUE')
  t.is(await strings.getOrSet('key', () => 'text'), 'text')
})

test.serial('shared: a codec that fails to decode rejects and leaves no caller waiting', async (t) => {
  const error = new Error('no')
  const codec = {
    name: 'own',
    encode: (/** @type {string} */ text) => Buffer.from(text),
    decode: () => {
      throw error
    },
  }
  const cache = shared(t, { maxBytes: '1mb', codec })
  const asked = [1, 2].map(() => errorOf(cache.getOrSet('key', async () => 'text')))
  t.deepEqual(await Promise.all(asked), [error, error])
  t.is(await errorOf(cache.getOrSet('key', () => 'text')), error)
})

test.serial('shared: a value larger than the limit reaches its callers and is not stored', async (t) => {
  const cache = shared(t, { maxBytes: '16kb' })
  const large = 'x'.repeat(50_000)
  const asked = [1, 2].map(() => cache.getOrSet('key', async () => large))
  t.deepEqual(await Promise.all(asked), [large, large])
  t.is(cache.size, 0)
  t.is(cache.stats().rejected, 1)
})

test.serial('shared: size and bytes count what is kept stale, and nothing shows it', async (t) => {
  const cache = shared(t, { maxBytes: '1mb', ttl: '1s', staleIfError: '10s' })
  cache.set('key', 'value')
  const { bytes } = cache
  advance(2000)
  t.deepEqual([cache.size, cache.bytes], [1, bytes])
  t.deepEqual(
    [cache.has('key'), cache.peek('key'), cache.info('key'), cache.getRemainingTTL('key')],
    [false, undefined, undefined, 0],
  )
  t.deepEqual([...cache], [])
  t.deepEqual(cache.getMany(['key']), [undefined])
  t.is(cache.purgeExpired(), 0)
  advance(9000)
  t.is(cache.purgeExpired(), 1)
  t.deepEqual([cache.size, cache.bytes], [0, 0])
})

test.serial(
  'shared: an entry that idled out is kept stale too, and serving it does not bring it back',
  async (t) => {
    const cache = shared(t, { maxBytes: '1mb', tti: '1s', staleIfError: '10s' })
    cache.set('key', 'value')
    advance(1500)
    const fail = () => Promise.reject(new Error('no'))
    for (let i = 0; i < 3; i++) t.is(await cache.getOrSet('key', fail), 'value')
    t.is(cache.get('key', 'none'), 'none')
  },
)

test.serial('shared: size is no option', async (t) => {
  const cache = shared(t)
  const options = /** @type {any} */ ({ size: 1 })
  t.is((await errorOf(cache.getOrSet('key', () => 1, options))).code, 'ERR_MOKAPOT_UNKNOWN_OPTION')
})

test.serial('shared: all threads take the options of the one that made the cache', async (t) => {
  const cache = shared(t, {
    maxBytes: '1mb',
    errorTtl: '1m',
    ttl: '1s',
    staleIfError: '10s',
    staleWhileRevalidate: '1s',
  })
  const other = SharedCache.attach(cache.handle)
  t.teardown(() => other.close())
  const error = new Error('no')
  await errorOf(cache.getOrSet('error', () => Promise.reject(error)))
  const seen = await errorOf(other.getOrSet('error', () => t.fail()))
  t.is(seen.message, 'no')
  other.set('key', 'old')
  advance(1500)
  t.is(await other.getOrSet('key', () => 'new'), 'old')
  t.is(await cache.getOrSet('key', () => t.fail()), 'new')
})

test.serial('shared: two objects of one cache share their loads', async (t) => {
  const cache = shared(t)
  const other = SharedCache.attach(cache.handle)
  const { load, calls } = gate()
  const asked = [cache.getOrSet('key', load), other.getOrSet('key', load)]
  other.close()
  calls[0].resolve('loaded')
  const timely = Promise.race([Promise.all(asked), turn().then(() => 'not at once')])
  t.deepEqual(await timely, ['loaded', 'loaded'])
  t.is(calls.length, 1)
  t.is(opened(), 1)
})

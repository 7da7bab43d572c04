import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import test from 'ava'
import Keyv from 'keyv'
import { Cache, cached, SharedCache } from '../dist/index.mjs'
import { hasRedis, startRedis } from './fixtures/redis.mjs'

/** @typedef {import('../dist/index.mjs').Envelope} Envelope */

/** A function that tells how often it was called, and its async twin. */
function counted() {
  const fn = Object.assign(
    (/** @type {any} */ x) => {
      fn.calls++
      return { x }
    },
    { calls: 0 },
  )
  const later = async (/** @type {any} */ x) => {
    await null
    return fn(x)
  }
  return { fn, later }
}

/** A clock that `pass` moves. */
function handClock() {
  let now = 1_700_000_000_000
  return {
    now: () => now,
    /** @param {number} milliseconds */
    pass(milliseconds) {
      now += milliseconds
    },
  }
}

/**
 * A store as one would write it over a Redis client: text under keys.
 *
 * @param {import('ioredis').Redis} redis
 */
const over = (redis) => ({
  get: async (/** @type {string} */ key) => JSON.parse((await redis.get(key)) ?? 'null'),
  set: (
    /** @type {string} */ key,
    /** @type {Envelope} */ envelope,
    /** @type {{ ttl: number | undefined }} */ { ttl },
  ) =>
    ttl === undefined
      ? redis.set(key, JSON.stringify(envelope))
      : redis.set(key, JSON.stringify(envelope), 'PX', ttl),
  delete: (/** @type {string} */ key) => redis.del(key),
})

test('a Map: a sync function stays sync, and an async one just works', async (t) => {
  const store = new Map()
  const { fn, later } = counted()
  const f = cached(fn, { store, namespace: 'sync' })
  t.deepEqual(f(1), { x: 1 })
  t.is(f(1), f(1))
  t.is(fn.calls, 1)
  const g = cached(later, { store, namespace: 'async' })
  const [one, two] = await Promise.all([g(1), g(1)])
  t.is(one, two)
  t.is(await g(1), one)
  t.is(fn.calls, 2)
  t.deepEqual([...store.keys()], [f.keyOf(1), g.keyOf(1)])
  t.deepEqual(Object.keys(store.get(f.keyOf(1))).sort(), ['at', 'stale', 'ttl', 'v'])
  t.true(f.has(1))
  t.deepEqual(g.peek(1), { x: 1 })
  t.true(g.delete(1))
  t.false(g.delete(1))
  t.is(f.set([2], { x: 'set' }), undefined)
  t.deepEqual(f(2), { x: 'set' })
  t.like(f.stats(), { hits: 3, misses: 1, sets: 2 })
  f.clear()
  t.is(store.size, 0)
  t.is(f.store, store)
})

test('keys of equal arguments are equal text, whatever the order of properties', (t) => {
  const f = cached(async (/** @type {any[]} */ ...args) => args, { store: new Map(), namespace: 'app:users' })
  t.is(f.keyOf({ b: 1, a: [2] }, 'x'), f.keyOf({ a: [2], b: 1 }, 'x'))
  t.is(f.keyOf(1, 'x'), "app:users:v1:1,'x'")
  t.throws(() => f(() => {}), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
})

test('no two namespaces share a key, whatever they are called', (t) => {
  const store = new Map()
  const names = ['a', 'a:', 'a:v1', 'a:v1:', "a:v1:'x'", 'a~', 'a%', 'a%007e', 'a~:v1', 'ä', '\ud800']
  const functions = names.map((namespace) =>
    cached((/** @type {any} */ x) => [namespace, x], { store, namespace }),
  )
  const later = names.map((namespace) =>
    cached(async (/** @type {any} */ x) => [namespace, x], { store, namespace }),
  )
  for (const [i, f] of functions.entries()) t.deepEqual(f('x'), [names[i], 'x'])
  const keys = [...functions, ...later].flatMap((f) => [f.keyOf(1), f.keyOf('x'), f.keyOf(":v1:'x'")])
  t.is(new Set(keys).size, keys.length)
  functions[0]?.clear()
  t.is(store.size, names.length - 1)
})

test('functions of one namespace share entries, which keep their kind', async (t) => {
  const never = () => {
    throw new Error('is never called')
  }
  for (const store of [new Map(), new Cache({ max: 10 }), new SharedCache({ maxBytes: '1mb' })]) {
    const one = cached((/** @type {number} */ x) => ({ x }), { store, namespace: 'values' })
    one(1)
    const two = cached(/** @type {(x: number) => unknown} */ (never), { store, namespace: 'values' })
    t.deepEqual(two(1), { x: 1 })
    const three = cached((/** @type {number} */ x) => Promise.resolve({ x }), {
      store,
      namespace: 'promises',
    })
    await three(1)
    const four = cached(/** @type {(x: number) => Promise<unknown>} */ (never), {
      store,
      namespace: 'promises',
    })
    const found = four(1)
    t.true(found instanceof Promise)
    t.deepEqual(await found, { x: 1 })
    if (store instanceof SharedCache) store.close()
  }
})

test('functions of one namespace share what is under way, and a delete by one wins over it', async (t) => {
  for (const store of [new Map(), new Keyv(), new Cache({ max: 10 })]) {
    const { fn, later } = counted()
    const one = cached(later, { store, namespace: 'n' })
    const two = cached(later, { store, namespace: 'n' })
    const waiting = [one(1), two(1)]
    t.deepEqual(await Promise.all(waiting), [{ x: 1 }, { x: 1 }])
    t.is(fn.calls, 1)
    const late = one(2)
    await two.delete(2)
    await late
    t.false(await one.has(2))
  }
})

test('values in a Map expire by the clock that was given, and are served stale as options say', async (t) => {
  const clock = handClock()
  let calls = 0
  let fails = false
  const fn = async () => {
    if (fails) throw new Error('down')
    return ++calls
  }
  const store = new Map()
  const swr = cached(fn, { store, namespace: 'swr', clock, ttl: 100, staleWhileRevalidate: 100 })
  t.is(await swr(), 1)
  clock.pass(150)
  t.is(await swr(), 1)
  await sleep(1)
  t.is(await swr(), 2)
  clock.pass(250)
  t.is(await swr(), 3, 'too old')

  const error = cached(fn, { store, namespace: 'error', clock, ttl: 100, staleIfError: 1000, errorTtl: 50 })
  t.is(await error(), 4)
  fails = true
  clock.pass(150)
  t.is(await error(), 4)
  clock.pass(1000)
  await t.throwsAsync(() => error(), { message: 'down' })
  fails = false
  await t.throwsAsync(() => error(), { message: 'down' }, 'errorTtl')
  clock.pass(51)
  t.is(await error(), 5)

  const sync = cached(() => ++calls, { store, namespace: 'sync', clock, ttl: () => 10 })
  t.is(sync(), sync())
  clock.pass(11)
  t.false(sync.has())
  t.is(sync(), 7)
})

test('one who fails does not spoil it for the next', async (t) => {
  let calls = 0
  const f = cached(
    async () => {
      await null
      if (++calls === 1) throw new Error('first')
      return calls
    },
    { store: new Map(), namespace: 'f' },
  )
  const outcomes = await Promise.allSettled([f(), f()])
  t.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  t.is(await f(), 2)
  t.is(await f(), 2)
})

test('a set or delete wins over a call that is under way, in a foreign store too', async (t) => {
  for (const act of ['set', 'delete', 'clear']) {
    /** @type {(value: string) => void} */
    let finish = () => {}
    const f = cached(() => new Promise((resolve) => (finish = resolve)), { store: new Map(), namespace: 'f' })
    const waiting = f()
    if (act === 'set') f.set([], 'set')
    else if (act === 'delete') f.delete()
    else f.clear()
    finish('loaded')
    t.is(await waiting, 'loaded')
    t.is(f.peek(), act === 'set' ? 'set' : undefined, act)
  }
})

test('Keyv: undefined survives, values expire, and methods answer by promises', async (t) => {
  const store = new Keyv()
  let calls = 0
  const f = cached(
    async (/** @type {number} */ _) => {
      calls++
      return undefined
    },
    { store, namespace: 'f', ttl: '1h' },
  )
  const g = cached(async (/** @type {number} */ n) => ({ n }), { store, namespace: 'g' })
  t.is(await f(1), undefined)
  t.is(await f(1), undefined)
  t.is(calls, 1)
  const { expires } = /** @type {any} */ (await store.getRaw(String(f.keyOf(1))))
  t.true(Math.abs(expires - Date.now() - 3_600_000) < 60_000, 'Keyv knows how long')
  t.deepEqual(await g(1), { n: 1 })
  t.true(await f.has(1))
  t.deepEqual(await g.peek(1), { n: 1 })
  t.is(await g.peek(2), undefined)
  await g.set([2], { n: 22 })
  t.deepEqual(await g(2), { n: 22 })
  t.deepEqual(await g.refresh(2), { n: 2 })
  t.true(await g.delete(2))
  t.false(await g.delete(2))
  await f.clear()
  t.false(await f.has(1))
  t.true(await g.has(1), 'of another function')
})

test('a sync function over a store that answers by promises is a clear error', async (t) => {
  const { fn } = counted()
  const f = cached(fn, { store: new Keyv(), namespace: 'f' })
  const clear = { instanceOf: TypeError, code: 'ERR_MOKAPOT_ASYNC_STORE', message: /async function/ }
  t.throws(() => f(1), clear)
  t.throws(() => f(1), clear)
  t.is(fn.calls, 1)
  const g = cached((/** @type {number} */ n) => Promise.resolve(n), { store: new Keyv(), namespace: 'g' })
  t.is(await g(1), 1, 'one that is not written async but returns promises is none')
})

test('what a store throws reaches the caller', async (t) => {
  const broken = {
    get: () => Promise.reject(new Error('no get')),
    set() {},
    delete() {},
  }
  const f = cached(async () => 1, { store: broken, namespace: 'f' })
  await t.throwsAsync(() => f(), { message: 'no get' })
  const full = { get: async () => undefined, set: () => Promise.reject(new Error('no set')), delete() {} }
  const g = cached(async () => 1, { store: full, namespace: 'g' })
  await t.throwsAsync(() => g(), { message: 'no set' })
})

test('clear of a store that lists nothing calls its clear only where nobody else uses it', async (t) => {
  const kept = new Map()
  let cleared = 0
  const store = {
    get: async (/** @type {string} */ key) => kept.get(key),
    set: async (/** @type {string} */ key, /** @type {Envelope} */ envelope) => void kept.set(key, envelope),
    delete: async (/** @type {string} */ key) => kept.delete(key),
    clear: async () => {
      cleared++
      kept.clear()
    },
  }
  const f = cached(async (/** @type {number} */ n) => n, { store, namespace: 'f' })
  await f(1)
  await f.clear()
  t.is(cleared, 1)
  t.is(kept.size, 0)
  const g = cached(async (/** @type {number} */ n) => n, { store, namespace: 'g' })
  await Promise.all([f(1), f(2), g(1)])
  await f.clear()
  t.is(cleared, 1)
  t.deepEqual([...kept.keys()], [g.keyOf(1)])
})

test('a SharedCache gives one memo to all threads', async (t) => {
  const store = new SharedCache({ maxBytes: '1mb' })
  let calls = 0
  const value = cached(
    (/** @type {number} */ n) => {
      calls++
      return { n }
    },
    { store, namespace: 'value' },
  )
  const promise = cached(
    (/** @type {number} */ n) => {
      calls++
      return sleep(1, { n })
    },
    { store, namespace: 'promise' },
  )
  const flight = cached(
    async (/** @type {number} */ n) => {
      calls++
      await sleep(20)
      return { n }
    },
    { store, namespace: 'flight' },
  )
  t.deepEqual(value(1), { n: 1 })
  t.not(value(1), value(1), 'each caller has its own copy')
  await promise(1)
  t.is(calls, 2)
  const workers = [1, 2, 3, 4].map(
    () => new Worker(new URL('fixtures/cached-worker.mjs', import.meta.url), { workerData: store.handle }),
  )
  const reports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
  let callsThere = 0
  for (const report of reports) {
    t.deepEqual(report.value, { n: 1 })
    t.true(report.isPromise)
    t.deepEqual(report.promise, { n: 1 })
    t.is(report.flights.length, 100)
    callsThere += report.calls
  }
  t.is(callsThere, 1, 'the value and the promise were there, and one thread brought the rest')
  t.deepEqual(await flight(1), { n: 1 })
  t.is(calls, 2)
  value.clear()
  t.false(value.has(1))
  t.true(flight.has(1))
  t.true(store.has(/** @type {string} */ (flight.keyOf(1))))
  store.close()
})

const withRedis = hasRedis ? test : test.skip
if (!hasRedis) {
  console.log('Redis is left out: no redis-server is installed (Debian: apt-get install redis-server).')
}

withRedis('Redis through ioredis: values outlive the process that brought them, and expire', async (t) => {
  const { redis, stop } = await startRedis()
  t.teardown(stop)
  const { fn, later } = counted()
  const f = cached(later, { store: over(redis), namespace: 'users', ttl: '1h', staleIfError: '1h' })
  const results = await Promise.all(Array.from({ length: 100 }, () => f('ada')))
  t.is(fn.calls, 1)
  t.true(results.every(({ x }) => x === 'ada'))
  const again = cached(later, { store: over(redis), namespace: 'users', ttl: '1h' })
  t.deepEqual(await again('ada'), { x: 'ada' }, 'another client, as another process has it')
  t.is(fn.calls, 1)
  const left = await redis.pttl(/** @type {string} */ (f.keyOf('ada')))
  t.true(left > 7_100_000 && left <= 7_200_000, 'kept for as long as it may be served')

  const nothing = cached(async () => undefined, { store: over(redis), namespace: 'nothing' })
  t.is(await nothing(), undefined)
  t.true(await nothing.has())
  t.is(await redis.pttl(/** @type {string} */ (nothing.keyOf())), -1)

  t.true(await f.delete('ada'))
  t.false(await f.delete('ada'))
  await f('ada')
  await f.clear()
  t.false(await f.has('ada'))
  t.true(await nothing.has())
})

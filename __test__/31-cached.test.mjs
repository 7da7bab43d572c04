import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Cache, cached, mokapotKey } from '../dist/index.mjs'

/** A clock that `pass` moves. */
function handClock() {
  let now = 1000
  return {
    now: () => now,
    /** @param {number} milliseconds */
    pass(milliseconds) {
      now += milliseconds
    },
  }
}

/** A function that tells how often it was called: `double.calls`. */
function counted() {
  const double = Object.assign(
    (/** @type {number} */ n) => {
      double.calls++
      return n * 2
    },
    { calls: 0 },
  )
  return double
}

test('a call with the same arguments is answered without another call', (t) => {
  const double = counted()
  const f = cached(double)
  t.is(f(2), 4)
  t.is(f(2), 4)
  t.is(f(3), 6)
  t.is(double.calls, 2)
  t.like(f.stats(), { hits: 1, misses: 2, sets: 2, size: 2 })
})

test('name, length and this are those of the function', (t) => {
  /**
   * @this {{ factor: number }}
   * @param {number} n
   * @param {number} m
   */
  function times(n, m) {
    return (this.factor ?? 1) * n * m
  }
  const f = cached(times)
  t.is(f.name, 'times')
  t.is(f.length, 2)
  t.is(f.fn, times)
  t.is(f.call({ factor: 10 }, 2, 3), 60)
  t.is(f.call({ factor: 99 }, 2, 3), 60, 'this is no part of the key')
})

test('all arguments count, by type and content', (t) => {
  let calls = 0
  const f = cached((/** @type {any[]} */ ..._) => ++calls)
  const different = [
    [],
    [undefined],
    [null],
    [0],
    [1],
    ['1'],
    [1n],
    [true],
    ['true'],
    [1, 2],
    ['1,2'],
    [[1, 2]],
    [{}],
    [{ a: 1 }],
    [{ a: '1' }],
    [new Date(0)],
    [new Map([[1, 2]])],
    [new Set([1])],
    [Number.NaN],
    ['\0cached 1 s'],
    [1, 2, 3],
  ]
  t.deepEqual(
    different.map((args) => f(...args)),
    different.map((_, i) => i + 1),
  )
  t.is(f({ b: 1, a: 2 }), f({ a: 2, b: 1 }))
  t.is(f(0), f(-0))
  t.is(f(Number.NaN), f(0 / 0))
  t.not(f(new (class {})()), f(new (class {})()))
  const symbol = Symbol('one')
  t.is(f(symbol), f(symbol))
  t.not(f(symbol), f(Symbol('one')))
})

test('an instance counts by identity, or by its mokapotKey', (t) => {
  let calls = 0
  const f = cached((/** @type {unknown} */ _) => ++calls)
  class Plain {}
  class Keyed {
    [mokapotKey]() {
      return ['Keyed', 7]
    }
  }
  const plain = new Plain()
  t.is(f(plain), f(plain))
  t.not(f(plain), f(new Plain()))
  t.is(f(new Keyed()), f(new Keyed()))
})

test('undefined and null are values', (t) => {
  let calls = 0
  const f = cached((/** @type {unknown} */ value) => {
    calls++
    return value
  })
  for (const value of [undefined, null]) {
    t.is(f(value), value)
    t.is(f(value), value)
    t.true(f.has(value))
  }
  t.is(calls, 2)
})

test('what a function throws reaches the caller and is not kept', (t) => {
  let calls = 0
  const f = cached(() => {
    if (++calls < 3) throw new Error(`call ${calls}`)
    return calls
  })
  t.throws(() => f(), { message: 'call 1' })
  t.throws(() => f(), { message: 'call 2' })
  t.is(f(), 3)
  t.is(f(), 3)
})

test('a recursive function calls itself memoized', (t) => {
  let calls = 0
  /** @type {(n: number) => bigint} */
  const fibonacci = cached((n) => {
    calls++
    return n < 2 ? BigInt(n) : fibonacci(n - 1) + fibonacci(n - 2)
  })
  t.is(fibonacci(90), 2880067194370816120n)
  t.is(calls, 91)
})

test('a promise is shared by all who ask meanwhile, and its value kept', async (t) => {
  let calls = 0
  const f = cached(async (/** @type {number} */ n) => {
    calls++
    await null
    return { n }
  })
  const [one, two] = await Promise.all([f(1), f(1), f(2)])
  t.is(one, two)
  t.is(calls, 2)
  t.true(f(1) instanceof Promise)
  t.is(await f(1), one)
  t.is(f.peek(1), one, 'the settled value')
  t.is(f.peek(9), undefined)
  t.like(f.stats(), { loads: 2, coalesced: 1, hits: 2, misses: 3 })
})

test('a function is async by what it returns, not by how it is written', async (t) => {
  let calls = 0
  const f = cached((/** @type {number} */ n) => {
    calls++
    return sleep(1, n)
  })
  const waiting = [f(1), f(1), f(1)]
  t.deepEqual(await Promise.all(waiting), [1, 1, 1])
  t.true(f(1) instanceof Promise)
  t.is(await f(1), 1)
  t.is(f.peek(1), 1)
  t.is(calls, 1)
  t.like(f.stats(), { hits: 2, misses: 3 })
})

test('a thenable is a promise too, and does its work once for each call', async (t) => {
  let queries = 0
  const query = () => ({
    // biome-ignore lint/suspicious/noThenProperty: that it is a thenable is what is tested
    then: (/** @type {(value: string) => void} */ resolve) => resolve(`query ${++queries}`),
  })
  const f = cached((/** @type {number} */ _) => query())
  t.deepEqual(await Promise.all([f(1), f(1)]), ['query 1', 'query 1'])
  t.is(await f(1), 'query 1')
  t.is(await f(2), 'query 2')
  t.is(f.peek(1), /** @type {any} */ ('query 1'))
})

test('one whose load failed unseen is no unhandled rejection', async (t) => {
  const clock = handClock()
  let fails = false
  const f = cached(
    () => {
      return fails ? Promise.reject(new Error('down')) : Promise.resolve('good')
    },
    { ttl: 10, staleWhileRevalidate: 1000, clock },
  )
  await f()
  fails = true
  clock.pass(20)
  t.is(await f(), 'good')
  await sleep(5)
  t.is(await f(), 'good')
})

test('a function that returns promises only at times gives back what it gave', async (t) => {
  let calls = 0
  const f = cached((/** @type {number} */ n) => {
    calls++
    return n % 2 ? Promise.resolve(n) : n
  })
  for (let round = 0; round < 3; round++) {
    for (const n of [0, 1, 2, 3]) {
      const result = f(n)
      t.is(result instanceof Promise, n % 2 === 1, `round ${round}, ${n}`)
      t.is(await result, n)
      t.is(f.peek(n), n)
    }
  }
  t.is(calls, 4)
  t.true(f.delete(1))
  t.true(f.delete(2))
  t.false(f.has(1))
  t.false(f.has(2))
  t.true(f.has(0))
})

test('a rejection reaches all who wait, and the next call loads anew', async (t) => {
  let calls = 0
  const f = cached(async () => {
    await null
    if (++calls === 1) throw new Error('first')
    return calls
  })
  const outcomes = await Promise.allSettled([f(), f(), f()])
  t.true(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason.message === 'first'))
  t.is(calls, 1)
  t.is(f.peek(), undefined)
  t.is(await f(), 2)
  t.is(await f(), 2)
})

test('errorTtl keeps an error for its time', async (t) => {
  const clock = handClock()
  let calls = 0
  const f = cached(
    async () => {
      throw new Error(`call ${++calls}`)
    },
    { errorTtl: 100, clock },
  )
  await t.throwsAsync(() => f(), { message: 'call 1' })
  await t.throwsAsync(() => f(), { message: 'call 1' })
  clock.pass(101)
  await t.throwsAsync(() => f(), { message: 'call 2' })
})

test('ttl and tti end values by the clock that was given', (t) => {
  const clock = handClock()
  const double = counted()
  const f = cached(double, { ttl: '1s', tti: 300, clock })
  f(1)
  for (let i = 0; i < 3; i++) {
    clock.pass(250)
    f(1)
  }
  t.is(double.calls, 1)
  clock.pass(250)
  f(1)
  t.is(double.calls, 2, 'its time is over, though it was in use')
  clock.pass(301)
  t.false(f.has(1))
})

test('ttl can depend on the value, and 0 keeps nothing', async (t) => {
  const clock = handClock()
  const ttl = (/** @type {number} */ value) =>
    value === 2 ? 0 : value === 4 ? /** @type {const} */ ('1s') : undefined
  const double = counted()
  const f = cached(double, { ttl, clock })
  f(1)
  t.false(f.has(1))
  f(2)
  f(3)
  clock.pass(1001)
  t.false(f.has(2))
  t.true(f.has(3))
  const g = cached(async (/** @type {number} */ n) => double(n), { ttl, clock })
  await Promise.all([g(1), g(2), g(3)])
  t.false(g.has(1))
  t.true(g.has(2))
  clock.pass(1001)
  t.false(g.has(2))
  t.true(g.has(3))
})

test('staleWhileRevalidate serves at once and brings a fresh value', async (t) => {
  const clock = handClock()
  let calls = 0
  const f = cached(async () => ++calls, { ttl: 100, staleWhileRevalidate: 1000, clock })
  t.is(await f(), 1)
  clock.pass(150)
  t.is(await f(), 1)
  await null
  t.is(await f(), 2)
  t.is(calls, 2)
  clock.pass(1200)
  t.is(await f(), 3, 'too old to be served')
})

test('staleIfError serves what there was when the function fails', async (t) => {
  const clock = handClock()
  let fails = false
  const f = cached(
    async () => {
      if (fails) throw new Error('down')
      return 'good'
    },
    { ttl: 100, staleIfError: 1000, clock },
  )
  t.is(await f(), 'good')
  fails = true
  clock.pass(150)
  t.is(await f(), 'good')
  clock.pass(1000)
  await t.throwsAsync(() => f(), { message: 'down' })
})

test('a set, delete or clear wins over a call that is under way', async (t) => {
  for (const act of ['set', 'delete', 'clear']) {
    /** @type {(value: string) => void} */
    let finish = () => {}
    const f = cached((/** @type {number} */ _) => new Promise((resolve) => (finish = resolve)))
    const waiting = f(1)
    if (act === 'set') f.set([1], 'set')
    else if (act === 'delete') f.delete(1)
    else f.clear()
    finish('loaded')
    t.is(await waiting, 'loaded', 'who waits gets what was loaded')
    t.is(f.peek(1), act === 'set' ? 'set' : undefined, act)
  }
})

test('key picks what tells calls apart, by content', (t) => {
  let calls = 0
  const f = cached(
    (/** @type {{ id: number, at: number }} */ request, /** @type {string} */ _log) => [++calls, request.id],
    {
      key: ({ id }) => ({ id }),
    },
  )
  t.deepEqual(f({ id: 1, at: 1 }, 'a'), [1, 1])
  t.deepEqual(f({ id: 1, at: 2 }, 'b'), [1, 1])
  t.deepEqual(f({ id: 2, at: 2 }, 'b'), [2, 2])
  t.true(f.delete({ id: 1, at: 3 }, 'c'))
  const g = cached((/** @type {number} */ n) => n, { key: async (n) => n })
  t.throws(() => g(1), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
})

test('defaults stand in the key for what is missing or undefined, and not in the call', (t) => {
  /** @type {unknown[][]} */
  const calls = []
  const f = cached(
    (/** @type {unknown[]} */ ...args) => {
      calls.push(args)
      return calls.length
    },
    { defaults: [undefined, 10] },
  )
  t.is(f(1), 1)
  t.is(f(1, 10), 1)
  t.is(f(1, undefined), 1)
  t.is(f(1, 11), 2)
  t.is(f(), 3)
  t.is(f(undefined), 3)
  t.deepEqual(calls, [[1], [1, 11], []])
  const g = cached((/** @type {unknown[]} */ ...args) => args.length)
  t.not(g(), g(undefined))
})

test('the methods work on one call, or on all', async (t) => {
  const double = counted()
  const f = cached(double)
  f(1)
  t.true(f.has(1))
  t.is(f.peek(1), 2)
  t.is(f.set([1], 99), undefined)
  t.is(f(1), 99)
  t.is(f.refresh(1), 2)
  t.is(f(1), 2)
  t.true(f.delete(1))
  t.false(f.delete(1))
  f(1)
  f(2)
  t.is(f.clear(), undefined)
  t.false(f.has(1))
  t.true(f.store instanceof Cache)
  t.is(f.store.size, 0)
  f(5)
  t.true(f.store.has(f.keyOf(5)))

  let calls = 0
  const g = cached(async () => ++calls)
  g.set([], 10)
  t.is(await g(), 10, 'a value that was set comes as a promise')
  t.is(await g.refresh(), 1)
  t.deepEqual(await Promise.all([g.refresh(), g.refresh()]), [2, 2])
  t.is(await g(), 2)
  t.throws(() => g.set([], /** @type {any} */ (Promise.resolve(1))), { code: 'ERR_MOKAPOT_INVALID_VALUE' })
  t.throws(() => g.set(/** @type {any} */ (1), 1), { code: 'ERR_MOKAPOT_INVALID_OPTION' })
})

test('what a refresh that fails had is still there', async (t) => {
  let fails = false
  const f = cached(async () => {
    if (fails) throw new Error('down')
    return 1
  })
  await f()
  fails = true
  await t.throwsAsync(() => f.refresh(), { message: 'down' })
  t.is(await f(), 1)
})

test('parameters are the options in effect, frozen', (t) => {
  const f = cached(counted(), { ttl: '5m', defaults: [1] })
  t.deepEqual(f.parameters, { max: 1000, ttl: 300_000, defaults: [1] })
  t.true(Object.isFrozen(f.parameters))
  t.true(Object.isFrozen(f.parameters.defaults))
  t.deepEqual(cached(counted()).parameters, { max: 1000 })
})

test('max and maxSize hold', (t) => {
  const f = cached((/** @type {number} */ n) => n, { max: 10 })
  for (let i = 0; i < 100; i++) f(i)
  t.is(f.stats().size, 10)
  const g = cached((/** @type {number} */ n) => 'x'.repeat(n), {
    maxSize: 100,
    sizeCalculation: (text) => text.length,
  })
  for (let i = 1; i < 60; i++) g(i)
  t.true((g.stats().calculatedSize ?? 0) <= 100)
  t.is(cached(counted()).store.max, 1000)
})

test('functions in one Cache have entries of their own, unless they share a namespace', async (t) => {
  const store = new Cache({ max: 1000 })
  store.set('a key of the user', 1)
  const one = cached((/** @type {unknown} */ x) => [1, x], { store })
  const two = cached((/** @type {unknown} */ x) => [2, x], { store })
  const symbol = Symbol('x')
  for (const x of ['a', 1, 1n, true, undefined, symbol, { a: 1 }, t]) {
    t.deepEqual(one(x), [1, x])
    t.deepEqual(two(x), [2, x])
    t.is(one(x), one(x))
    t.true(two.has(x))
  }
  one.clear()
  t.false(one.has('a'))
  t.true(two.has('a'))
  t.true(store.has('a key of the user'))

  const three = cached((/** @type {number} */ x) => Promise.resolve({ x }), { store, namespace: 'shared' })
  const four = cached(
    /** @type {(x: number) => Promise<{ x: number }>} */ (
      () => {
        throw new Error('is never called')
      }
    ),
    { store, namespace: 'shared' },
  )
  const value = await three(1)
  t.true(four(1) instanceof Promise)
  t.is(await four(1), value)
  t.is(three.keyOf(1), four.keyOf(1))
  four.clear()
  t.false(three.has(1))
})

test('clear in a shared Cache gives up calls that are under way, of its own alone', async (t) => {
  const store = new Cache({ max: 100 })
  const one = cached(async (/** @type {number} */ x) => x, { store })
  const two = cached(async (/** @type {number} */ x) => x, { store })
  const waiting = [one(1), two(1)]
  one.clear()
  t.deepEqual(await Promise.all(waiting), [1, 1])
  t.false(one.has(1))
  t.true(two.has(1))
})

test('lifetimes hold in a Cache of the user', async (t) => {
  const clock = handClock()
  const store = new Cache({ max: 100, clock })
  const f = cached(counted(), { store, ttl: 100 })
  const g = cached(async (/** @type {number} */ x) => x, { store, ttl: 200, staleWhileRevalidate: 100 })
  f(1)
  await g(1)
  clock.pass(101)
  t.false(f.has(1))
  t.true(g.has(1))
  clock.pass(101)
  t.false(g.has(1))
  t.is(await g(1), 1)
  t.is(store.stats().hits, 1, 'served stale')
})

test('generators are refused', (t) => {
  const refused = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION', message: /generator/ }
  t.throws(() => cached(function* () {}), refused)
  t.throws(() => cached(async function* () {}), refused)
  const f = cached(() => (function* () {})())
  t.throws(() => f(), refused)
  t.throws(() => f(), refused)
})

test('options that cannot be are refused, each by its name', (t) => {
  const f = counted()
  const store = new Cache({ max: 10 })
  /** @type {[any, RegExp][]} */
  const bad = [
    [{ max: 0 }, /max/],
    [{ max: null }, /max/],
    [{ ttl: 0 }, /ttl/],
    [{ ttl: '5' }, /ttl/],
    [{ tti: -1 }, /tti/],
    [{ key: 1 }, /key/],
    [{ defaults: 10 }, /defaults/],
    [{ store: {} }, /store/],
    [{ store: 1 }, /store/],
    [{ namespace: '' }, /namespace/],
    [{ namespace: 'a' }, /namespace/],
    [{ clock: {} }, /clock/],
    [{ store, max: 10 }, /max/],
    [{ store, clock: handClock() }, /clock/],
    [{ store: new Map(), namespace: 'a', tti: 10 }, /tti/],
    [{ store: new Map() }, /namespace/],
    [{ tll: 10 }, /"ttl"/],
    [5, /options of cached/],
  ]
  for (const [options, message] of bad) {
    const error = t.throws(() => cached(f, options), { message }, JSON.stringify(Object.keys(options)))
    t.regex(/** @type {any} */ (error).code, /^ERR_MOKAPOT_(INVALID|UNKNOWN)_OPTION$/)
  }
  for (const given of [1, 'f', null, []]) {
    t.throws(() => cached(/** @type {any} */ (given)), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
    })
  }
})

test('methods are not enumerable, so that a function of options spreads as before', (t) => {
  t.deepEqual(Object.keys(cached(counted())), [])
})

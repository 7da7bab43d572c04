import test from 'ava'
import { Cache, cached, mokapotKey, SharedCache } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { isRevoked, outcomeOf, VALUES } from './fixtures/input/options.mjs'
import { errorOf, refuses, refusesIn, shown } from './fixtures/input/runner.mjs'
import { clock, worlds } from './fixtures/input/worlds.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const code = 'ERR_MOKAPOT_INVALID_OPTION'
const trouble = new Error('trouble')

/** @returns {never} */
function fails() {
  throw trouble
}

for (const { member, world, use } of waysOf('function')) {
  test.serial(`${member} (${world}) refuses what is no function before anything else`, async (t) => {
    const held = worlds[world]()
    for (const value of [undefined, ...VALUES.filter((value) => typeof value !== 'function')]) {
      await refusesIn(
        t,
        held,
        (subject) => use(subject, value),
        { class: TypeError, code, names: 'function' },
        shown(value),
      )
    }
    held.close()
  })
}

for (const { member, use } of waysOf('cached function')) {
  test.serial(`${member} refuses what is no function, or gives a generator`, async (t) => {
    // Options alone are those of a decorator, but beside options there must be a function.
    const generators = [function* () {}, async function* () {}]
    for (const value of [...VALUES.filter((value) => typeof value !== 'function'), ...generators]) {
      const refusal = isRevoked(value) ? { class: TypeError } : { class: TypeError, code }
      if (isOptions(value)) continue
      await refuses(t, 'nothing', (subject) => use(subject, value), refusal, shown(value))
    }
  })
}

/** A promise that cannot be waited for. */
const thenFails = Object.defineProperty({}, 'then', { get: fails })

/** @param {unknown} value */
function isOptions(value) {
  return typeof value === 'object' && value !== null && !isRevoked(value) && !Array.isArray(value)
}

// --- What callbacks throw --------------------------------------------------------------------------------------------

/** Each callback, and the calls of it that throw. */
/** @type {Record<string, { counts?: boolean, make: () => any, old?: unknown, calls: ((subject: any) => unknown)[] }>} */
const THROWING = {
  'sizeCalculation of a Cache': {
    make: () => new Cache({ max: 8, maxSize: 100, sizeCalculation: (v) => (v === 'old' ? 2 : fails()) }),
    counts: true,
    calls: [
      (c) => c.set('key', 'new'),
      (c) =>
        c.setMany([
          ['other', 'old'],
          ['key', 'new'],
        ]),
      (c) => c.memo('absent', () => 'new'),
      (c) => c.getOrSet('absent', () => 'new'),
      (c) => c.getOrSet('absent', async () => 'new'),
      (c) =>
        c.load([
          ['other', { value: 'old' }],
          ['key', { value: 'new' }],
        ]),
    ],
  },
  'compute and load of a Cache': {
    make: () => new Cache({ max: 8 }),
    counts: true,
    calls: [
      (c) => c.memo('absent', fails),
      (c) => c.getOrSet('absent', fails),
      (c) => c.getOrSet('absent', async () => fails()),
      (c) => c.getOrSet('key', fails, { forceRefresh: true }),
      (c) => c.getOrSet('absent', () => thenFails),
      (c) => c.getOrSet('absent', () => 'new', { ttl: fails }),
    ],
  },
  'compute and load of a SharedCache': {
    make: () => new SharedCache({ maxBytes: '1mb' }),
    counts: true,
    calls: [
      (c) => c.memo('absent', fails),
      (c) => c.memo('absent', () => thenFails),
      (c) => c.getOrSet('absent', fails),
      (c) => c.getOrSet('absent', async () => fails()),
      (c) => c.getOrSet('key', fails, { forceRefresh: true }),
      (c) => c.getOrSet('absent', () => 'new', { ttl: fails }),
    ],
  },
  act: {
    make: () => new Cache({ max: 8 }),
    calls: [(c) => c.forEach(fails), (c) => [...c].forEach(fails)],
  },
  'act of a SharedCache': {
    make: () => new SharedCache({ maxBytes: '1mb' }),
    calls: [(c) => c.forEach(fails)],
  },
}

for (const [name, { make, counts, calls }] of Object.entries(THROWING)) {
  test.serial(`what a callback throws reaches the caller, and nothing is stored: ${name}`, async (t) => {
    const cache = make()
    cache.set('key', 'old')
    const picture = () => ({ size: cache.size, old: cache.peek('key'), stats: cache.stats() })
    for (const call of calls) {
      await refusesIn(t, { subject: cache, picture }, call, { is: trouble, counts }, `${name}: ${call}`)
    }
    cache.close()
  })
}

test.serial(
  'what a function, its key, ttl or mokapotKey throws reaches the caller, and nothing is stored',
  async (t) => {
    const ours = { [mokapotKey]: fails }
    for (const store of [undefined, new Map(), new Cache({ max: 8 })]) {
      const where = store === undefined ? {} : { store, namespace: 'input' }
      const made = {
        function: cached(fails, where),
        'async function': cached(async () => fails(), where),
        key: cached(() => 1, { ...where, key: fails }),
        ttl: cached(() => 1, { ...where, ttl: fails }),
        'ttl of an async function': cached(async () => 1, { ...where, ttl: fails }),
        'an argument': cached((/** @type {unknown} */ _) => 1, where),
      }
      for (const [name, fn] of Object.entries(made)) {
        const any = /** @type {any} */ (fn)
        const argument = name === 'an argument' ? ours : 'key'
        const calls = [() => any(argument), () => any.refresh(argument)]
        if (name === 'key' || name === 'an argument') {
          calls.push(...['has', 'peek', 'delete', 'keyOf'].map((method) => () => any[method](argument)))
          calls.push(() => any.set([argument], 1))
        }
        for (const call of calls) t.is((await errorOf(call))?.error, trouble, `${name}: ${call}`)
        t.is(any.store.size, 0, name)
      }
    }
    const promised = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY', names: 'promise' }
    const fn = cached((/** @type {unknown} */ a) => a, { key: async () => 'key' })
    const world = { subject: fn, picture: () => ({ size: fn.store.size }) }
    for (const call of [() => fn(1), () => fn.has(1), () => fn.set([1], 1), () => fn.keyOf(1)]) {
      await refusesIn(t, world, call, promised, 'a promise as a key')
    }
    for (const store of [undefined, new Map(), new Cache({ max: 8 })]) {
      const where = store === undefined ? {} : { store, namespace: 'input' }
      const fn = cached((/** @type {unknown} */ _) => 1, where)
      const world = { subject: fn, picture: () => ({ size: fn.store.size }) }
      const late = { [mokapotKey]: async () => 'key' }
      for (const argument of [late, [late], { deep: [late] }]) {
        for (const call of [() => fn(argument), () => fn.has(argument), () => fn.keyOf(argument)]) {
          await refusesIn(t, world, call, promised, 'a promise from mokapotKey')
        }
      }
    }
  },
)

test.serial('what a foreign store throws or answers amiss is an error or a miss', async (t) => {
  /** @type {Record<string, unknown>} */
  const entry = { v: 'kept', at: 0, ttl: null, stale: null }
  /** @type {unknown[]} */
  const amiss = [
    undefined,
    null,
    1,
    'text',
    [],
    {},
    { v: 1 },
    { ...entry, at: '0' },
    { ...entry, at: Number.NaN },
  ]
  amiss.push(
    { ...entry, ttl: '5' },
    { ...entry, ttl: Number.NaN },
    { ...entry, ttl: -1 },
    { ...entry, stale: {} },
  )
  amiss.push({ ...entry, at: null }, { ...entry, ttl: undefined }, Symbol('s'), () => 1)
  for (const answer of amiss) {
    const store = { get: () => answer, set() {}, delete() {} }
    t.is(cached(() => 'made', { store, namespace: 'input', clock })(), 'made', shown(answer))
  }
  // Values that were returned at once lie under keys of their own.
  const get = (/** @type {string} */ key) => (key.startsWith('input~') ? entry : undefined)
  t.is(cached(() => 'made', { store: { get, set() {}, delete() {} }, namespace: 'input', clock })(), 'kept')
  for (const method of ['get', 'set', 'delete']) {
    const store = { get: () => undefined, set() {}, delete() {}, [method]: fails }
    const fn = cached(() => 1, { store, namespace: 'input' })
    const asynchronous = cached(async () => 1, { store, namespace: 'input' })
    const calls =
      method === 'delete' ? [() => fn.delete()] : [() => fn(), () => fn.refresh(), () => asynchronous()]
    if (method === 'get') calls.splice(1, 1) // a refresh does not look
    for (const call of calls) t.is((await errorOf(call))?.error, trouble, `${method}: ${call}`)
  }
  for (const part of ['get', 'set', 'delete']) {
    const store = { get() {}, set() {}, delete() {}, [part]: 1 }
    const make = () => cached(() => 1, { store: /** @type {any} */ (store), namespace: 'input' })
    t.throws(make, { instanceOf: TypeError, code, message: /store/ })
  }
})

// --- What callbacks return -------------------------------------------------------------------------------------------

/** @type {[name: string, calls: Record<string, (result: unknown) => [subject: any, call: () => unknown]>, option: string][]} */
const RESULTS = [
  [
    'sizeCalculation',
    {
      set: (size) => sized(size, (c) => c.set('key', 'new')),
      setMany: (size) => sized(size, (c) => c.setMany([['key', 'new']])),
      memo: (size) => sized(size, (c) => c.memo('absent', () => 'new')),
      getOrSet: (size) => sized(size, (c) => c.getOrSet('absent', () => 'new')),
      load: (size) => sized(size, (c) => c.load([['key', { value: 'new' }]])),
    },
    'size',
  ],
  [
    'ttl',
    {
      'Cache getOrSet': (ttl) => loading(new Cache({ max: 8 }), ttl),
      'SharedCache getOrSet': (ttl) => loading(new SharedCache({ maxBytes: '1mb' }), ttl),
    },
    'ttl',
  ],
]

/** @param {any} result @param {(cache: Cache<any, any>) => unknown} call @returns {[any, () => unknown]} */
function sized(result, call) {
  const cache = new Cache({
    maxSize: 2 ** 53 - 1,
    sizeCalculation: (value) => (value === 'old' ? 2 : result),
  })
  cache.set('key', 'old')
  return [cache, () => call(cache)]
}

/** @param {any} cache @param {any} ttl @returns {[any, () => unknown]} */
function loading(cache, ttl) {
  cache.set('key', 'old')
  return [cache, () => cache.getOrSet('absent', () => 'new', { ttl: () => ttl })]
}

for (const [name, calls, option] of RESULTS) {
  for (const [call, make] of Object.entries(calls)) {
    test.serial(`what ${name} returns to ${call} is checked as the option would be`, async (t) => {
      for (const value of [undefined, ...VALUES]) {
        const [cache, run] = make(value)
        const picture = () => ({ size: cache.size, old: cache.peek('key'), stats: cache.stats() })
        // Nothing is stored for 0, and for undefined the cache decides.
        const isSilent = option === 'ttl' && (value === undefined || value === 0)
        const outcome = value === undefined ? TypeError : outcomeOf('', option, value)
        if (isSilent || outcome === 'good') t.is(await errorOf(run), undefined, shown(value))
        else {
          const refusal = { class: outcome, code, names: `what ${name} returns`, counts: true }
          await refusesIn(t, { subject: cache, picture }, run, refusal, shown(value))
        }
        cache.close()
      }
    })
  }
}

test.serial('what a ttl function of cached returns is checked as the option would be', async (t) => {
  for (const store of [undefined, new Map()]) {
    const where = store === undefined ? {} : { store, namespace: 'input' }
    for (const value of VALUES) {
      const ttl = /** @type {any} */ (() => value)
      const outcome = value === 0 ? 'good' : outcomeOf('', 'ttl', value)
      for (const fn of [cached(() => 1, { ...where, ttl }), cached(async () => 1, { ...where, ttl })]) {
        fn.clear()
        const error = (await errorOf(fn))?.error
        t.is(error?.constructor, outcome === 'good' ? undefined : outcome, shown(value))
        if (outcome === 'good') continue
        t.is(error.code, code)
        t.is(await fn.peek(), undefined)
      }
    }
  }
})

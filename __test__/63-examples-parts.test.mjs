/** The loader and the session store in examples/, beyond what their programs show. */
import { promisify } from 'node:util'
import test from 'ava'
import { Cache } from 'mokapot'
import { Loader } from '../examples/graphql-loader/loader.mjs'
import { SessionStore } from '../examples/session-store/session-store.mjs'

const MINUTE = 60_000

test('the loader fetches what is asked for in one turn in batches of the size that the database takes', async (t) => {
  const { loader, batches } = upperCase({ maxBatch: 2 })
  t.deepEqual(await Promise.all(['a', 'b', 'a', 'c'].map((key) => loader.load(key))), ['A', 'B', 'A', 'C'])
  t.deepEqual(batches, [['a', 'b'], ['c']])
  t.deepEqual(await loader.loadMany(['c', 'd', 'a']), ['C', 'D', 'A'])
  t.deepEqual(batches.slice(2), [['d']])
})

test('the loader puts what promises that are settled already ask for into the same batch', async (t) => {
  const { loader, batches } = upperCase()
  await loader.load('a')
  const afterHit = loader.load('a').then(() => loader.load('c'))
  await Promise.all([loader.load('b'), afterHit])
  t.deepEqual(batches, [['a'], ['b', 'c']])
})

test('the loader keeps no error, neither of a key nor of a batch', async (t) => {
  let isDown = false
  const { loader, batches } = upperCase({}, (key) => {
    if (isDown) throw new Error('down')
    return key === 'bad' ? new Error('bad') : key.toUpperCase()
  })
  await t.throwsAsync(loader.load('bad'), { message: 'bad' })
  const [a, bad] = await loader.loadMany(['a', 'bad'])
  t.is(a, 'A')
  t.is(bad instanceof Error && bad.message, 'bad')
  isDown = true
  await t.throwsAsync(loader.load('b'), { message: 'down' })
  isDown = false
  t.is(await loader.load('b'), 'B')
  t.is(batches.length, 4)
})

test('the loader does not store what was fetched before a key was cleared', async (t) => {
  const state = { name: 'old' }
  const { promise: gate, resolve: open } = deferred()
  /** @type {Cache<string, string | null>} */
  const cache = new Cache({ max: 10 })
  const loader = new Loader(
    async (keys) => {
      const { name } = state
      await gate
      return keys.map(() => name)
    },
    { cache },
  )
  const before = loader.load('a')
  await new Promise((done) => setImmediate(done))
  state.name = 'new'
  loader.clear('a')
  const after = loader.load('a')
  open()
  t.is(await before, 'old')
  t.is(await after, 'new')
  t.is(cache.get('a'), 'new')
})

test('the loader refuses a fetch that does not answer each key', async (t) => {
  const loader = new Loader(async () => ['one'], { cache: new Cache({ max: 10 }) })
  const results = await Promise.allSettled([loader.load(1), loader.load(2)])
  t.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
})

test('a session lives as long as its cookie says, also if only the cookie changes', async (t) => {
  const { store, pass } = sessions()
  await store.set('a', { user: 'ada', cookie: { originalMaxAge: 5 * MINUTE } })
  pass(4)
  await store.touch('a', { user: 'somebody else', cookie: { originalMaxAge: 60 * MINUTE } })
  pass(59)
  t.is((await store.get('a'))?.user, 'ada')
  await store.touch('a', { cookie: { originalMaxAge: 0 } })
  t.is(await store.get('a'), null)
})

test('a session that changes with each request ends in the end', async (t) => {
  const { store, pass } = sessions({ longest: '2h' })
  await store.set('a', { visits: 0 })
  for (let visits = 1; visits < 12; visits++) {
    pass(10)
    await store.set('a', { visits })
  }
  pass(9)
  t.is((await store.get('a'))?.visits, 11)
  pass(1)
  t.is(await store.get('a'), null)
})

test('a session that left for lack of space is told', async (t) => {
  const { store } = sessions({ maxCharacters: 100 })
  /** @type {string[]} */
  const evicted = []
  store.raw.on('evict', (id) => evicted.push(id))
  for (let id = 0; id < 10; id++) await store.set(`id ${id}`, { text: 'x'.repeat(20) })
  t.true(evicted.length > 0)
  t.is(await store.length(), 10 - evicted.length)
  await store.destroy('id 9')
  t.false(evicted.includes('id 9'))
})

test('all sessions are listed and cleared, and what goes wrong reaches the callback', async (t) => {
  const { store, pass } = sessions()
  await store.set('a', { user: 'ada' })
  await store.set('b', { user: 'bob', cookie: { originalMaxAge: 5 * MINUTE } })
  t.deepEqual(Object.keys((await store.all()) ?? {}), ['a', 'b'])
  pass(5)
  t.deepEqual(await store.all(), { a: { user: 'ada' } })
  t.is(await store.length(), 1)
  await store.clear()
  t.is(await store.length(), 0)
  await t.throwsAsync(store.set('c', { count: 1n }), { instanceOf: TypeError })
  store.raw.close()
  await t.throwsAsync(store.get('a'), { code: 'ERR_MOKAPOT_CLOSED' })
})

/**
 * A loader of upper case letters, and the batches that it fetched.
 *
 * @param {{ maxBatch?: number }} [options]
 * @param {(key: string) => string | Error} [value]
 */
function upperCase(options = {}, value = (key) => key.toUpperCase()) {
  /** @type {(readonly string[])[]} */
  const batches = []
  /** @type {Loader<string, string>} */
  const loader = new Loader(
    async (keys) => {
      batches.push(keys)
      return keys.map(value)
    },
    { ...options, cache: new Cache({ max: 100 }) },
  )
  return { loader, batches }
}

/**
 * A store with promises, and what has so many minutes pass.
 *
 * @param {import('../examples/session-store/session-store.mjs').Options} [options]
 */
function sessions(options) {
  let now = 0
  const raw = new SessionStore({ ...options, clock: { now: () => now } })
  const store = {
    raw,
    get: promisify(raw.get.bind(raw)),
    set: promisify(raw.set.bind(raw)),
    touch: promisify(raw.touch.bind(raw)),
    destroy: promisify(raw.destroy.bind(raw)),
    clear: promisify(raw.clear.bind(raw)),
    length: promisify(raw.length.bind(raw)),
    all: promisify(raw.all.bind(raw)),
  }
  /** @param {number} minutes */
  const pass = (minutes) => {
    now += minutes * MINUTE
  }
  return { store, pass }
}

function deferred() {
  /** @type {() => void} */
  let resolve = () => {}
  const promise = new Promise((/** @type {(value?: unknown) => void} */ done) => {
    resolve = done
  })
  return { promise, resolve }
}

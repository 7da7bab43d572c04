import { EventEmitter } from 'node:events'
import test from 'ava'
import { Cache, cached, SharedCache } from '../dist/index.mjs'
import { advance } from '../dist/testing.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { VALUES } from './fixtures/input/options.mjs'
import { errorOf, refusesIn, shown, takes } from './fixtures/input/runner.mjs'
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

// --- Clocks ----------------------------------------------------------------------------------------------------------

/** What of a `Cache` asks for the time, where there is an entry with a deadline. */
/** @type {Record<string, (cache: any) => unknown>} */
const TIMED = {
  get: (c) => c.get('key'),
  peek: (c) => c.peek('key'),
  has: (c) => c.has('key'),
  info: (c) => c.info('key'),
  getRemainingTTL: (c) => c.getRemainingTTL('key'),
  set: (c) => c.set('key', 'new'),
  'set of a new key': (c) => c.set('absent', 'new', { ttl: 5 }),
  delete: (c) => c.delete('key'),
  getMany: (c) => c.getMany(['key']),
  setMany: (c) =>
    c.setMany([
      ['key', 'new'],
      ['absent', 'new'],
    ]),
  deleteMany: (c) => c.deleteMany(['key']),
  memo: (c) => c.memo('key', () => 'new'),
  getOrSet: (c) => c.getOrSet('key', () => 'new'),
  entries: (c) => [...c.entries()],
  keys: (c) => [...c.keys()],
  values: (c) => [...c.values()],
  forEach: (c) => c.forEach(() => {}),
  purgeExpired: (c) => c.purgeExpired(),
  dump: (c) => c.dump(),
  load: (c) => c.load([['key', { value: 'new' }]]),
}

/** What a clock may return that is no time, and the class of the error. */
const NO_TIMES = VALUES.filter((value) => !Number.isFinite(value))

for (const [name, call] of Object.entries(TIMED)) {
  test.serial(`${name} refuses a clock that throws or tells no time, and changes nothing`, async (t) => {
    const time = { now: () => /** @type {any} */ (1000) }
    const cache = new Cache({ max: 8, ttl: '1h', clock: time })
    cache.set('key', 'old')
    cache.set('other', 'too')
    const picture = () => {
      time.now = () => 1000
      return { size: cache.size, stats: cache.stats(), entries: cache.dump() }
    }
    const world = { subject: cache, picture }
    /** @param {() => unknown} now */
    const with_ = (now) => (/** @type {any} */ cache) => {
      time.now = now
      return call(cache)
    }
    await refusesIn(t, world, with_(fails), { is: trouble }, 'a clock that throws')
    for (const value of [undefined, ...NO_TIMES]) {
      const refusal = { class: typeof value === 'number' ? RangeError : TypeError, code, names: 'clock' }
      await refusesIn(
        t,
        world,
        with_(() => value),
        refusal,
        shown(value),
      )
    }
    cache.close()
  })
}

test.serial('a Cache with any finite time works', (t) => {
  // Beyond 2^53 a number has no room for milliseconds.
  for (const start of VALUES.filter((value) => typeof value === 'number' && Math.abs(value) <= 2 ** 53)) {
    const cache = new Cache({
      max: 8,
      ttl: '1h',
      tti: '1h',
      clock: { now: () => /** @type {number} */ (start) },
    })
    t.is(cache.set('key', 1).get('key'), 1, shown(start))
    cache.close()
  }
})

test.serial('a clock that fails while a load does leaves nobody waiting', async (t) => {
  const time = { now: () => /** @type {any} */ (1000) }
  const options = { max: 8, ttl: 10, staleIfError: 100, errorTtl: 100, clock: time }
  for (const result of [async () => fails(), async () => 'new']) {
    const cache = new Cache(options)
    time.now = () => 1000
    cache.set('key', 'old')
    /** @type {() => void} */
    let go = () => {}
    const gate = new Promise((resolve) => {
      go = () => resolve(undefined)
    })
    time.now = () => 1011
    const waiting = [1, 2].map(() =>
      cache.getOrSet('key', () => gate.then(result), { staleWhileRevalidate: 1 }),
    )
    time.now = () => Number.NaN
    go()
    for (const promise of waiting) await t.throwsAsync(promise, { instanceOf: RangeError, code })
    time.now = () => 1200
    t.is(await cache.getOrSet('key', () => 'later'), 'later')
    cache.close()
  }
})

test.serial('a function over a foreign store refuses a clock that throws or tells no time', async (t) => {
  for (const now of [fails, ...[undefined, ...NO_TIMES].map((value) => () => value)]) {
    const time = { now: () => /** @type {any} */ (1000) }
    const store = new Map()
    const fn = cached((/** @type {string} */ of) => of, { store, namespace: 'input', ttl: '1h', clock: time })
    t.is(fn('key'), 'key')
    time.now = /** @type {any} */ (now)
    const before = [...store]
    for (const call of [
      () => fn('key'),
      () => fn('absent'),
      () => fn.has('key'),
      () => fn.set(['key'], 'new'),
    ]) {
      const error = (await errorOf(call))?.error
      if (now === fails) t.is(error, trouble)
      else t.is(error?.code, code, `${call} ${shown(now())}`)
    }
    t.deepEqual([...store], before)
  }
})

test.serial('a sweep waits for a clock that throws or tells no time, and goes on afterwards', async (t) => {
  for (const amiss of [fails, () => Number.NaN]) {
    const awake = setInterval(() => {}, 1000) // the timers of caches keep no process alive
    const time = { now: () => 1000 }
    let tell = (/** @type {string} */ _) => {}
    const told = new Promise((resolve) => {
      tell = resolve
    })
    const cache = new Cache({ max: 8, ttl: 10, clock: time, dispose: (_, __, reason) => tell(reason) })
    cache.set('key', 'old')
    // From here on the sweep alone asks: amiss at first, then how late it is.
    time.now = () => {
      time.now = () => 3000
      return amiss()
    }
    t.is(await told, 'expire')
    clearInterval(awake)
    cache.close() // which also holds it until here, for nobody sweeps what is unreachable
  }
})

// --- Signals ---------------------------------------------------------------------------------------------------------

const ignore = () => {}
/** What is no AbortSignal, however like one. */
const NO_SIGNALS = [
  ...[
    null,
    'abort',
    5,
    true,
    {},
    [],
    ignore,
    Symbol('s'),
    new EventEmitter(),
    new EventTarget(),
    new AbortController(),
  ],
  ...[
    { aborted: false },
    { aborted: true },
    { aborted: 0, addEventListener: ignore, removeEventListener: ignore },
  ],
  ...[
    { aborted: false, addEventListener: ignore },
    Object.create(AbortSignal.prototype),
    AbortSignal.prototype,
  ],
  {
    get aborted() {
      return fails()
    },
  },
]

const both = waysOf('options', 'options of a miss').filter(({ member }) => member.endsWith('getOrSet'))

for (const { member, world, kind, use } of both) {
  test.serial(
    `${member} (${world}, ${kind}) refuses what is no signal, and heeds one that is aborted already`,
    async (t) => {
      const held = worlds[world]()
      for (const signal of NO_SIGNALS) {
        const refusal = { class: TypeError, code, names: 'signal' }
        await refusesIn(t, held, (subject) => use(subject, { signal }), refusal, shown(signal))
      }
      for (const reason of [trouble, null, 'text', Symbol('s')]) {
        const signal = AbortSignal.abort(reason)
        await refusesIn(t, held, (subject) => use(subject, { signal }), { is: reason }, 'an aborted signal')
        const like = { aborted: true, reason, addEventListener: fails, removeEventListener: fails }
        await refusesIn(
          t,
          held,
          (subject) => use(subject, { signal: like }),
          { is: reason },
          'one that is like it',
        )
      }
      const signal = { aborted: false, addEventListener: ignore, removeEventListener: ignore }
      t.is(await use(held.subject, { signal }), kind === 'options' ? 'old' : 'new')
      held.close()
    },
  )
}

for (const make of [() => new Cache({ max: 8 }), () => new SharedCache({ maxBytes: '1mb' })]) {
  const name = make().constructor.name
  test.serial(`a signal whose methods throw leaves nobody waiting: ${name}`, async (t) => {
    const cache = /** @type {any} */ (make())
    for (const method of ['addEventListener', 'removeEventListener']) {
      const signal = {
        aborted: false,
        addEventListener: ignore,
        removeEventListener: ignore,
        [method]: fails,
      }
      for (const key of ['first', 'joined']) {
        /** @type {(value: string) => void} */
        let land = ignore
        const load = () =>
          new Promise((resolve) => {
            land = resolve
          })
        const other = key === 'joined' ? cache.getOrSet(key, load) : undefined
        const caught = errorOf(() => cache.getOrSet(key, load, { signal }))
        const later = cache.getOrSet(key, load)
        land('value')
        t.is((await caught)?.error, method === 'addEventListener' ? trouble : undefined, `${method} ${key}`)
        t.deepEqual([await other, await later], [key === 'joined' ? 'value' : undefined, 'value'])
        t.is(cache.get(key), 'value')
        cache.delete(key)
      }
    }
    cache.close()
  })
}

// --- advance ---------------------------------------------------------------------------------------------------------

for (const { member, world, use } of waysOf('milliseconds')) {
  test.serial(`${member} refuses what is no span of time, and moves no clock`, async (t) => {
    const held = worlds[world]()
    for (const value of [undefined, ...VALUES]) {
      if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) continue
      const refusal = {
        class: typeof value === 'number' ? RangeError : TypeError,
        code,
        names: 'milliseconds',
      }
      await refusesIn(t, held, (subject) => use(subject, value), refusal, shown(value))
    }
    t.true(held.subject.getRemainingTTL('key') > 0)
    for (const value of [0, -0, Number.MIN_VALUE, 0.5, 1])
      await takes(t, world, () => use(undefined, value), shown(value))
    t.true(held.subject.has('key'))
    held.close()
  })
}

// Last, since it leaves the clock where nothing later can move it.
test.serial('the clock of shared caches never goes back, however far it is moved', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', near: 4 })
  let last = 0
  cache.set('ages', 1)
  for (const span of [2 ** 31, 2 ** 53, 2 ** 53 + 2, Number.MAX_VALUE, Number.MAX_VALUE, 1]) {
    cache.set('ends', 1, { ttl: '1h' })
    const before = cache.info('ages')?.age ?? Number.NaN
    t.true(before >= last)
    advance(span)
    last = cache.info('ages')?.age ?? Number.NaN
    t.true(last >= before, `after ${span}`)
    t.is(cache.get('ages'), 1)
    if (span === 2 ** 31 || span === 2 ** 53) t.false(cache.has('ends'), `after ${span}`)
  }
  t.true(cache.set('ends', 1, { ttl: '1h' }).has('ends'))
  cache.close()
})

test.serial('what the tables call clocks were given back as they were', (t) => {
  t.is(clock.now(), 1000)
})

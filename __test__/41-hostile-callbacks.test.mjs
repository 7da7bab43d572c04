import test from 'ava'
import { Cache, SharedCache } from '../dist/index.mjs'
import { ManualClock } from './fixtures/cache-for.mjs'

const TROUBLE = new Error('no time')

/** A clock that fails as often as it is told to. */
class FailingClock extends ManualClock {
  failures = 0

  /** @override */
  now() {
    if (this.failures > 0) {
      this.failures--
      throw TROUBLE
    }
    return super.now()
  }
}

for (const failures of [1, 2, 3]) {
  test(`all who wait hear of a load that fails, though the clock fails ${failures} times then`, async (t) => {
    const clock = new FailingClock()
    const cache = new Cache({ max: 10, ttl: 1000, errorTtl: 1000, staleIfError: 1000, clock })
    const down = new Error('down')
    const load = async () => {
      await undefined
      clock.failures = failures
      throw down
    }
    const callers = await Promise.allSettled([cache.getOrSet('key', load), cache.getOrSet('key', load)])
    clock.failures = 0
    for (const caller of callers) {
      t.is(caller.status, 'rejected')
      t.true([down, TROUBLE].includes(/** @type {PromiseRejectedResult} */ (caller).reason))
    }
    t.is(await cache.getOrSet('other', () => 'loaded'), 'loaded')
    cache.close()
  })
}

/** @type {Record<string, (cache: Cache<any, any>) => unknown>} */
const USES = {
  set: (cache) => cache.set('key', 'of the clock'),
  delete: (cache) => cache.delete('key'),
  'delete of what does not end': (cache) => cache.delete('endless'),
  clear: (cache) => cache.clear(),
  resize: (cache) => cache.resize({ max: 1 }),
  load: (cache) => cache.load([]),
  setMany: (cache) => cache.setMany([['key', 1]]),
  purgeExpired: (cache) => cache.purgeExpired(),
  close: (cache) => cache.close(),
}

for (const [name, use] of Object.entries(USES)) {
  test(`a clock that uses the cache it is asked by is refused, and nothing changes: ${name}`, (t) => {
    const clock = new ManualClock()
    let isArmed = false
    const cache = new Cache({
      max: 10,
      ttl: 1000,
      clock: {
        now() {
          if (isArmed) use(cache)
          return clock.now()
        },
      },
    })
    cache.set('key', 'value')
    cache.set('endless', 'value', { ttl: Number.POSITIVE_INFINITY })
    isArmed = true
    const refusal = { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION', message: /clock/ }
    for (const operation of [
      () => cache.get('key'),
      () => cache.set('key', 'another'),
      () => cache.delete('key'),
      () => cache.has('key'),
      () => [...cache],
    ]) {
      t.throws(operation, refusal)
    }
    isArmed = false
    t.deepEqual(
      [...cache],
      [
        ['key', 'value'],
        ['endless', 'value'],
      ],
    )
    t.is(cache.max, 10)
    cache.close()
  })
}

test('a clock that fails in a sweep is asked again, and what has ended leaves', async (t) => {
  const clock = new FailingClock()
  const left = await new Promise((resolve) => {
    const cache = new Cache({
      max: 10,
      ttl: 1,
      clock,
      dispose: (value, key, reason) => resolve([value, key, reason]),
    })
    cache.set('key', 'value')
    clock.advance(10)
    clock.failures = 1
    // The timer of a sweep keeps nothing alive, the cache neither.
    const alive = setInterval(() => cache.max, 50)
    t.teardown(() => {
      clearInterval(alive)
      cache.close()
    })
  })
  t.deepEqual(left, ['value', 'key', 'expire'])
})

test('all who wait get what a load throws, whatever becomes of it when it is looked at', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  let looks = 0
  const thrown = {
    get code() {
      looks++
      if (looks > 1) throw new Error('not again')
      return 1
    },
  }
  const load = () => Promise.reject(thrown)
  const callers = await Promise.allSettled([cache.getOrSet('key', load), cache.getOrSet('key', load)])
  t.deepEqual(
    callers.map((caller) => caller.status === 'rejected' && caller.reason === thrown),
    [true, true],
  )
  t.true(looks > 1)
  t.is(await cache.getOrSet('key', () => 'loaded'), 'loaded')
  cache.close()
})

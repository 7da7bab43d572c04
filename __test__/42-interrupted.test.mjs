import { createContext, runInContext } from 'node:vm'
import test from 'ava'
import { Cache, SharedCache } from '../dist/index.mjs'
import { randomFrom } from './fixtures/random.mjs'

// A script with a timeout, as sandboxes and template engines run it, is cut off at any moment: no `catch` and no `finally`
// sees it, also of the functions that it was given.

const context = createContext({ act: () => {} })

/**
 * Calls `act` until it is cut off.
 *
 * @param {() => unknown} act
 * @param {number} milliseconds
 */
function cutOff(act, milliseconds) {
  context.act = act
  try {
    runInContext('for (;;) act()', context, { timeout: milliseconds })
  } catch (error) {
    if (/** @type {any} */ (error).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
  }
}

/**
 * A cache of which something was cut off amid a callback that `use` gave it. On a busy machine the time may be over before
 * it is called.
 *
 * @template {{ close(): void }} C
 * @param {() => C} make
 * @param {(cache: C, forEver: () => any) => unknown} use
 * @returns {C}
 */
function cutOffAmid(make, use) {
  for (;;) {
    const cache = make()
    let isCalled = false
    const forEver = () => {
      isCalled = true
      for (;;);
    }
    cutOff(() => use(cache, forEver), 20)
    if (isCalled) return cache
    cache.close()
  }
}

/** @type {Record<string, () => Cache<string, any> | SharedCache<any>>} */
const CACHES = {
  'a Cache': () => new Cache({ max: 100 }),
  'a Cache with times': () => new Cache({ max: 100, ttl: '1h', tti: '30m' }),
  'an lru Cache': () => new Cache({ max: 100, policy: 'lru' }),
  'a Cache with sizes': () => new Cache({ max: 100, maxSize: 900, sizeCalculation: () => 10 }),
  'a Cache with dispose': () => new Cache({ max: 100, dispose: () => {} }),
  'a SharedCache': () => new SharedCache({ max: 100, maxBytes: '1mb' }),
  'a SharedCache with near': () => new SharedCache({ max: 100, maxBytes: '1mb', near: 50 }),
}

for (const [name, make] of Object.entries(CACHES)) {
  test(`${name} goes on as it should after operations that were cut off`, (t) => {
    const seed = Date.now() % 2 ** 31
    t.log(`seed ${seed}`)
    const random = randomFrom(seed)
    const cache = make()
    const use = () => {
      const key = `key ${Math.floor(random() * 300)}`
      const act = random()
      if (act < 0.5) cache.set(key, { key })
      else if (act < 0.6) cache.delete(key)
      else if (act < 0.62) cache.setMany([[key, { key }]])
      else if (act < 0.64) cache.set(key, { key }, { ttl: 2 })
      else if ((cache.get(key) ?? { key }).key !== key) throw new Error(`${key} has another's value`)
    }
    for (let times = 0; times < 100; times++) cutOff(use, 1)
    for (let i = 0; i < 1000; i++) {
      const key = `later ${i}`
      t.is(cache.set(key, { key }).get(key).key, key)
      t.true(cache.size <= 100)
      if (cache instanceof Cache) t.true(cache.calculatedSize <= cache.maxSize)
    }
    for (const [key, value] of cache) t.is(value.key, key)
    cache.clear()
    for (let i = 0; i < 90; i++) cache.set(`last ${i}`, { key: i })
    t.is(cache.size, 90)
    cache.close()
  })
}

for (const [name, make] of Object.entries(CACHES)) {
  test(`a load that is cut off as it begins leaves nobody waiting, in ${name}`, async (t) => {
    const cache = cutOffAmid(make, (cache, forEver) => cache.getOrSet('key', forEver))
    // It cannot be told yet that nobody loads.
    const early = cache.getOrSet('key', () => 'of a load that does not begin')
    await t.throwsAsync(early, { code: 'ERR_MOKAPOT_TIMEOUT', message: /cut off/ })
    t.is(await cache.getOrSet('key', () => 'loaded'), 'loaded')
    t.is(cache.stats().loadErrors, 1)
    cache.close()
  })
}

test('a clock that is cut off can be asked again', async (t) => {
  let now = () => 0
  const cache = cutOffAmid(
    () => {
      now = () => 0
      return new Cache({ max: 10, ttl: 1000, clock: { now: () => now() } }).set('key', 'value')
    },
    (cache, forEver) => {
      now = forEver
      cache.get('key')
    },
  )
  now = () => 0
  // It cannot be told yet that this is not the clock's own doing.
  t.throws(() => cache.get('key'), { code: 'ERR_MOKAPOT_INVALID_OPTION', message: /clock/ })
  await undefined
  t.is(cache.get('key'), 'value')
  cache.close()
})

import test from 'ava'
import { Cache, cached, SharedCache } from '../dist/index.mjs'
import { VALUES } from './fixtures/input/options.mjs'
import { shown } from './fixtures/input/runner.mjs'

/** All names that options have anywhere, and what else the package asks plain objects for. */
const NAMES = [
  ...['max', 'maxSize', 'maxBytes', 'sizeCalculation', 'ttl', 'tti', 'updateAgeOnGet', 'policy', 'name'],
  ...['staleWhileRevalidate', 'staleIfError', 'errorTtl', 'clock', 'dispose', 'codec', 'near', 'freeze'],
  ...['signal', 'timeout', 'forceRefresh', 'size', 'key', 'defaults', 'store', 'namespace'],
  ...['value', 'age', 'v', 'at', 'stale', 'code', 'cause', 'length', '0', 'enumerable', 'writable'],
  ...['get', 'set', 'toJSON', 'encode', 'decode', 'mokapot', 'done', 'aborted', 'kind'],
]

/**
 * What `use` gives while Object.prototype has such a property, as after a careless merge of what a stranger sent.
 *
 * @template T
 * @param {string} name
 * @param {unknown} value
 * @param {() => T} use
 */
function polluted(name, value, use) {
  Object.defineProperty(Object.prototype, name, {
    value,
    configurable: true,
    writable: true,
    enumerable: true,
  })
  try {
    return use()
  } finally {
    delete (/** @type {any} */ (Object.prototype)[name])
  }
}

/** What calls with good options give, each in its own cache. @returns {unknown[]} */
function calls() {
  const cache = new Cache({ max: 3 })
  cache.set('a', 1, {}).setMany([['b', 2]])
  cache.memo('c', () => 3)
  cache.resize({ max: 4 })
  const loaded = new Cache({ max: 3 })
  loaded.load([['a', { value: 1 }]])
  const sized = new Cache({ max: 3, maxSize: 9, sizeCalculation: () => 2, policy: 'lru', ttl: '1h' })
  sized.set('a', 1)
  const plain = [cache.max, cache.maxSize, cache.get('a'), cache.get('b'), cache.get('c')]
  const times = [cache.getRemainingTTL('a'), cache.getRemainingTTL('b'), loaded.getRemainingTTL('a')]

  const shared = new SharedCache({ maxBytes: '1mb', near: { max: 3 } })
  const attached = SharedCache.attach(shared.handle, {})
  const object = { list: [1], map: new Map([[1, {}]]) }
  shared.set('a', object, {}).setMany([['b', { text: 'b' }]])
  shared.resize({ maxBytes: '2mb' })
  const copies = [shared.get('a'), shared.get('a'), attached.get('b'), shared.max, shared.maxBytes]
  const lives = [shared.getRemainingTTL('a'), Object.isFrozen(shared.get('b')), [...shared.keys()].sort()]
  attached.close()
  shared.close()

  const fn = cached((/** @type {unknown} */ argument) => argument)
  const over = cached((/** @type {unknown} */ argument) => argument, { store: new Map(), namespace: 'n' })
  const kept = [fn(1), fn(1), fn.peek(1), fn.keyOf({ a: 1 }), over(2), over(2), over.keyOf({ a: 1 })]
  return [plain, times, sized.calculatedSize, sized.stats(), copies, lives, kept, fn.parameters]
}

for (const name of NAMES) {
  test.serial(`${name} on Object.prototype is no option, whatever it is`, (t) => {
    const expected = calls()
    for (const value of VALUES) {
      t.deepEqual(polluted(name, value, calls), expected, shown(value))
    }
  })
}

test.serial('an option of the same value as what stands on Object.prototype is one', (t) => {
  polluted('ttl', 5000, () => {
    const cache = new Cache({ max: 3, ttl: 5000, clock: { now: () => 0 } })
    t.is(cache.set('a', 1).getRemainingTTL('a'), 5000)
  })
})

test.serial('a load takes no option from Object.prototype either', async (t) => {
  const cache = new Cache({ max: 3 })
  const shared = new SharedCache({ maxBytes: '1mb' })
  for (const name of NAMES) {
    for (const value of [-1, 'x', {}, () => 1]) {
      const loads = polluted(name, value, () => [
        cache.getOrSet('a', async () => 1, {}),
        cache.getOrSet('b', async () => 1),
        shared.getOrSet('a', async () => 1, {}),
        shared.getOrSet('b', async () => 1),
      ])
      t.deepEqual(await Promise.all(loads), [1, 1, 1, 1], `${name} ${shown(value)}`)
      cache.clear()
      shared.clear()
    }
  }
  shared.close()
})

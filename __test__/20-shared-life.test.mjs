import * as threads from 'node:worker_threads'
import test from 'ava'
import { MISS, MokapotError, SharedCache } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { runNode } from './fixtures/run-node.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const CLOSED = { instanceOf: MokapotError, code: 'ERR_MOKAPOT_CLOSED' }

// --- close -----------------------------------------------------------------------------------------------------------

test('close may be called again, and lets go once', (t) => {
  const before = [opened(), living()]
  const cache = new SharedCache({ maxBytes: '1mb' })
  t.is(cache.close(), undefined)
  t.deepEqual([opened(), living()], before)
  // The next cache takes the place of the closed one: closing that again must not close it.
  const next = new SharedCache({ maxBytes: '1mb' })
  next.set('key', 'next')
  t.is(cache.close(), undefined)
  cache[Symbol.dispose]()
  t.is(next.get('key'), 'next')
  next.close()
  t.deepEqual([opened(), living()], before)
})

test('Symbol.dispose closes', (t) => {
  const before = living()
  const cache = new SharedCache({ maxBytes: '1mb' })
  t.is(cache[Symbol.dispose](), undefined)
  t.is(living(), before)
  t.throws(() => cache.get('key'), CLOSED)
  cache[Symbol.dispose]()
})

/** What members are called with that take something else than a key and a value. */
const ARGUMENTS = /** @type {Record<PropertyKey, unknown[]>} */ ({
  getMany: [['key']],
  setMany: [[['key', 'value']]],
  deleteMany: [['key']],
  forEach: [() => {}],
  memo: ['key', () => 'value'],
  getOrSet: ['key', () => 'value'],
  resize: [{ maxBytes: '2mb' }],
})

/** All members but those that may be used after `close`. */
const MEMBERS = Reflect.ownKeys(SharedCache.prototype).filter(
  (member) => !['constructor', 'close', Symbol.dispose, Symbol.toStringTag].includes(member),
)

test('there are members to look at', (t) => {
  for (const member of [
    'get',
    'set',
    'has',
    'delete',
    'peek',
    'clear',
    'size',
    'bytes',
    'maxBytes',
    'handle',
    'stats',
    'getMany',
    'entries',
    'keys',
    'values',
    'forEach',
    'info',
    'memo',
    'resize',
    'purgeExpired',
  ]) {
    t.true(MEMBERS.includes(member), member)
  }
})

for (const member of MEMBERS) {
  test(`${String(member)} of a closed cache says that it is closed`, async (t) => {
    const cache = /** @type {any} */ (new SharedCache({ maxBytes: '1mb' }))
    cache.set('key', 'value')
    cache.close()
    const before = [opened(), living()]
    // At the call, or by the promise that it gives: an iterator does not wait for its first `next`.
    const use = async () => {
      const result = cache[member]
      if (typeof result === 'function') await result.apply(cache, ARGUMENTS[member] ?? ['key', 'value'])
    }
    await t.throwsAsync(use, CLOSED)
    await t.throwsAsync(use, CLOSED)
    t.deepEqual([opened(), living()], before)
  })
}

test('a closed cache refuses lists that are empty, and options that change nothing', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  cache.close()
  t.throws(() => cache.getMany([]), CLOSED)
  t.throws(() => cache.setMany([]), CLOSED)
  t.throws(() => cache.deleteMany([]), CLOSED)
  t.throws(() => cache.resize({}), CLOSED)
})

test('a closed cache refuses a set whose value needs work, and one with options, too', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  cache.close()
  t.throws(() => cache.set('key', new Map()), CLOSED)
  t.throws(() => cache.set('key', 1, { ttl: 5 }), CLOSED)
  t.throws(() => cache.get('key', MISS), CLOSED)
})

test('a member that is called on something else than a cache throws a TypeError', (t) => {
  for (const member of MEMBERS) {
    const { value, get } = Object.getOwnPropertyDescriptor(SharedCache.prototype, member) ?? {}
    for (const other of [undefined, {}, Object.create(SharedCache.prototype), SharedCache]) {
      const args = ARGUMENTS[member] ?? ['key', 'value']
      t.throws(() => (get ?? value).apply(other, args), { instanceOf: TypeError }, String(member))
    }
  }
})

test('a cache that is closed by a getter in the value it is given says so', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const value = {
    get inner() {
      cache.close()
      return 1
    },
  }
  t.throws(() => cache.set('key', value), CLOSED)
})

test('a cache that is closed by a getter in the options of set says so', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const options = {
    get ttl() {
      cache.close()
      return 5
    },
  }
  t.throws(() => cache.set('key', 'value', options), CLOSED)
})

test('a cache that is closed by its codec still gives what it read', (t) => {
  const cache = /** @type {SharedCache<string>} */ (
    new SharedCache({
      maxBytes: '1mb',
      codec: {
        name: 'closing',
        encode: (value) => Buffer.from(String(value)),
        decode: (bytes) => {
          cache.close()
          return Buffer.from(bytes).toString()
        },
      },
    })
  )
  cache.set('short', 'value')
  t.is(cache.get('short'), 'value')
  t.throws(() => cache.get('short'), CLOSED)
})

// --- Several objects -------------------------------------------------------------------------------------------------

test('two objects on one cache see the same entries and the same counters', (t) => {
  const one = new SharedCache({ maxBytes: '1mb' })
  const other = SharedCache.attach(one.handle)
  t.is(living(), 1)
  one.set('key', 'of one')
  t.is(other.get('key'), 'of one')
  other.set('key', 'of other')
  t.is(one.get('key'), 'of other')
  t.deepEqual(one.stats(), other.stats())
  t.deepEqual(
    [one.size, one.bytes, one.maxBytes, one.maxEntryBytes],
    [...[other.size, other.bytes, other.maxBytes, other.maxEntryBytes]],
  )
  t.deepEqual(one.handle, other.handle)
  other.clear()
  t.is(one.size, 0)
  one.close()
  other.close()
})

test('a closed object leaves the other ones as they were', (t) => {
  const one = new SharedCache({ maxBytes: '1mb' })
  const other = SharedCache.attach(one.handle)
  one.set('key', 'value')
  one.close()
  t.throws(() => one.get('key'), CLOSED)
  t.is(other.get('key'), 'value')
  t.is(living(), 1)
  other.close()
  t.is(living(), 0)
})

test('an object may be attached by the handle that another one gave before it was closed', (t) => {
  const one = new SharedCache({ maxBytes: '1mb' })
  const other = SharedCache.attach(one.handle)
  const { handle } = one
  one.close()
  const third = SharedCache.attach(handle)
  third.set('key', 3)
  t.is(other.get('key'), 3)
  other.close()
  third.close()
  t.throws(() => SharedCache.attach(handle), { code: 'ERR_MOKAPOT_STALE_HANDLE' })
})

test('a named cache lives for as long as any object has it open', (t) => {
  const first = SharedCache.open('life', { maxBytes: '1mb' })
  const second = SharedCache.open('life')
  const third = SharedCache.attach(second.handle)
  first.set('key', 'value')
  first.close()
  second.close()
  const fourth = SharedCache.open('life')
  third.close()
  t.is(fourth.get('key'), 'value')
  fourth.close()

  const reborn = SharedCache.open('life', { maxBytes: '2mb' })
  t.is(reborn.size, 0)
  t.is(reborn.get('key', MISS), MISS)
  t.is(reborn.maxBytes, 2 * 2 ** 20)
  reborn.close()
})

test('the name of a cache that is gone names nothing, also when another cache took its place', (t) => {
  for (let i = 0; i < 3; i++) SharedCache.open('gone', { maxBytes: '1mb' }).close()
  const others = [new SharedCache({ maxBytes: '1mb' }), SharedCache.open('not gone', { maxBytes: '1mb' })]
  t.throws(() => SharedCache.open('gone'), { code: 'ERR_MOKAPOT_INVALID_OPTION' })
  const next = new SharedCache({ maxBytes: '2mb', name: 'gone' })
  t.is(next.maxBytes, 2 * 2 ** 20)
  for (const cache of [...others, next]) cache.close()
})

test('caches do not see each other', (t) => {
  const caches = Array.from({ length: 20 }, (_, i) =>
    i % 2 === 0
      ? new SharedCache({ maxBytes: '1mb' })
      : SharedCache.open(`separate ${i}`, { maxBytes: '1mb', policy: 'lru' }),
  )
  for (const [i, cache] of caches.entries()) {
    for (let key = 0; key <= i; key++) cache.set(key, i)
  }
  caches[7].clear()
  caches[8].close()
  for (const [i, cache] of caches.entries()) {
    if (i === 7 || i === 8) continue
    t.is(cache.size, i + 1)
    t.is(cache.get(0), i)
  }
  for (const cache of caches) cache.close()
})

test('a thousand caches are opened and closed in any order', (t) => {
  const before = [opened(), living()]
  for (let round = 0; round < 3; round++) {
    const caches = Array.from({ length: 1000 }, (_, i) => new SharedCache({ maxBytes: '1mb' }).set('key', i))
    t.deepEqual([opened(), living()], [before[0] + 1000, before[1] + 1000])
    for (let i = 0; i < 1000; i += 2) caches[i].close()
    for (let i = 1; i < 1000; i += 2) if (caches[i].get('key') !== i) t.fail(`cache ${i} has the wrong entry`)
    for (let i = 999; i > 0; i -= 2) caches[i].close()
    t.deepEqual([opened(), living()], before)
  }
})

// --- Handles ---------------------------------------------------------------------------------------------------------

test('a handle is plain data that cannot be changed', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { handle } = cache
  t.true(Object.isFrozen(handle))
  t.is(Object.getPrototypeOf(handle), Object.prototype)
  t.deepEqual(structuredClone(handle), handle)
  t.deepEqual(JSON.parse(JSON.stringify(handle)), handle)
  t.is(handle.mokapot, 1)
  cache.close()
})

test('a handle holds nothing alive', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { handle } = cache
  const { port1, port2 } = new threads.MessageChannel()
  port1.postMessage(handle)
  cache.close()
  t.is(living(), 0)
  const received = threads.receiveMessageOnPort(port2)?.message
  t.deepEqual(received, handle)
  t.throws(() => SharedCache.attach(received), { code: 'ERR_MOKAPOT_STALE_HANDLE' })
  port1.close()
})

test('a cache itself cannot be sent: where Node can it refuses, elsewhere what arrives is empty', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  if ('markAsUncloneable' in threads) {
    t.throws(() => structuredClone(cache), { name: 'DataCloneError' })
    t.throws(() => structuredClone({ deep: [cache] }), { name: 'DataCloneError' })
  } else {
    t.deepEqual(structuredClone(/** @type {object} */ (cache)), {})
  }
  t.is(cache.set('key', 1).get('key'), 1)
  cache.close()
})

// --- Unreachable objects ---------------------------------------------------------------------------------------------

test('an object that nobody can reach lets go of its cache, unless its handle was read or it is named', async (t) => {
  const { code, stdout, stderr } = await runNode('./unreachable.mjs', { nodeArgs: ['--expose-gc'] })
  t.is(stderr, '')
  t.is(code, 0)
  t.deepEqual(JSON.parse(stdout), {
    lost: 10,
    lostAreReleased: true,
    livingInProcess: 0,
    used: 'used',
    heldByAnother: 'held',
    openAfterHandle: 1,
    byHandle: 'by handle',
    openAtEndOfHandle: 1,
    constructed: 'constructed',
    opened: 'opened',
    attachedIsReleased: true,
    firstStays: 'first',
  })
})

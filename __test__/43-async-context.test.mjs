import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { Cache, SharedCache } from '../dist/index.mjs'
import { messageOf, startWorker } from './fixtures/in-worker.mjs'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')

// What a server keeps in an AsyncLocalStorage is one request's: its user, its trace, its deadline.
/** @type {AsyncLocalStorage<any>} */
const request = new AsyncLocalStorage()

test('a sweep calls dispose in the context of no request', async (t) => {
  const left = new Promise((resolve) => {
    const cache = new Cache({ max: 10, ttl: 1, dispose: () => resolve(request.getStore()) })
    request.run('first', () => cache.set('key', 'value'))
    const alive = setInterval(() => cache.max, 50) // the timer of a sweep keeps nothing alive, the cache neither
    t.teardown(() => {
      clearInterval(alive)
      cache.close()
    })
  })
  t.is(await left, undefined)
})

test('a cache holds on to the context of no request', async (t) => {
  const local = new Cache({ max: 10, ttl: '1h' })
  const shared = new SharedCache({ maxBytes: '1mb', ttl: '1h', near: 10 })
  const held = new Set([0, 1, 2, 3, 4, 5, 6, 7])
  const seen = new FinalizationRegistry((/** @type {number} */ i) => held.delete(i))
  const serve = async (/** @type {number} */ i) => {
    const store = { i }
    seen.register(store, i)
    await request.run(store, async () => {
      local.set(i, i)
      shared.set(i, i)
      shared.get(i)
      await Promise.all([local, shared].map((cache) => cache.getOrSet(`load ${i}`, async () => i)))
    })
  }
  // Later ones may still be found on the stack.
  for (let i = 0; i < 10; i++) await serve(i)
  const end = performance.now() + 30_000
  while (held.size > 0 && performance.now() < end) {
    gc()
    await sleep(5)
  }
  t.deepEqual(held, new Set())
  local.close()
  shared.close()
})

test('a load runs in the context of its caller, also in place of one whose thread has ended', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { worker, end } = startWorker(
    ({ SharedCache, port }, { handle }) => {
      const cache = SharedCache.attach(handle)
      const never = () => new Promise(() => {})
      for (const key of ['one', 'two', 'three']) cache.getOrSet(key, never)
      port.postMessage('loading')
      return new Promise((done) => port.once('message', done))
    },
    { handle: cache.handle },
  )
  t.is(await messageOf(worker), 'loading')
  const load = async () => request.getStore()
  const asked = ['one', 'two', 'three'].map((key) => request.run(key, () => cache.getOrSet(key, load)))
  await worker.terminate()
  await end
  t.deepEqual(await Promise.all(asked), ['one', 'two', 'three'])
  cache.close()
})

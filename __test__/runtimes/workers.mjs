/** What caches do between threads, on any runtime: `node workers.mjs`, `bun workers.mjs`, `deno run -A workers.mjs`. */

import assert from 'node:assert/strict'
import { SharedCache } from '../../dist/index.mjs'
import { living, opened } from '../fixtures/helpers.mjs'
import { inWorker, messageOf, startWorker } from '../fixtures/in-worker.mjs'
import { check, runChecks, SLOWNESS, sleep } from './suite.mjs'

/**
 * Waits until something is so.
 *
 * @param {() => boolean} isSo
 * @param {string} what
 */
async function until(isSo, what) {
  const end = performance.now() + 10_000 * SLOWNESS
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`it never came that ${what}`)
    await sleep(2)
  }
}

check('a worker opens a cache by its handle, and both threads see what either sets', async () => {
  const cache = new SharedCache({ maxBytes: '4mb' })
  cache.set('from main', { list: [1, 2], at: new Date(0) })
  const seen = await inWorker(({ SharedCache }, handle) => {
    const cache = SharedCache.attach(handle)
    cache.set('from worker', new Map([['key', new Uint8Array([1, 2])]]))
    return cache.get('from main')
  }, cache.handle)
  assert.deepEqual(seen, { list: [1, 2], at: new Date(0) })
  assert.deepEqual(cache.get('from worker'), new Map([['key', new Uint8Array([1, 2])]]))
  cache.close()
})

check('a worker opens a cache by its name', async () => {
  const cache = SharedCache.open('by name', { maxBytes: '4mb' })
  await inWorker(({ SharedCache }) => {
    SharedCache.open('by name').set('key', 'from worker')
  })
  assert.equal(cache.get('key'), 'from worker')
  cache.close()
})

check('a handle travels in messages both ways', async () => {
  const { worker, end } = startWorker(({ SharedCache, port }) => {
    const own = new SharedCache({ maxBytes: '1mb' })
    own.set('key', 'made in the worker')
    port.postMessage(own.handle)
    return new Promise((resolve) => port.once('message', resolve))
  })
  const cache = SharedCache.attach(await messageOf(worker))
  assert.equal(cache.get('key'), 'made in the worker')
  worker.postMessage('done')
  await end
  assert.equal(cache.get('key'), 'made in the worker')
  cache.close()
})

check('what a worker clears or deletes is gone for all', async () => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  cache.set('a', 1)
  cache.set('b', 2)
  await inWorker(({ SharedCache }, handle) => {
    SharedCache.attach(handle).delete('a')
  }, cache.handle)
  assert.deepEqual([...cache.keys()], ['b'])
  await inWorker(({ SharedCache }, handle) => {
    SharedCache.attach(handle).clear()
  }, cache.handle)
  assert.equal(cache.size, 0)
  cache.close()
})

check('four threads at once read only what was written, in order', async () => {
  const cache = new SharedCache({ maxBytes: '256kb' })
  const counters = new Int32Array(new SharedArrayBuffer(64))
  const workers = [0, 1, 2, 3].map((writer) =>
    startWorker(
      ({ SharedCache, hammer }, { handle, counters, writer }) =>
        hammer(SharedCache.attach(handle), {
          field: { keys: 200, longest: 20_000 },
          writer,
          counters,
          steps: 3000,
          clears: true,
        }).wrong,
      { handle: cache.handle, counters, writer },
    ),
  )
  for (const { answer } of workers) assert.deepEqual(await answer, [])
  await Promise.all(workers.map(({ end }) => end))
  cache.close()
})

check('threads share one load, and an error of it arrives as a copy', async () => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const loads = new Int32Array(new SharedArrayBuffer(4))
  /** @param {boolean} fails */
  const workers = (fails) =>
    [1, 2, 3].map(() =>
      startWorker(
        async ({ SharedCache, sleep }, { handle, loads, fails }) => {
          const load = async () => {
            Atomics.add(loads, 0, 1)
            await sleep(500)
            if (fails) throw Object.assign(new RangeError('down'), { code: 'EDOWN' })
            return { loaded: true }
          }
          const asked = SharedCache.attach(handle).getOrSet(fails ? 'failing' : 'key', load)
          return asked.catch((error) => [error instanceof RangeError, error.message, error.code])
        },
        { handle: cache.handle, loads, fails },
      ),
    )
  const good = workers(false)
  await until(() => Atomics.load(loads, 0) > 0, 'a load begins')
  for (const { answer } of good) assert.deepEqual(await answer, { loaded: true })
  assert.equal(loads[0], 1)
  for (const { answer } of workers(true)) assert.deepEqual(await answer, [true, 'down', 'EDOWN'])
  cache.close()
})

check('when the thread that loads is terminated, one that waits loads in its place', async () => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { worker, end } = startWorker(({ SharedCache, port }, handle) => {
    SharedCache.attach(handle).getOrSet('key', () => new Promise(() => {}))
    port.postMessage('loading')
    return new Promise((resolve) => port.once('message', resolve))
  }, cache.handle)
  await messageOf(worker)
  const value = cache.getOrSet('key', async () => 'loaded here')
  assert.equal(cache.stats().coalesced, 1)
  await worker.terminate()
  assert.equal(await value, 'loaded here')
  await end
  cache.close()
})

check('a waiting caller whose thread has nothing else to do is served', async () => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const loading = cache.getOrSet('key', () => sleep(1500, 'from main'))
  const value = await inWorker(
    ({ SharedCache }, handle) => SharedCache.attach(handle).getOrSet('key', () => 'from worker'),
    cache.handle,
  )
  assert.equal(value, 'from main')
  assert.equal(await loading, 'from main')
  cache.close()
})

check('a worker lets go of what it held when it returns, throws, exits or is terminated', async () => {
  const before = living()
  const ends = {
    returns: () => {},
    throws: (/** @type {import('../fixtures/in-worker.mjs').Tools} */ { SharedCache }) => {
      new SharedCache({ maxBytes: '1mb', name: 'held' })
      throw new Error('on purpose')
    },
    exits: (/** @type {import('../fixtures/in-worker.mjs').Tools} */ { SharedCache }) => {
      new SharedCache({ maxBytes: '1mb', name: 'held' })
      process.exit(0)
    },
    'is terminated': (/** @type {import('../fixtures/in-worker.mjs').Tools} */ { SharedCache, port }) => {
      new SharedCache({ maxBytes: '1mb', name: 'held' })
      port.postMessage('held')
      return new Promise((resolve) => port.once('message', resolve))
    },
  }
  for (const [way, body] of Object.entries(ends)) {
    const { worker, end } = startWorker(/** @type {(tools: any) => unknown} */ (body))
    if (way === 'is terminated') {
      await messageOf(worker)
      assert.equal(living(), before + 1)
      await worker.terminate()
    }
    await end
    await until(() => living() === before, `a worker that ${way} lets go`)
  }
})

check('workers that are terminated at any moment break nothing for those that live', async () => {
  const cache = new SharedCache({ maxBytes: '512kb', ttl: '1h' })
  for (let round = 0; round < 10; round++) {
    const { worker, end } = startWorker(async ({ SharedCache, port }, handle) => {
      const cache = SharedCache.attach(handle)
      port.postMessage('started')
      for (let step = 0; ; step++) {
        const key = `key ${step % 50}`
        cache.set(key, { key, list: [step, 'x'.repeat(step % 5000)] })
        cache.get(key)
        if (step % 100 === 0) for (const _ of cache) if (step % 3 === 0) break
        if (step % 500 === 0) await cache.getOrSet(`load ${step}`, async () => ({ key: `load ${step}` }))
      }
    }, cache.handle)
    await messageOf(worker)
    await sleep((round * 7) % 20)
    await worker.terminate()
    await end
    for (const [key, value] of cache) assert.equal(value.key, key)
    cache.set('mine', { key: 'mine', round })
    assert.deepEqual(cache.get('mine'), { key: 'mine', round })
  }
  cache.close()
})

// Deno runs no cleanup hook in a worker that it terminates amid its work: see docs/troubleshooting.md.
if (!('Deno' in globalThis)) {
  check('nothing is left open at the end', async () => {
    await until(() => living() === 0, 'no cache lives')
    assert.equal(opened(), 0)
  })
}

await runChecks()

// Left open on purpose: an idle cache does not keep the process alive.
new SharedCache({ maxBytes: '1mb', ttl: 1000 }).set('key', 1)

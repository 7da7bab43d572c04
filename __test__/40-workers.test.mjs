import test from 'ava'
import { MISS, SharedCache } from '../dist/index.mjs'
import { hammer } from './fixtures/hammer.mjs'
import { accountedSize, living, opened, randomFrom } from './fixtures/helpers.mjs'
import { inWorker, messageOf, startWorker } from './fixtures/in-worker.mjs'
import { runNode } from './fixtures/run-node.mjs'

// One after the other: each starts as many threads as the machine has use for, and some count what lives in the process.

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

/** Counters that all threads see, one for each. */
const counters = () => new Int32Array(new SharedArrayBuffer(64))

// --- One cache -------------------------------------------------------------------------------------------------------

test.serial('a worker attaches by a handle in its workerData and sees the entries', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  cache.set('from main', { a: [1, new Date(0)] })
  const seen = await inWorker(({ SharedCache, native }, handle) => {
    const cache = SharedCache.attach(handle)
    cache.set('from worker', 'hello')
    return { value: cache.get('from main'), living: native.living() }
  }, cache.handle)
  t.deepEqual(seen, { value: { a: [1, new Date(0)] }, living: [1, 1] })
  t.is(cache.get('from worker'), 'hello')
  t.is(cache.stats().hits, 2)
  t.deepEqual([opened(), living()], [1, 1])
  cache.close()
})

test.serial('a handle that is posted to a worker opens the cache there', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', codec: 'string' })
  cache.set('key', 'value')
  const { worker, answer, end } = startWorker(
    ({ SharedCache, port }) =>
      new Promise((resolve) => {
        port.once('message', (handle) => {
          const cache = SharedCache.attach(handle)
          resolve([cache.get('key'), cache.handle])
          cache.close()
        })
      }),
  )
  worker.postMessage(cache.handle)
  t.deepEqual(await answer, ['value', cache.handle])
  await end
  cache.close()
})

test.serial('what one of four workers does, the other three see at once', async (t) => {
  const ROUNDS = 3000
  for (const maxBytes of /** @type {const} */ (['1mb', '64mb'])) {
    const cache = new SharedCache({ maxBytes })
    const turns = counters()
    const workers = [0, 1, 2, 3].map((id) =>
      startWorker(
        ({ SharedCache, MISS }, { handle, turns, id, rounds }) => {
          const cache = SharedCache.attach(handle)
          /** What the cache must hold: each thread tells by itself. @type {Map<string, unknown>} */
          const model = new Map()
          /** @type {string[]} */
          const wrong = []
          const [ACTED, CHECKED] = [0, 1]
          const until = (/** @type {number} */ counter, /** @type {number} */ value) => {
            for (;;) {
              const now = Atomics.load(turns, counter)
              if (now >= value) return
              if (Atomics.wait(turns, counter, now, 20_000) === 'timed-out') throw new Error('a worker hangs')
            }
          }
          for (let round = 0; round < rounds; round++) {
            const key = `key ${(round * 7) % 19}`
            const value =
              round % 3 === 0 ? round : round % 3 === 1 ? { round } : 'x'.repeat(round % 10_000) + round
            const act = round % 11 === 10 ? 'delete' : round % 101 === 100 ? 'clear' : 'set'
            if (act === 'set') model.set(key, value)
            else if (act === 'delete') model.delete(key)
            else model.clear()

            if (round % 4 === id) {
              until(CHECKED, 3 * round)
              if (act === 'set') cache.set(key, value)
              else if (act === 'delete') cache.delete(key)
              else cache.clear()
              Atomics.store(turns, ACTED, round + 1)
              Atomics.notify(turns, ACTED)
            } else {
              until(ACTED, round + 1)
              for (const each of [key, `key ${round % 19}`]) {
                const got = JSON.stringify(cache.get(each, MISS))
                const expected = model.has(each) ? JSON.stringify(model.get(each)) : undefined
                if (got !== expected || cache.has(each) !== model.has(each)) {
                  wrong.push(`round ${round}, ${each}: ${String(got).slice(0, 40)}`)
                }
              }
              if (cache.size !== model.size) wrong.push(`round ${round}: ${cache.size} entries`)
              Atomics.add(turns, CHECKED, 1)
              Atomics.notify(turns, CHECKED)
            }
          }
          return wrong
        },
        { handle: cache.handle, turns, id, rounds: ROUNDS },
      ),
    )
    const answers = await Promise.all(workers.map(({ answer }) => answer))
    t.deepEqual(answers, [[], [], [], []])
    t.is(accountedSize(cache.stats()), cache.size)
    t.is(cache.stats().evictions, 0)
    await Promise.all(workers.map(({ end }) => end))
    cache.close()
  }
})

/** @type {[string, ConstructorParameters<typeof SharedCache>[0], import('./fixtures/hammer.mjs').Field, number][]} */
const HAMMERED = [
  ['a small cache', { maxBytes: '256kb' }, { keys: 200, longest: 20_000 }, 20_000],
  ['a small lru cache', { maxBytes: '256kb', policy: 'lru' }, { keys: 200, longest: 20_000 }, 20_000],
  ['a cache of several shards', { maxBytes: '64mb' }, { keys: 3000, longest: 500_000 }, 6_000],
  [
    'an lru cache of several shards',
    { maxBytes: '64mb', policy: 'lru' },
    { keys: 3000, longest: 500_000 },
    6_000,
  ],
  ['a cache of large entries', { maxBytes: '48mb' }, { keys: 60, longest: 5_000_000 }, 600],
]

for (const [name, options, field, steps] of HAMMERED) {
  test.serial(`every value that four workers read of ${name} is one that was set for its key`, async (t) => {
    const cache = new SharedCache(options)
    const shared = counters()
    const reports = await Promise.all(
      [0, 1, 2, 3].map((writer) =>
        inWorker(({ SharedCache, hammer }, { handle, ...rest }) => hammer(SharedCache.attach(handle), rest), {
          handle: cache.handle,
          field,
          writer,
          counters: shared,
          steps,
          clears: field.keys === 200,
        }),
      ),
    )
    t.deepEqual(reports.flatMap(({ wrong }) => wrong).slice(0, 10), [])
    const sum = (/** @type {'gets' | 'hits' | 'sets'} */ what) =>
      reports.reduce((sum, report) => sum + report[what], 0)
    const stats = cache.stats()
    t.true(sum('hits') > 0)
    t.true(stats.evictions > 0)
    t.deepEqual(
      {
        sets: stats.sets,
        hits: stats.hits,
        misses: stats.misses,
        rejected: stats.rejected,
        size: stats.size,
      },
      {
        ...{ sets: sum('sets'), hits: sum('hits'), misses: sum('gets') - sum('hits'), rejected: 0 },
        size: accountedSize(stats),
      },
    )
    let held = 0
    for (let key = 0; key < field.keys; key++) if (cache.has(`key ${key}`)) held++
    t.is(cache.size, held)
    cache.clear()
    t.deepEqual([cache.size, cache.bytes], [0, 0])
    t.is(opened(), 1)
    cache.close()
  })
}

test.serial(
  'every value is right also while time goes by and entries expire in the hands of four workers',
  async (t) => {
    const cache = new SharedCache({ maxBytes: '8mb', ttl: '1h', tti: '20m' })
    const field = { keys: 500, longest: 10_000 }
    const shared = counters()
    const reports = await Promise.all(
      [0, 1, 2, 3].map((writer) =>
        inWorker(
          ({ SharedCache, hammer, advance }, { handle, ...rest }) => {
            let writes = 0
            return hammer(SharedCache.attach(handle), {
              ...rest,
              ttl: () => (writes++ % 3 === 0 ? (writes % 50) * 60_000 + 1 : undefined),
              tick: (step) => {
                if (rest.writer === 0 && step % 20 === 0) advance(60_000)
              },
            })
          },
          { handle: cache.handle, field, writer, counters: shared, steps: 10_000 },
        ),
      ),
    )
    t.deepEqual(reports.flatMap(({ wrong }) => wrong).slice(0, 10), [])
    const stats = cache.stats()
    t.true(stats.expirations > 0)
    t.true(stats.hits > 0)
    t.is(accountedSize(stats), cache.size)
    cache.close()
  },
)

// --- Names -----------------------------------------------------------------------------------------------------------

test.serial('a named cache that a worker opened first is found by the main thread', async (t) => {
  const { worker, answer, end } = startWorker(
    ({ SharedCache, port }) =>
      new Promise((resolve) => {
        const cache = SharedCache.open('worker first', { maxBytes: '1mb', policy: 'lru' })
        cache.set('key', 'of the worker')
        port.once('message', () => resolve(cache.get('answer')))
        port.postMessage('opened')
      }),
  )
  await messageOf(worker)
  const cache = SharedCache.open('worker first', { maxBytes: '1mb' })
  t.is(cache.get('key'), 'of the worker')
  t.throws(() => SharedCache.open('worker first', { policy: 'tinylfu' }), {
    code: 'ERR_MOKAPOT_OPTIONS_DIFFER',
  })
  t.throws(() => new SharedCache({ maxBytes: '1mb', name: 'worker first' }), {
    code: 'ERR_MOKAPOT_NAME_TAKEN',
  })
  cache.set('answer', 'of main')
  worker.postMessage('go on')
  t.is(await answer, 'of main')
  await end
  t.is(cache.get('key'), 'of the worker', 'it lives on after the worker that made it')
  cache.close()
  t.is(living(), 0)
})

test.serial('a named cache that the main thread opened first is found by a worker', async (t) => {
  const cache = SharedCache.open('main first', { maxBytes: '1mb' })
  cache.set('key', 'of main')
  const seen = await inWorker(({ SharedCache }) => {
    const codes = []
    for (const use of [
      () => new SharedCache({ maxBytes: '1mb', name: 'main first' }),
      () => SharedCache.open('main first', { maxBytes: '2mb' }),
    ]) {
      try {
        use()
      } catch (error) {
        codes.push(/** @type {any} */ (error).code)
      }
    }
    const cache = SharedCache.open('main first')
    cache.set('answer', 'of the worker')
    return [cache.get('key'), ...codes]
  })
  t.deepEqual(seen, ['of main', 'ERR_MOKAPOT_NAME_TAKEN', 'ERR_MOKAPOT_OPTIONS_DIFFER'])
  t.is(cache.get('answer'), 'of the worker')
  cache.close()
})

test.serial(
  'a cache lives on in a worker after the main thread closed it, and is gone with the worker',
  async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb' })
    cache.set('key', 'value')
    const { handle } = cache
    const { worker, answer, end } = startWorker(
      ({ SharedCache, port }, handle) =>
        new Promise((resolve) => {
          const cache = SharedCache.attach(handle)
          port.once('message', () => resolve(cache.get('key')))
          port.postMessage('attached')
        }),
      handle,
    )
    await messageOf(worker)
    cache.close()
    t.deepEqual([opened(), living()], [0, 1])
    const again = SharedCache.attach(handle)
    t.is(again.get('key'), 'value')
    again.close()
    worker.postMessage('go on')
    t.is(await answer, 'value')
    await end
    t.is(living(), 0)
    t.throws(() => SharedCache.attach(handle), { code: 'ERR_MOKAPOT_STALE_HANDLE' })
  },
)

test.serial('a codec of own is given again in each thread', async (t) => {
  const cache = new SharedCache({
    maxBytes: '1mb',
    codec: {
      name: 'reversed',
      encode: (/** @type {string} */ text) => Buffer.from(text).reverse(),
      decode: (bytes) => Buffer.from(bytes).reverse().toString(),
    },
  })
  cache.set('key', 'value')
  const seen = await inWorker(({ SharedCache }, handle) => {
    const codec = {
      name: 'reversed',
      encode: (/** @type {string} */ text) => Buffer.from(text).reverse(),
      decode: (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).reverse().toString(),
    }
    let refused
    try {
      SharedCache.attach(handle)
    } catch (error) {
      refused = /** @type {any} */ (error).code
    }
    return [refused, SharedCache.attach(handle, { codec }).get('key')]
  }, cache.handle)
  t.deepEqual(seen, ['ERR_MOKAPOT_CODEC', 'value'])
  cache.close()
})

test.serial('one name is opened and closed by four workers at once, over and over', async (t) => {
  const before = living()
  const wrong = await Promise.all(
    [0, 1, 2, 3].map((id) =>
      inWorker(({ SharedCache }, id) => {
        const wrong = []
        for (let i = 0; i < 5000; i++) {
          const cache = SharedCache.open('busy', { maxBytes: '1mb' })
          const again = i % 3 === 0 ? SharedCache.attach(cache.handle) : SharedCache.open('busy')
          cache.set(`mine ${id}`, i)
          if (again.get(`mine ${id}`) !== i) wrong.push(i)
          cache.close()
          if (again.get(`mine ${id}`) !== i) wrong.push(i)
          again.close()
        }
        return wrong
      }, id),
    ),
  )
  t.deepEqual(wrong, [[], [], [], []])
  t.is(living(), before)
  t.throws(() => SharedCache.open('busy'), { code: 'ERR_MOKAPOT_INVALID_OPTION' })
})

// --- Ends ------------------------------------------------------------------------------------------------------------

test.serial('a worker that ends, by whatever means, lets go of all it had open', async (t) => {
  const cache = SharedCache.open('ends', { maxBytes: '1mb' })
  for (const how of ['returns', 'exits', 'throws', 'is terminated', 'is terminated while it is busy']) {
    const { worker, answer, end } = startWorker(({ SharedCache, port }, how) => {
      const cache = SharedCache.open('ends')
      cache.set('key', how)
      SharedCache.open('of its own', { maxBytes: '1mb' }).set('key', how)
      const { handle } = new SharedCache({ maxBytes: '1mb' }).set('key', how)
      port.postMessage(handle)
      if (how === 'exits') process.exit(3)
      if (how === 'throws') throw new Error('on purpose')
      if (how === 'is terminated') port.on('message', () => {})
      if (how === 'is terminated while it is busy') for (let i = 0; ; i++) cache.set(i % 100, how)
    }, how)
    const handle = await messageOf(worker)
    if (how.startsWith('is terminated')) await worker.terminate()
    const code = await end
    t.is(code, { returns: 0, exits: 3 }[how] ?? 1, how)
    if (how === 'throws') await t.throwsAsync(answer, { any: true, message: 'on purpose' })
    t.deepEqual([opened(), living()], [1, 1], how)
    t.is(cache.get('key'), how)
    t.throws(() => SharedCache.attach(handle), { code: 'ERR_MOKAPOT_STALE_HANDLE' })
  }
  cache.close()
})

test.serial('workers are terminated at random moments, and those that stay read right', async (t) => {
  const VICTIMS = 30
  const cache = SharedCache.open('survivors', { maxBytes: '1mb' })
  const field = { keys: 300, longest: 20_000 }
  const shared = counters()
  const random = randomFrom(99)
  const stop = new Int32Array(new SharedArrayBuffer(4))

  const survivor = startWorker(
    ({ SharedCache, hammer, port }, { stop, ...rest }) => {
      const cache = SharedCache.open('survivors')
      const wrong = []
      let hits = 0
      port.postMessage('started')
      while (Atomics.load(stop, 0) === 0) {
        const report = hammer(cache, { ...rest, steps: 200 })
        wrong.push(...report.wrong)
        hits += report.hits
      }
      return { wrong: wrong.slice(0, 10), hits }
    },
    { field, writer: 1, counters: shared, stop },
  )
  await messageOf(survivor.worker)
  const before = [opened(), living()]

  for (let victim = 0; victim < VICTIMS; victim++) {
    const { worker, end } = startWorker(
      ({ SharedCache, hammer, port }, data) => {
        SharedCache.open('of the victims', { maxBytes: '1mb' }).set('key', 'value')
        new SharedCache({ maxBytes: '1mb' }).set('key', 'value')
        const cache = SharedCache.open('survivors')
        hammer(cache, {
          ...data,
          steps: Number.POSITIVE_INFINITY,
          tick: (step) => {
            if (step % 50 === 0) port.postMessage(step)
          },
        })
      },
      { field, writer: 2 + (victim % 3), counters: shared },
    )
    for (let messages = Math.floor(random() * 10); messages >= 0; messages--) await messageOf(worker)
    worker.terminate()
    // The main thread works while the victim dies.
    const { wrong } = hammer(cache, { field, writer: 0, counters: shared, steps: 300 })
    t.deepEqual(wrong.slice(0, 10), [])
    await end
    t.deepEqual([opened(), living()], before, `after victim ${victim}`)
  }

  Atomics.store(stop, 0, 1)
  const { wrong, hits } = await survivor.answer
  t.deepEqual(wrong, [])
  t.true(hits > 0)
  await survivor.end
  t.is(accountedSize(cache.stats()), cache.size)
  cache.set('last', 1)
  t.is(cache.get('last', MISS), 1)
  cache.close()
  t.deepEqual([opened(), living()], [0, 0])
})

// --- Processes -------------------------------------------------------------------------------------------------------

test.serial(
  'a cache is gone with the last worker that had it, and memory with it, though only workers use mokapot',
  async (t) => {
    // It starts 200 workers, one after the other.
    const patience = 240_000
    t.timeout(patience + 10_000)
    const { code, signal, stdout, stderr } = await runNode('./only-workers.mjs', { patience })
    t.deepEqual([code, signal, stderr], [0, null, ''])
    const { wrong, images, grown } = JSON.parse(stdout)
    t.deepEqual(wrong, [])
    t.is(images, 1, 'the addon was loaded anew')
    // Measured 0 ± 1 MB; a cache that stays behind at each end would be more than 100 MB.
    t.log(
      `resident memory grew by ${grown.map((/** @type {number} */ mb) => mb.toFixed(1)).join(' and ')} MB`,
    )
    for (const mb of grown) t.true(mb < 4, `${mb} MB`)
  },
)

test.serial('caches that are left open do not keep the process alive', async (t) => {
  const { code, signal, stdout, stderr, lingered } = await runNode('./idle.mjs')
  t.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
  t.deepEqual(JSON.parse(stdout), { i: 1 })
  t.true(lingered < 5000, `it ended ${lingered} ms after its last word`)
})

import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { MokapotError, SharedCache } from '../dist/index.mjs'
import { advance } from '../dist/testing.mjs'
import { living, opened, randomFrom } from './fixtures/helpers.mjs'
import { inWorker, startWorker } from './fixtures/in-worker.mjs'
import { runNode } from './fixtures/run-node.mjs'

// One after the other: each starts as many threads as the machine has use for, and some count what lives in the process.

/** The bar is 200; what runs with all other tests is enough to notice. */
const ROUNDS = Number(process.env.MOKAPOT_ROUNDS ?? 20)

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

/** Counters that all threads see, one for each. */
const counters = () => new Int32Array(new SharedArrayBuffer(64))

/** Waits until a counter has a value. @param {Int32Array} counters @param {number} index @param {number} value */
async function until(counters, index, value) {
  const patience = Date.now() + 20_000
  while (Atomics.load(counters, index) < value) {
    if (Date.now() > patience) throw new Error(`counter ${index} stays at ${Atomics.load(counters, index)}`)
    await sleep(1)
  }
}

/** What a promise rejects with. @param {Promise<unknown>} promise @returns {Promise<any>} */
const errorOf = (promise) =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${value}`)
    },
    (error) => error,
  )

/** A load that ends when it is told to. */
function gate() {
  /** @type {{ signal: AbortSignal, resolve(value: unknown): void, reject(error: unknown): void }[]} */
  const calls = []
  const load = (/** @type {unknown} */ _, /** @type {{ signal: AbortSignal }} */ { signal }) =>
    new Promise((resolve, reject) => calls.push({ signal, resolve, reject }))
  return { load, calls }
}

/** Begins a load here, and waits in a worker until `waiting` callers there wait for it. @param {SharedCache<any>} cache */
const coalesced = async (cache, waiting = 1) => {
  const patience = Date.now() + 20_000
  while (cache.stats().coalesced < waiting) {
    if (Date.now() > patience) throw new Error('nobody waits')
    await sleep(1)
  }
}

// --- One load ------------------------------------------------------------------------------------------------------------

test.serial('1,000 callers in each of 4 workers share one load after each invalidation', async (t) => {
  const cache = new SharedCache({ maxBytes: '64mb' })
  const [shared, CALLERS] = [counters(), 1000]
  const [LOADS, DONE, GO] = [0, 1, 2]
  const workers = [0, 1, 2, 3].map(() =>
    startWorker(
      async ({ SharedCache }, { handle, shared, rounds, callers }) => {
        const cache = SharedCache.attach(handle)
        const [LOADS, DONE, GO] = [0, 1, 2]
        const load = async () => {
          const nth = Atomics.add(shared, LOADS, 1) + 1
          await new Promise((done) => setTimeout(done, 5))
          return { nth }
        }
        let wrong = 0
        for (let round = 1; round <= rounds; round++) {
          while (Atomics.load(shared, GO) < round) await new Promise((done) => setTimeout(done, 1))
          const values = await Promise.all(Array.from({ length: callers }, () => cache.getOrSet('key', load)))
          for (const value of values) if (/** @type {any} */ (value).nth !== round) wrong++
          Atomics.add(shared, DONE, 1)
        }
        return wrong
      },
      { handle: cache.handle, shared, rounds: ROUNDS, callers: CALLERS },
    ),
  )
  for (let round = 1; round <= ROUNDS; round++) {
    cache.delete('key')
    Atomics.store(shared, GO, round)
    await until(shared, DONE, round * workers.length)
    t.is(Atomics.load(shared, LOADS), round)
  }
  t.deepEqual(await Promise.all(workers.map(({ answer }) => answer)), [0, 0, 0, 0])
  await Promise.all(workers.map(({ end }) => end))
  const { hits, misses, loads, loadErrors } = cache.stats()
  t.deepEqual(
    { asked: hits + misses, loads, loadErrors },
    { asked: ROUNDS * 4 * CALLERS, loads: ROUNDS, loadErrors: 0 },
  )
  cache.close()
})

test.serial('each kind of value reaches callers in other threads as a copy of their own', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const values = [
    1.5,
    'text',
    'wide \u{1f600}',
    undefined,
    null,
    true,
    { a: [1] },
    new Uint8Array([1, 2]),
    Buffer.from('b'),
    new Map([[1, new Date(0)]]),
    'x'.repeat(10_000),
  ]
  const { load, calls } = gate()
  const here = values.map((_, i) => cache.getOrSet(i, load))
  const { answer, end } = startWorker(
    async ({ SharedCache }, { handle, count }) => {
      const cache = SharedCache.attach(handle)
      const load = () => {
        throw new Error('it is being loaded')
      }
      const twice = [1, 2].map(() =>
        Promise.all(Array.from({ length: count }, (_, i) => cache.getOrSet(i, load))),
      )
      const [first, second] = await Promise.all(twice)
      const distinct = first.every(
        (value, i) => typeof value !== 'object' || value === null || value !== second[i],
      )
      return { first, distinct, isBuffer: Buffer.isBuffer(first[8]) }
    },
    { handle: cache.handle, count: values.length },
  )
  await coalesced(cache, 2 * values.length)
  for (const [i, value] of values.entries()) calls[i].resolve(value)
  const { first, distinct, isBuffer } = await answer
  t.true(distinct && isBuffer)
  t.deepEqual(first.with(8, Buffer.from(/** @type {any} */ (first[8]))), values)
  t.deepEqual(await Promise.all(here), values)
  await end
  cache.close()
})

test.serial('a value that is too large to keep still reaches who waits, in every thread', async (t) => {
  const cache = new SharedCache({ maxBytes: '64kb' })
  const { load, calls } = gate()
  const here = cache.getOrSet('key', load)
  const { answer } = startWorker(
    ({ SharedCache }, handle) => SharedCache.attach(handle).getOrSet('key', () => 'another'),
    cache.handle,
  )
  await coalesced(cache)
  const large = 'x'.repeat(100_000)
  calls[0].resolve(large)
  t.is(await here, large)
  t.is(await answer, large)
  t.is(cache.size, 0)
  t.is(cache.stats().rejected, 1)
  cache.close()
})

test.serial('a set in another thread wins over a load, and who asks after it sees it', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { load, calls } = gate()
  const before = cache.getOrSet('key', load)
  await inWorker(
    ({ SharedCache }, handle) => void SharedCache.attach(handle).set('key', 'written'),
    cache.handle,
  )
  t.is(await cache.getOrSet('key', load), 'written')
  calls[0].resolve('loaded')
  t.is(await before, 'loaded')
  t.is(cache.get('key'), 'written')
  cache.close()
})

// --- Errors ------------------------------------------------------------------------------------------------------------------

test.serial('an error reaches who waits in other threads as a copy', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', errorTtl: '1m' })
  class HttpError extends Error {
    response = () => {} // nothing to clone
    /** @override */
    name = 'HttpError'
  }
  const errors = /** @type {unknown[]} */ ([
    Object.assign(new TypeError('first', { cause: new RangeError('inner', { cause: 'text' }) }), {
      code: 'E_FIRST',
    }),
    Object.assign(new HttpError('second', { cause: () => {} }), { code: Symbol('none') }),
    new MokapotError('ERR_MOKAPOT_TIMEOUT', 'third'),
    'a string',
    () => {},
    new DOMException('sixth', 'AbortError'),
    Object.assign(new Error('cycle'), { cause: 0 }),
  ])
  const cycle = /** @type {Error} */ (errors[6])
  cycle.cause = cycle
  const { load, calls } = gate()
  const here = errors.map((_, i) => errorOf(cache.getOrSet(i, load)))
  const { answer, end } = startWorker(
    async ({ SharedCache, MokapotError }, { handle, count }) => {
      const cache = SharedCache.attach(handle)
      const load = () => 'another'
      const ask = () => Promise.allSettled(Array.from({ length: count }, (_, i) => cache.getOrSet(i, load)))
      const seen = (await ask()).map((settled) => /** @type {any} */ (settled).reason)
      const again = (await ask()).map((settled) => /** @type {any} */ (settled).reason)
      const [first, second, third, fourth, fifth, sixth, seventh] = seen
      let depth = 0
      for (let error = seventh; error !== undefined && depth < 100; error = error.cause) depth++
      return {
        first: [first instanceof TypeError, first.message, first.code, first.stack],
        cause: [first.cause instanceof RangeError, first.cause.message, first.cause.cause],
        second: [second instanceof Error, String(second), 'code' in second, Object.keys(second)],
        third: [third instanceof MokapotError, third.code, third.message],
        rest: [fourth, fifth, String(sixth), depth < 100],
        again: again.map((error, i) => error === again[i] && String(error) === String(seen[i])),
      }
    },
    { handle: cache.handle, count: errors.length },
  )
  await coalesced(cache, errors.length)
  for (const [i, error] of errors.entries()) calls[i].reject(error)
  for (const [i, error] of (await Promise.all(here)).entries()) t.is(error, errors[i])
  const { first, cause, second, third, rest, again } = await answer
  t.deepEqual(first, [true, 'first', 'E_FIRST', /** @type {Error} */ (errors[0]).stack])
  t.deepEqual(cause, [true, 'inner', 'text'])
  t.deepEqual(second, [true, 'HttpError: second', false, []])
  t.deepEqual(third, [true, 'ERR_MOKAPOT_TIMEOUT', 'third'])
  t.deepEqual(rest, ['a string', 'a function', 'AbortError: sixth', true])
  t.deepEqual(
    again,
    errors.map(() => true),
  )
  t.is(cache.stats().loads, errors.length)
  await end
  cache.close()
})

test.serial('an error that stands does so in all threads, also when its thread has ended', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', errorTtl: '10s' })
  await inWorker(async ({ SharedCache }, handle) => {
    const load = () => Promise.reject(Object.assign(new Error('no'), { code: 'E_NO' }))
    await SharedCache.attach(handle)
      .getOrSet('key', load)
      .catch(() => {})
  }, cache.handle)
  const error = await errorOf(cache.getOrSet('key', () => t.fail()))
  t.deepEqual([error.message, error.code], ['no', 'E_NO'])
  t.is(await errorOf(cache.getOrSet('key', () => t.fail())), error, 'the same copy each time')
  advance(10_001)
  t.is(await cache.getOrSet('key', () => 1), 1)
  cache.close()
})

// --- Threads that end ------------------------------------------------------------------------------------------------------------

for (const [how, stop] of /** @type {const} */ ([
  ['is terminated', 'terminate'],
  ['exits', 'exit'],
  ['has nothing more to do', 'return'],
])) {
  test.serial(`when the thread that loads ${how}, one that waits loads in its place`, async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb' })
    const shared = counters()
    const { worker, end } = startWorker(
      ({ SharedCache, port }, { handle, stop, shared }) => {
        const cache = SharedCache.attach(handle)
        cache.getOrSet('key', () => new Promise(() => Atomics.store(shared, 0, 1)))
        if (stop === 'terminate') return new Promise((done) => port.once('message', done))
        setTimeout(() => stop === 'exit' && process.exit(0), 100)
        return undefined
      },
      { handle: cache.handle, stop, shared },
    )
    await until(shared, 0, 1)
    let loads = 0
    const asked = [1, 2, 3].map(() => cache.getOrSet('key', () => ++loads))
    t.is(loads, 0)
    if (stop === 'terminate') await worker.terminate()
    await end
    const ended = performance.now()
    t.deepEqual(await Promise.all(asked), [1, 1, 1])
    const took = performance.now() - ended
    t.log(`after ${took.toFixed()} ms`)
    t.true(took < 1000, `it took ${took} ms`) // the bar is 100 ms on a machine that is not busy
    t.is(cache.stats().loads, 2)
    cache.close()
  })
}

test.serial('whatever thread is terminated at whatever moment, all others get a value', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const random = randomFrom(20)
  const shared = counters()
  const [LOADS, LOADER] = [0, 1]
  /** A worker that asks when it is told to, and says when it has what it asked for. @param {number} id */
  const start = async (id) => {
    const started = startWorker(
      ({ SharedCache, port }, { handle, shared, id }) => {
        const [LOADS, LOADER] = [0, 1]
        const cache = SharedCache.attach(handle)
        const load = async (/** @type {any} */ key) => {
          Atomics.add(shared, LOADS, 1)
          Atomics.store(shared, LOADER, id)
          await new Promise((done) => setTimeout(done, Math.random() * 15))
          return key
        }
        port.postMessage('ready')
        return new Promise((done) => {
          port.on('message', async (round) => {
            if (round === 'end') {
              port.unref()
              return done(undefined)
            }
            const asked = Array.from({ length: 20 }, () => cache.getOrSet(round, load))
            const values = await Promise.all(asked)
            port.postMessage({ right: values.every((value) => value === round) })
          })
        })
      },
      { handle: cache.handle, shared, id },
    )
    /** @type {(seen: unknown) => void} */
    let tell = () => {}
    started.worker.on('message', (message) => tell(message.right ?? 'ready'))
    started.worker.once('exit', () => tell('gone'))
    await new Promise((ready) => {
      tell = ready
    })
    /** Whether it got what it asked for, or that it is gone. @param {number} round */
    const ask = (round) => {
      started.worker.postMessage(round)
      return new Promise((resolve) => {
        tell = resolve
      })
    }
    return { ...started, ask }
  }
  const workers = await Promise.all([0, 1, 2, 3].map(start))
  let terminations = 0
  for (let round = 1; round <= ROUNDS; round++) {
    Atomics.store(shared, LOADS, 0)
    Atomics.store(shared, LOADER, -1)
    const alive = new Set([0, 1, 2, 3])
    const settled = workers.map(({ ask }) => ask(round))
    const kills = Math.floor(random() * 3)
    for (let kill = 0; kill < kills; kill++) {
      // Mostly the one that loads, at some moment of its load; else any.
      await sleep(random() * 8)
      const loader = Atomics.load(shared, LOADER)
      const victim = random() < 0.8 && alive.has(loader) ? loader : Math.floor(random() * 4)
      if (!alive.delete(victim)) continue
      await workers[victim].worker.terminate()
      terminations++
    }
    const hang = sleep(20_000, 'hang', { ref: false })
    const seen = await Promise.race([Promise.all(settled), hang])
    t.not(seen, 'hang', `round ${round}`)
    for (const id of alive) t.is(/** @type {unknown[]} */ (seen)[id], true, `worker ${id} in round ${round}`)
    const loads = Atomics.load(shared, LOADS)
    t.true(loads >= 1 && loads <= 1 + 4 - alive.size, `${loads} loads with ${4 - alive.size} terminations`)
    for (const id of [0, 1, 2, 3]) if (!alive.has(id)) workers[id] = await start(id)
  }
  t.log(`${terminations} terminations in ${ROUNDS} rounds`)
  for (const { worker } of workers) worker.postMessage('end')
  await Promise.all(workers.map(({ end }) => end))
  cache.close()
})

test.serial('a caller that waits for another thread keeps its own alive', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { load, calls } = gate()
  const here = cache.getOrSet('key', load)
  // Nothing else keeps this worker alive: one that ends before it answers is an error.
  const { answer, end } = startWorker(
    ({ SharedCache }, handle) => SharedCache.attach(handle).getOrSet('key', () => 'another'),
    cache.handle,
  )
  await coalesced(cache)
  await sleep(200)
  calls[0].resolve('loaded')
  t.is(await answer, 'loaded')
  t.is(await here, 'loaded')
  t.is(await end, 0)
  cache.close()
})

for (const [name, said] of Object.entries({
  background: 'old',
  'waited before': 'loaded',
  timeout: 'loaded',
})) {
  test.serial(`nothing of loading keeps a process alive: ${name}`, async (t) => {
    const { code, stdout, stderr, lingered } = await runNode('idle-loading.mjs', { args: [name] })
    t.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${said}\n`, stderr: '' })
    t.true(lingered < 2000, `it went on for ${lingered} ms`)
  })
}

test.serial('who waits when the cache is closed still gets the value, and then it is let go', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const shared = counters()
  const { answer, end } = startWorker(
    async ({ SharedCache, native }, { handle, shared }) => {
      const cache = SharedCache.attach(handle)
      const asked = cache.getOrSet('key', () => 'another')
      cache.close()
      Atomics.store(shared, 0, 1)
      const value = await asked
      return [value, native.living()[0], await cache.getOrSet('key', () => 1).catch((error) => error.code)]
    },
    { handle: cache.handle, shared },
  )
  const { load, calls } = gate()
  const here = cache.getOrSet('key', load)
  await until(shared, 0, 1)
  cache.close()
  calls[0].resolve('loaded')
  t.is(await here, 'loaded')
  const [value, open, code] = await answer
  t.deepEqual([value, open, code], ['loaded', 0, 'ERR_MOKAPOT_CLOSED'])
  t.is(opened(), 0)
  await end
})

// --- Leaving --------------------------------------------------------------------------------------------------------------------

test.serial(
  'a load goes on while another thread waits, and is aborted when the last caller there leaves',
  async (t) => {
    const cache = new SharedCache({ maxBytes: '1mb' })
    const { load, calls } = gate()
    const controller = new AbortController()
    const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
    const { worker, answer, end } = startWorker(async ({ SharedCache, port }, handle) => {
      const controller = new AbortController()
      const load = () => 'another'
      const asked = SharedCache.attach(handle).getOrSet('key', load, { signal: controller.signal })
      port.once('message', () => controller.abort(new Error('enough')))
      return asked.catch((error) => error.message)
    }, cache.handle)
    await coalesced(cache)
    controller.abort()
    t.is((await left).name, 'AbortError')
    await sleep(120)
    t.false(calls[0].signal.aborted, 'the other thread waits')
    const aborted = new Promise((resolve) => calls[0].signal.addEventListener('abort', resolve))
    // A load for others alone keeps no thread alive; the worker may be gone before this one hears that it left.
    const alive = setInterval(() => {}, 1000)
    worker.postMessage('leave')
    t.is(await answer, 'enough')
    await aborted
    clearInterval(alive)
    calls[0].resolve('too late')
    t.is(await cache.getOrSet('key', () => 'new'), 'new')
    await end
    cache.close()
  },
)

test.serial('a load that another thread alone still waits for is joined again by callers here', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { load, calls } = gate()
  const controller = new AbortController()
  const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
  const { worker, end } = startWorker(
    ({ SharedCache }, handle) => SharedCache.attach(handle).getOrSet('key', () => 'another'),
    cache.handle,
  )
  await coalesced(cache)
  controller.abort()
  await left
  const again = cache.getOrSet('key', load)
  await worker.terminate()
  await end
  await sleep(120)
  t.false(calls[0].signal.aborted)
  calls[0].resolve('loaded')
  t.is(await again, 'loaded')
  t.is(calls.length, 1)
  cache.close()
})

test.serial('a load is aborted too when the only thread that waits for it is terminated', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { load, calls } = gate()
  const controller = new AbortController()
  const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
  const { worker } = startWorker(
    ({ SharedCache }, handle) => SharedCache.attach(handle).getOrSet('key', () => 'another'),
    cache.handle,
  )
  await coalesced(cache)
  controller.abort()
  await left
  const aborted = new Promise((resolve) => calls[0].signal.addEventListener('abort', resolve))
  const patience = setTimeout(() => {}, 10_000) // nothing here keeps this thread alive
  await worker.terminate()
  await aborted
  clearTimeout(patience)
  t.true(calls[0].signal.aborted)
  cache.close()
})

test.serial('a caller in another thread whose time is up leaves the load to go on', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { load, calls } = gate()
  const controller = new AbortController()
  const left = errorOf(cache.getOrSet('key', load, { signal: controller.signal }))
  const code = await inWorker(
    ({ SharedCache }, handle) =>
      SharedCache.attach(handle)
        .getOrSet('key', () => 'another', { timeout: 20 })
        .catch((error) => error.code),
    cache.handle,
  )
  t.is(code, 'ERR_MOKAPOT_TIMEOUT')
  controller.abort()
  await left
  t.false(calls[0].signal.aborted)
  calls[0].resolve('loaded')
  await sleep(1)
  t.is(cache.get('key'), 'loaded')
  cache.close()
})

test.serial('a value that is revalidated in one thread is served stale in the others', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', ttl: '1s', staleWhileRevalidate: '1h' })
  const { load, calls } = gate()
  cache.set('key', 'old')
  advance(2000)
  t.is(await cache.getOrSet('key', load), 'old')
  const seen = await inWorker(
    ({ SharedCache }, handle) => SharedCache.attach(handle).getOrSet('key', () => 'another'),
    cache.handle,
  )
  t.is(seen, 'old')
  t.is(cache.stats().loads, 1)
  calls[0].resolve('new')
  await sleep(1)
  t.is(cache.get('key'), 'new')
  cache.close()
})

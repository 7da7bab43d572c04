/** A process that was forked: a child that is sent a handle, a cluster's primary, or one of its workers. */

import cluster from 'node:cluster'

const { SharedCache } = await import('../../dist/index.mjs')

if (cluster.isWorker) work()
else if (process.argv[2] === 'cluster') await lead()
else receive()

function receive() {
  process.once('message', (/** @type {any} */ handle) => {
    let refused
    try {
      SharedCache.attach(handle)
    } catch (error) {
      refused = /** @type {any} */ (error).code
    }
    // The name of one of the parent's.
    const cache = SharedCache.open('everywhere', { maxBytes: '1mb' })
    const found = cache.size
    cache.set('key', 'of the child')
    process.send?.({ refused, found, own: cache.get('key'), handle: cache.handle })
    // Until the parent ends it, or says no more.
    process.on('message', () => {})
  })
}

/** Counts how often it is asked, in a cache that all workers of the cluster know by that name. */
function work() {
  const cache = SharedCache.open('counts', { maxBytes: '1mb' })
  process.on('message', () => {
    cache.set('count', (cache.get('count') ?? 0) + 1)
    process.send?.(cache.get('count'))
  })
  // A message that comes while nobody listens is lost.
  process.send?.('listening')
}

async function lead() {
  const own = SharedCache.open('counts', { maxBytes: '1mb' })
  own.set('count', 100)
  /** @typedef {import('node:cluster').Worker} Worker */
  const next = (/** @type {Worker} */ worker) => new Promise((resolve) => worker.once('message', resolve))
  const [first, second] = [cluster.fork(), cluster.fork()]
  await Promise.all([next(first), next(second)])
  const ask = (/** @type {Worker} */ worker) => {
    const answer = next(worker)
    worker.send('count')
    return answer
  }
  const seen = { first: [await ask(first), await ask(second)], second: [0, 0], after: 0 }
  seen.second = [1, await ask(second)]
  const end = new Promise((resolve) => first.once('exit', resolve))
  first.process.kill(/** @type {NodeJS.Signals} */ (process.argv[3]))
  await end
  seen.after = await ask(second)
  second.disconnect()
  process.send?.(seen, () => process.disconnect())
}

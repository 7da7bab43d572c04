/** A worker thread: the Fastify app. Each thread runs the same, and they share what was answered. */
import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, threadId } from 'node:worker_threads'
import fastify from 'fastify'
import { SharedCache } from 'mokapot'
import { answerCodec } from './answer.mjs'
import { responseCache } from './response-cache.mjs'

// By name, the first thread makes it and the others open it; options given must be the same everywhere.
/** @type {SharedCache<import('./answer.mjs').Outcome, string>} */
const cache = SharedCache.open('responses', { maxBytes: '16mb', ttl: '1m', codec: answerCodec })
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
let runs = 0
/** Tells one run of a route from another. */
const run = () => `run ${++runs} in thread ${threadId}`

// The proxy in front of the threads, here on the same machine, says by which name visitors know the site.
const app = fastify({ trustProxy: 'loopback' })
app.register(responseCache, { cache, vary: ['accept-language'] })
app.addHook('onClose', async () => {
  cache.close()
})
// The routes are a plugin of their own, so that the cache is there before they are.
app.register(async (routes) => {
  const kept = { config: { responseCache: { ttl: '5m' } } }
  routes.get('/report', kept, async () => {
    await delay(50) // the database
    return { total: 42, made: run() }
  })
  routes.get('/greeting', kept, async (request, reply) => {
    reply.header('vary', 'Accept-Language')
    return `${request.headers['accept-language'] === 'de' ? 'Guten Tag' : 'Good day'}, ${run()}`
  })
  routes.get('/image', kept, async (_request, reply) => {
    reply.type('image/gif').header('cache-control', 'max-age=60')
    return Buffer.from([0x47, 0x49, 0x46, 0xff, 0x00])
  })
  routes.get('/account', kept, async (_request, reply) => {
    reply.header('cache-control', 'private')
    return run()
  })
  routes.get('/basket', kept, async (_request, reply) => {
    reply.header('set-cookie', 'basket=b1')
    return run()
  })
  routes.get('/agent', kept, async (_request, reply) => {
    reply.header('vary', 'User-Agent')
    return run()
  })
  routes.get('/error', kept, async (_request, reply) => {
    reply.code(503)
    return run()
  })
  routes.get('/other', async () => run())
})

const address = await app.listen({ port: 0, host: '127.0.0.1' })
port.postMessage(address)
port.once('message', () => app.close())

/**
 * An HTTP server whose pages are made by a pool of worker threads, with one SharedCache for all of them.
 *
 * Hits are answered by the thread that has the sockets, straight from the cache: they cost no message to a worker. A miss
 * goes to a worker, and `getOrSet` there has a page made once, however many ask for it meanwhile, in whatever worker.
 *
 *   main.mjs     this file: the server, and what it shows
 *   pool.mjs     the pool: jobs in turn to each worker, a new worker for one that died
 *   worker.mjs   a worker thread: pages through the cache
 *   page.mjs     what takes the time
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { SharedCache } from 'mokapot'
import { WorkerPool } from './pool.mjs'

const WORKERS = 4

/** @type {SharedCache<string, string>} */
const pages = new SharedCache({ maxBytes: '64mb', ttl: '5m', codec: 'string' })
const pool = new WorkerPool(new URL('worker.mjs', import.meta.url), WORKERS, { pages: pages.handle })

const server = createServer(async (request, response) => {
  if (request.method !== 'GET') {
    response.writeHead(405, { allow: 'GET' }).end()
    return
  }
  try {
    const path = request.url ?? '/'
    const page = pages.get(path) ?? (await pool.run(path))
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page)
  } catch {
    // A real server logs the error here. The visitor learns nothing of it.
    response.writeHead(500).end()
  }
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

await show('one page, all at once', Array(100).fill('/tea'))
await show('the same page again', Array(100).fill('/tea'))
await show(
  '20 other pages, all at once',
  Array.from({ length: 200 }, (_, index) => `/page/${index % 20}`),
)
await show('a page that kills the worker that makes it', ['/crash'])
await show('new pages, from the same pool', ['/a', '/b', '/c', '/d'])

server.close()
// All answers are read, so what is still open only waits for a next request.
server.closeAllConnections()
await pool.close()
pages.close()

/**
 * Asks for all paths at once and tells what that took.
 *
 * @param {string} what
 * @param {Iterable<string>} paths
 */
async function show(what, paths) {
  const before = { loads: pages.stats().loads, jobs: pool.jobs }
  const statuses = await Promise.all(Array.from(paths, ask))
  const loads = pages.stats().loads - before.loads
  const who = pool.jobs === before.jobs ? 'no worker was asked' : 'the pool was asked'
  console.log(`${plural(loads, 'load')} for ${plural(statuses.length, 'request')}: ${what}`)
  console.log(`    answered ${[...new Set(statuses)].join(' and ')}, ${who}`)
}

/** @param {string} path */
async function ask(path) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  await response.text()
  return response.status
}

/**
 * @param {number} count
 * @param {string} noun
 */
function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

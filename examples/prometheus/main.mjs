/**
 * Statistics of caches for Prometheus: a server with `/metrics`, some use of two caches, and what a scrape then reads.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { Cache, SharedCache } from 'mokapot'
import { Registry } from 'prom-client'
import { exportCaches } from './metrics.mjs'

/** @type {Cache<number, string>} */
const users = new Cache({ max: 100 })
/** @type {SharedCache<string, string>} */
const pages = new SharedCache({ maxBytes: '16mb', codec: 'string' })

// A registry of its own shows the caches alone. An app gives prom-client's default `register`.
const registry = new Registry()
const caches = new Map(Object.entries({ users, pages }))
exportCaches(registry, caches)

const server = createServer(async (request, response) => {
  if (request.url !== '/metrics') {
    response.writeHead(404).end()
    return
  }
  try {
    const metrics = await registry.metrics()
    response.writeHead(200, { 'content-type': registry.contentType }).end(metrics)
  } catch {
    response.writeHead(500).end()
  }
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

for (const id of [1, 2, 1, 1]) users.memo(id, (id) => `user ${id}`)
pages.set('/', '<h1>Hello</h1>')
await Promise.all([pages.getOrSet('/tea', loadPage), pages.getOrSet('/tea', loadPage)])
console.log(await scrape())

// A second scrape reads the counts as they are then, not added to those of the first.
users.get(1)
console.log('After one more hit:')
console.log(lines(await scrape(), /^mokapot_hits_total\{cache="users"\}/))

caches.delete('users')
users.close()
console.log(`After a cache was closed: ${lines(await scrape(), /"users"/) || 'no more of it'}`)

server.close()
server.closeAllConnections()
pages.close()

async function scrape() {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`)
  return response.text()
}

/** @param {string} path */
async function loadPage(path) {
  return `<h1>${path}</h1>`
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 */
function lines(text, pattern) {
  return text
    .split('\n')
    .filter((line) => pattern.test(line))
    .join('\n')
}

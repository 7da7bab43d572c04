/**
 * An Express app with a cache in front of its routes: what is kept, for whom, and what is not.
 *
 *   main.mjs                this file: the app, and requests to it
 *   response-cache.mjs      the middleware
 *   recording.mjs           listens in while an answer is written
 *   ../response-rules.mjs   what HTTP lets a shared cache keep
 */
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import express from 'express'
import { responseCache } from './response-cache.mjs'

const pages = responseCache({ maxBytes: 16 * 1024 * 1024, ttl: '5m', vary: ['accept-language'] })
const app = express()
/** How often a route was run, by path. @type {Map<string, number>} */
const runs = new Map()

// Two languages are two answers, whatever else browsers write into this header.
app.use((request, _response, next) => {
  request.headers['accept-language'] = request.acceptsLanguages('en', 'de') || 'en'
  next()
})
app.use(pages)
app.use((request, _response, next) => {
  runs.set(request.path, (runs.get(request.path) ?? 0) + 1)
  next()
})

app.get('/report', async (_request, response) => {
  await delay(50) // the database
  response.json({ total: 42 })
})
app.get('/greeting', (request, response) => {
  response.vary('Accept-Language')
  response.send(request.headers['accept-language'] === 'de' ? 'Guten Tag' : 'Good day')
})
app.get('/stream', (_request, response) => {
  Readable.from(['one ', 'two ', 'three']).pipe(response.type('text/plain'))
})
app.get('/account', (_request, response) => {
  response.set('Cache-Control', 'private').send('yours')
})
app.get('/basket', (_request, response) => {
  response.cookie('basket', 'b1').send('empty')
})
app.get('/agent', (request, response) => {
  response.vary('User-Agent').send(request.get('user-agent'))
})
app.get('/large', (_request, response) => {
  response.send(Buffer.alloc(5 * 1024 * 1024))
})

const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())

await Promise.all(Array.from({ length: 100 }, () => ask('/report')))
console.log(`${runs.get('/report')} run for 100 requests at once`)

const [first, second] = [await ask('/report'), await ask('/report')]
console.log(
  `kept: ${second.text}, ${second.headers.get('content-type')}, x-cache ${second.headers.get('x-cache')}`,
)
const etag = first.headers.get('etag') ?? ''
// Left to itself, fetch would ask for a forced reload here.
const conditional = { 'if-none-match': etag, 'cache-control': 'max-age=60' }
console.log(`with its ETag: ${(await ask('/report', conditional)).status}`)
await ask('/report', { 'cache-control': 'no-cache' })
console.log(`after a forced reload: ${runs.get('/report')} runs`)

for (const language of ['de-AT,de;q=0.9', 'de', 'en-GB', 'fr']) {
  const { text, headers } = await ask('/greeting', { 'accept-language': language })
  console.log(`in ${language}: ${text}, ${headers.get('x-cache')}`)
}

await ask('/stream')
console.log(`a stream: ${(await ask('/stream')).text}, ${runs.get('/stream')} run for 2 requests`)

console.log('Not kept, 2 requests each:')
await twice('Cache-Control: private', '/account')
await twice('a cookie that is set', '/basket')
await twice('Vary on what is not in the key', '/agent')
await twice('a body above a quarter of the limit', '/large')
await twice('an error', '/nothing')
runs.clear()
await twice('a request with Authorization', '/report', { authorization: 'Bearer x' })
runs.clear()
await twice('a request with a cookie', '/report', { cookie: 'basket=b1' })

runs.clear()
pages.cache.clear()
await ask('/report')
console.log(`after the content changed: ${runs.get('/report')} run`)

server.close()
server.closeAllConnections()
pages.cache.close()

/**
 * @param {string} what
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
async function twice(what, path, headers) {
  await ask(path, headers)
  await ask(path, headers)
  console.log(`  ${what}: ${runs.get(path)} runs`)
}

/**
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
async function ask(path, headers = {}) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

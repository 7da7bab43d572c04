/**
 * A Fastify app in two worker threads that answer from one cache: what is kept, for whom, and what is not.
 *
 *   main.mjs                this file: starts the threads and asks both in turn
 *   server.mjs              a worker thread: the app
 *   response-cache.mjs      the plugin
 *   answer.mjs              an answer as it is kept, and its codec
 *   ../response-rules.mjs   what HTTP lets a shared cache keep
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

const workers = [1, 2].map(() => new Worker(new URL('server.mjs', import.meta.url)))
/** @type {string[]} */
const addresses = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
let turn = 0

const reports = await Promise.all(Array.from({ length: 100 }, () => ask('/report')))
console.log(`${distinct(reports)} run for 100 requests at once to ${addresses.length} threads`)
const [report] = reports
console.log(`kept: ${report.headers.get('content-type')}, the total is ${JSON.parse(report.text).total}`)

/** @type {Answer[]} */
const greetings = []
for (const language of ['de', 'de', 'en', 'en']) {
  greetings.push(await ask('/greeting', { 'accept-language': language }))
}
console.log(`${distinct(greetings)} runs for 4 requests in 2 languages`)

await ask('/image')
const image = await ask('/image')
console.log(`an image: ${image.headers.get('x-cache')}, ${image.headers.get('content-type')}, ${image.hex}`)

console.log('Not kept, 2 requests each:')
await twice('Cache-Control: private', '/account')
await twice('a cookie that is set', '/basket')
await twice('Vary on what is not in the key', '/agent')
await twice('an error', '/error')
await twice('a request with Authorization', '/report', { authorization: 'Bearer x' })
await twice('a request with a cookie', '/report', { cookie: 'basket=b1' })
await twice('a route that did not ask for it', '/other')

for (const worker of workers) worker.postMessage('close')
await Promise.all(workers.map((worker) => once(worker, 'exit')))

/**
 * @param {string} what
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
async function twice(what, path, headers) {
  console.log(`  ${what}: ${distinct([await ask(path, headers), await ask(path, headers)])} runs`)
}

/**
 * Each run of a route says something else.
 *
 * @param {readonly Answer[]} answers
 */
function distinct(answers) {
  return new Set(answers.map(({ text }) => text)).size
}

/** @typedef {Awaited<ReturnType<typeof ask>>} Answer */

/**
 * Asks the threads in turn, as a proxy in front of them would.
 *
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
async function ask(path, headers = {}) {
  const address = addresses[turn++ % addresses.length]
  const response = await fetch(`${address}${path}`, {
    headers: { 'x-forwarded-host': 'www.example.com', ...headers },
  })
  const body = Buffer.from(await response.arrayBuffer())
  return { headers: response.headers, text: body.toString(), hex: body.toString('hex') }
}

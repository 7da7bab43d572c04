/** A worker thread: serves the pages over HTTP, each from the cache or else rendered and put there. */
import { createServer } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { render } from './render.mjs'
import { openStore } from './stores.mjs'

/**
 * @typedef {object} ServerData
 * @property {import('./stores.mjs').StoreData} store
 * @property {{ key: string, file: string }[]} pages
 * @property {string[]} warmUp Files to render before the first request.
 */

/**
 * @typedef {object} Report
 * @property {number} hits
 * @property {number} renders
 * @property {number} renderedBytes
 * @property {number} bytes What the cache holds.
 * @property {number[]} held The pages that it holds.
 * @property {number} v8Bytes The JavaScript heap and the buffers of this thread.
 */

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
const { pages, store: storeData, warmUp } = /** @type {ServerData} */ (workerData)
const store = openStore(storeData)
let hits = 0
let renders = 0
let renderedBytes = 0

for (const file of warmUp) render(file)

const server = createServer((request, response) => {
  const page = pages[Number(request.url?.slice(1))]
  if (page === undefined) {
    response.writeHead(404).end()
    return
  }
  const html = htmlOf(page)
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': html.byteLength })
  response.end(html)
})
// A connection may be idle for as long as the other requests render.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => {
  collectGarbage()
  port.postMessage(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
})
port.on('message', () => port.postMessage(report()))

/**
 * Rendering takes the thread for itself in any case, so nothing here is asynchronous.
 *
 * @param {{ key: string, file: string }} page
 */
function htmlOf({ key, file }) {
  const cached = store.get(key)
  if (cached !== undefined) {
    hits += 1
    return cached
  }
  renders += 1
  const html = render(file)
  renderedBytes += html.byteLength
  store.set(key, html)
  return html
}

/** @returns {Report} */
function report() {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  const held = pages.flatMap(({ key }, page) => (store.has(key) ? [page] : []))
  return { hits, renders, renderedBytes, bytes: store.bytes(), held, v8Bytes: heapUsed + external }
}

function collectGarbage() {
  globalThis.gc?.()
}

/** A child process: one round, with two workers that serve, a client that asks, and what came of it. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { answer } from './child.mjs'
import { visit } from './client.mjs'
import { spread } from './documents.mjs'
import { makeStore } from './stores.mjs'

const WORKERS = 2

/** Each worker renders so many documents before the first request, so that no round begins with a cold compiler. */
const WARM_UP = 20

/** What the last answers leave behind is freed after they were sent. */
const SETTLE_MS = 100

/**
 * @typedef {object} Order
 * @property {import('./stores.mjs').StoreName} store
 * @property {number} limit
 * @property {import('./survey.mjs').Document[]} documents
 * @property {import('./main.mjs').Site} site
 */

/**
 * @typedef {object} Result
 * @property {number} requests
 * @property {number} hits
 * @property {number} renders
 * @property {number} renderedBytes The HTML made by the renders: a long page costs more than a short one.
 * @property {number} wrong Answers that were not the page's own HTML.
 * @property {number} seconds
 * @property {number} cpuSeconds Of all threads together, which other work on the machine hardly touches.
 * @property {number} p50 In milliseconds.
 * @property {number} p99
 * @property {number} bytes What the caches hold, as they count it.
 * @property {number} entries
 * @property {number} distinct The pages among the entries; two workers may hold the same one.
 * @property {number} v8Bytes The JavaScript heaps and buffers of the workers.
 * @property {number} rssBefore Of the whole process, warmed up, before the first request.
 * @property {number} rss The same after the last request.
 */

answer(async (/** @type {Order} */ { store, limit, documents, site }, onProgress) => {
  const workers = startWorkers(makeStore(store, limit, WORKERS), documents, site)
  const ports = /** @type {number[]} */ (await answers(workers))
  const rssBefore = await settledRss()

  const cpuBefore = process.cpuUsage()
  const started = performance.now()
  const digestOf = (/** @type {number} */ page) => documents[site.pages[page].document].digest
  const { latencies, wrong } = await visit(ports, site.sequence, digestOf, onProgress)
  const seconds = (performance.now() - started) / 1000
  const cpu = process.cpuUsage(cpuBefore)

  for (const worker of workers) worker.postMessage('report')
  const reports = /** @type {import('./server.mjs').Report[]} */ (await answers(workers))
  const rss = await settledRss()
  await Promise.all(workers.map((worker) => worker.terminate()))

  latencies.sort()
  const total = (/** @type {'hits' | 'renders' | 'renderedBytes' | 'bytes' | 'v8Bytes'} */ field) =>
    reports.reduce((sum, report) => sum + report[field], 0)
  const shared = store === 'shared'
  /** @type {Result} */
  const result = {
    requests: site.sequence.length,
    hits: total('hits'),
    renders: total('renders'),
    renderedBytes: total('renderedBytes'),
    wrong,
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    bytes: shared ? reports[0].bytes : total('bytes'),
    entries: shared ? reports[0].held.length : reports.reduce((sum, { held }) => sum + held.length, 0),
    distinct: new Set(reports.flatMap(({ held }) => held)).size,
    v8Bytes: total('v8Bytes'),
    rssBefore,
    rss,
  }
  return result
})

/**
 * @param {import('./stores.mjs').StoreData} store
 * @param {readonly import('./survey.mjs').Document[]} documents
 * @param {import('./main.mjs').Site} site
 */
function startWorkers(store, documents, site) {
  /** @type {import('./server.mjs').ServerData} */
  const workerData = {
    store,
    pages: site.pages.map(({ key, document }) => ({ key, file: documents[document].file })),
    warmUp: spread(documents, WARM_UP).map(({ file }) => file),
  }
  return Array.from(
    { length: WORKERS },
    () => new Worker(new URL('server.mjs', import.meta.url), { workerData }),
  )
}

/**
 * The next message of each worker; a worker that fails instead fails the round.
 *
 * @param {readonly Worker[]} workers
 */
function answers(workers) {
  return Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
}

async function settledRss() {
  globalThis.gc?.()
  await new Promise((done) => setTimeout(done, SETTLE_MS))
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

/**
 * @param {Float64Array} sorted
 * @param {number} part
 */
function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}

/**
 * The demo: the same web site served twice by two worker threads, first with one lru-cache in each worker, then with
 * one SharedCache for both, at the same number of bytes in total. Run it with `npm run demo`; `--help` tells the flags.
 *
 * Nothing in it is simulated but the visitors. The documents are the Markdown files of the installed dependencies. On
 * a miss a worker reads the file, renders it with markdown-it and highlight.js, and caches the HTML; a hit is sent from
 * the cache. The visitors' requests go over HTTP on loopback, in turn to each worker, and every answer is compared with
 * the document's own rendering.
 *
 *   main.mjs        this file: the order of events
 *   options.mjs     flags
 *   survey.mjs      child process: finds the documents and renders each once, to know the sizes
 *   documents.mjs   which files count as documents
 *   render.mjs      Markdown to HTML
 *   requests.mjs    who asks for what: readers by Zipf's law and a crawler ...
 *   access-log.mjs  ... or your own access log
 *   round.mjs       child process: two workers, the client and the measurements of one round
 *   server.mjs      worker thread: the HTTP server, in which the cache is used
 *   stores.mjs      the two caches
 *   client.mjs      the requests over HTTP and their latencies
 *   child.mjs       how main and its child processes talk
 *   progress.mjs, table.mjs   what you see
 */
import { readAccessLog } from './access-log.mjs'
import { runInChild } from './child.mjs'
import { HELP, Refusal, readOptions } from './options.mjs'
import { Progress } from './progress.mjs'
import { crawledSite } from './requests.mjs'
import { count, size, summary, table } from './table.mjs'

/** The share of the rendered site that fits into the cache: small enough that who stays matters. */
const SHARE = 0.25

/** @type {readonly { title: string, store: import('./stores.mjs').StoreName }[]} */
const ROUNDS = [
  { title: 'lru-cache per worker', store: 'lru' },
  { title: 'one SharedCache', store: 'shared' },
]

/** A smaller limit than so many largest pages, or than so many bytes, would refuse pages for their size alone. */
const LEAST_PAGES = 5
const LEAST_BYTES = 64 * 1024

/**
 * @typedef {object} Page What is cached: an address and the number of the document that is its content.
 * @property {string} key
 * @property {number} document
 */

/** @typedef {{ pages: Page[], sequence: Uint32Array, story: string }} Site `sequence` holds numbers of pages. */

process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  // Whoever reads, such as `head`, has seen enough.
  if (error.code === 'EPIPE') process.exit()
  throw error
})

try {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') console.log(HELP)
  else await demo(options)
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(error.message)
  process.exitCode = 1
}

/** @param {import('./options.mjs').Options} options */
async function demo(options) {
  // Read first: a wrong file is told before the work begins.
  const log = options.log === undefined ? undefined : await readAccessLog(options.log, options.requests)
  const { documents, found, left } = await survey(options.documents)
  const kept = documents.length === found ? '' : `, of ${count(found)} found (${left})`
  console.log(`Documents: ${count(documents.length)} Markdown files under node_modules${kept}.`)

  const site = log ? loggedSite(log, documents.length) : crawledSite(documents, options)
  console.log(`Requests:  ${site.story}.`)

  const limit = limitFor(site.pages, documents)
  console.log(`Limit:     ${limit.bytes.toLocaleString('en-US')} bytes, ${limit.reason}.\n`)

  const rounds = []
  for (const [index, { title, store }] of ROUNDS.entries()) {
    const step = `Round ${index + 1} of ${ROUNDS.length}, ${title}`
    rounds.push({ title, ...(await round(step, { store, limit: limit.bytes, documents, site })) })
  }
  console.log(`\n${table(rounds, limit.bytes)}\n`)
  console.log(summary(rounds))
}

/**
 * @param {number} most
 * @returns {Promise<import('./survey.mjs').Survey>}
 */
async function survey(most) {
  const progress = new Progress('Rendering each document once')
  const result = await runInChild(new URL('./survey.mjs', import.meta.url), { most }, (done, total) =>
    progress.show(done, total, 'documents'),
  )
  progress.end()
  return result
}

/**
 * Each round has a process of its own, so that neither pays for the other's garbage.
 *
 * @param {string} title
 * @param {import('./round.mjs').Order} order
 * @returns {Promise<import('./round.mjs').Result>}
 */
async function round(title, order) {
  const progress = new Progress(title)
  const result = await runInChild(new URL('./round.mjs', import.meta.url), order, (done, total) =>
    progress.show(done, total, 'requests'),
  )
  progress.end()
  if (result.wrong > 0) {
    throw new Refusal(`${title}: ${count(result.wrong)} answers differ from the document's own rendering.`)
  }
  return result
}

/**
 * Every distinct key of the log is a page; its content is the next document, from the first again after the last.
 *
 * @param {import('./access-log.mjs').AccessLog} log
 * @param {number} documents
 * @returns {Site}
 */
function loggedSite({ keys, sequence, story }, documents) {
  return { pages: keys.map((key, index) => ({ key, document: index % documents })), sequence, story }
}

/**
 * @param {readonly Page[]} pages
 * @param {readonly import('./survey.mjs').Document[]} documents
 */
function limitFor(pages, documents) {
  const sizes = pages.map(({ key, document }) => documents[document].htmlBytes + Buffer.byteLength(key))
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const largest = sizes.reduce((most, bytes) => Math.max(most, bytes), 0)
  const share = Math.floor(total * SHARE)
  const least = Math.max(largest * LEAST_PAGES, LEAST_BYTES)
  const what = `${SHARE * 100} % of the ${count(pages.length)} pages' HTML and keys (${size(total)})`
  return share >= least
    ? { bytes: share, reason: what }
    : { bytes: least, reason: `the least that does well with the largest page, more than ${what}` }
}

/** The visitors: asks for the pages in their order, in turn of each worker, and takes the time of every answer. */
import { hash } from 'node:crypto'
import { Agent, get } from 'node:http'

/** So many requests are under way at once. */
const CONCURRENCY = 4

const PROGRESS_EVERY_MS = 250

/**
 * Resolves with the latencies in milliseconds and the number of answers that were not the page's own HTML.
 *
 * @param {readonly number[]} ports
 * @param {Uint32Array} sequence
 * @param {(page: number) => string} digestOf
 * @param {(done: number, total: number) => void} onProgress
 */
export async function visit(ports, sequence, digestOf, onProgress) {
  const agents = ports.map(() => new Agent({ keepAlive: true }))
  const latencies = new Float64Array(sequence.length)
  let next = 0
  let done = 0
  let wrong = 0
  let shownAt = performance.now()

  const visitor = async () => {
    while (next < sequence.length) {
      const index = next++
      const page = sequence[index]
      const worker = index % ports.length
      const started = process.hrtime.bigint()
      const { status, body } = await request(ports[worker], agents[worker], page)
      latencies[index] = Number(process.hrtime.bigint() - started) / 1e6
      if (status !== 200 || hash('sha1', body) !== digestOf(page)) wrong += 1
      done += 1
      if (performance.now() - shownAt >= PROGRESS_EVERY_MS || done === sequence.length) {
        shownAt = performance.now()
        onProgress(done, sequence.length)
      }
    }
  }
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, visitor))
  } finally {
    for (const agent of agents) agent.destroy()
  }
  return { latencies, wrong }
}

/**
 * @param {number} port
 * @param {Agent} agent
 * @param {number} page
 * @returns {Promise<{ status: number | undefined, body: Buffer }>}
 */
function request(port, agent, page) {
  return new Promise((done, failed) => {
    get({ host: '127.0.0.1', port, path: `/${page}`, agent }, (response) => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', failed)
      response.on('end', () => done({ status: response.statusCode, body: Buffer.concat(chunks) }))
    }).on('error', failed)
  })
}

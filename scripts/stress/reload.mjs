/** Workers that load the addon, which nobody else does, one after the other. */

import { Worker } from 'node:worker_threads'
import { median, must, residentAfterCollection, scaled, within } from './common.mjs'

export const about = 'workers that load the addon, while no other thread has it'

/** Resident memory may grow by that much over the second half, in MiB. */
const MOST_GROWN = 4
const LOOKS = { strict: 20, lenient: 2 }

const LIBRARY = new URL('../../dist/index.js', import.meta.url)
const CODE = `
  const { workerData, parentPort } = require('node:worker_threads')
  const { Cache, SharedCache } = require(workerData.library)
  if (workerData.uses) {
    new Cache({ max: 10, ttl: 1000 }).set('key', 1)
    const cache = SharedCache.open('by each', { maxBytes: '1mb', near: 10 })
    if (cache.size !== 0) throw new Error('a cache has outlived its worker')
    cache.set('key', 'x'.repeat(10_000))
    cache.get('key')
  }
`

/** @param {import('./common.mjs').Told} told */
export async function run({ scale, strict, log }) {
  const cycles = scaled(500, scale, 6)
  const every = Math.ceil(cycles / (strict ? LOOKS.strict : LOOKS.lenient))
  /** @type {number[]} */
  const resident = []
  for (let cycle = 0; cycle < cycles; cycle++) {
    // Half of them only load it.
    const worker = new Worker(CODE, {
      eval: true,
      workerData: { library: LIBRARY.pathname, uses: cycle % 2 === 1 },
    })
    const end = new Promise((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', resolve)
    })
    must((await within(end, 'the end of a worker')) === 0, 'a worker ended with an error')
    if (cycle % every === every - 1) resident.push(await residentAfterCollection())
  }
  const half = resident.slice(resident.length >> 1)
  const grown = median(half.slice(-3)) - median(half.slice(0, 3))
  log(`${cycles} cycles`)
  log(
    `resident memory: ${resident.map((mib) => mib.toFixed(0)).join(' ')} MiB; grown by ${grown.toFixed(1)} MiB`,
  )
  must(!strict || scale < 0.5 || grown < MOST_GROWN, `resident memory grew by ${grown.toFixed(1)} MiB`)
}

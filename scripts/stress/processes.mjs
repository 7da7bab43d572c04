/** Cluster and child processes: each has caches of its own, and what one does to itself harms no other. */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { must, randomFrom, scaled, within } from './common.mjs'

export const about = 'cluster and child processes, with handles sent between them'

const CHILD = fileURLToPath(new URL('./processes-child.mjs', import.meta.url))

/** @param {import('./common.mjs').Told} told */
export async function run({ seed, scale, log }) {
  const { SharedCache } = await import('../../dist/index.mjs')
  const { native } = await import('../../dist/native.js')
  const random = randomFrom(seed)
  const rounds = scaled(40, scale, 1)
  const cache = SharedCache.open('everywhere', { maxBytes: '1mb' })
  cache.set('key', 'of the parent')
  let killed = 0
  for (let round = 0; round < rounds; round++) {
    for (const serialization of /** @type {const} */ (['json', 'advanced'])) {
      const child = fork(CHILD, ['child'], { serialization, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      const end = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
      const answer = new Promise((resolve, reject) => {
        child.once('message', resolve)
        child.once('exit', (code) => reject(new Error(`a child ended with ${code} and did not answer`)))
      })
      child.send(cache.handle)
      const seen = /** @type {any} */ (await within(answer, 'a child'))
      must(
        seen.refused === 'ERR_MOKAPOT_OTHER_COPY',
        `a child got for its parent's handle: ${JSON.stringify(seen)}`,
      )
      must(seen.own === 'of the child', 'a child does not read its own cache')
      must(seen.found === 0, 'a child sees entries of its parent')
      let refused
      try {
        SharedCache.attach(seen.handle)
      } catch (error) {
        refused = /** @type {any} */ (error).code
      }
      must(refused === 'ERR_MOKAPOT_OTHER_COPY', `the handle of a child gives ${refused}`)
      const isKilled = random() < 0.5
      if (isKilled) child.kill('SIGKILL')
      else child.disconnect()
      must(
        (await within(end, 'the end of a child')) === (isKilled ? 'SIGKILL' : 0),
        'a child ended otherwise',
      )
      if (isKilled) killed++
      must(cache.get('key') === 'of the parent' && cache.size === 1, 'a child has changed its parent')
    }
    await clusterRound(random() < 0.5)
  }
  must(native.living()[1] === 1, 'caches are left over')
  cache.close()
  log(`${2 * rounds} children (${killed} killed) and ${rounds} clusters of 2, no handle taken for another's`)
}

/**
 * A cluster, whose workers serve requests from caches of their own, and one of which dies.
 *
 * @param {boolean} isKilled
 */
async function clusterRound(isKilled) {
  const primary = fork(CHILD, ['cluster', isKilled ? 'SIGKILL' : 'SIGTERM'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const end = new Promise((resolve) => primary.once('exit', (code, signal) => resolve(signal ?? code)))
  const answer = new Promise((resolve, reject) => {
    primary.once('message', resolve)
    primary.once('exit', (code) => reject(new Error(`a cluster ended with ${code} and did not answer`)))
  })
  const seen = /** @type {any} */ (await within(answer, 'a cluster'))
  must(
    JSON.stringify(seen) === JSON.stringify({ first: [1, 1], second: [1, 2], after: 3 }),
    `a cluster counted ${JSON.stringify(seen)}`,
  )
  must((await within(end, 'the end of a cluster')) === 0, 'a cluster ended with an error')
}

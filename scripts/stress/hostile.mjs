/** Callbacks that throw, use the cache that calls them, close it, or never settle. */

import { randomFrom, scaled } from './common.mjs'
import { hostileCache } from './hostile-cache.mjs'
import { hostileShared } from './hostile-shared.mjs'
import { checkError } from './trouble.mjs'

export const about = 'callbacks that throw, re-enter, close the cache, never settle'

const OPERATIONS = 300

/** @param {import('./common.mjs').Told} told */
export async function run({ seed, scale, log }) {
  const lives = scaled(4000, scale, 20)
  // What a sweep meets has no caller to go to.
  process.on('uncaughtException', (error) => {
    checkError(error, ['ERR_MOKAPOT_INVALID_OPTION'])
    fromSweeps++
  })
  let fromSweeps = 0
  for (const [name, live] of /** @type {const} */ ([
    ['Cache', hostileCache],
    ['SharedCache', hostileShared],
  ])) {
    let loads = 0
    for (let life = 0; life < lives; life++) {
      try {
        loads += await live(randomFrom(seed + life), OPERATIONS)
      } catch (error) {
        log(`in a ${name} of seed ${seed + life}:`)
        throw error
      }
    }
    log(
      `${name}: ${lives} lives of up to ${OPERATIONS} operations and what their callbacks did, ${loads} loads`,
    )
  }
  log(`${fromSweeps} times a callback threw in a sweep`)
}

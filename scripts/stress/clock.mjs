/** Clocks that jump and processes that stand still: nothing expires early, and nothing that has expired is returned. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { must, scaled, sleep, within } from './common.mjs'

export const about = 'Date moved by a year either way, a process stopped by SIGSTOP'

const YEAR = 365 * 24 * 3600 * 1000
const CHILD = fileURLToPath(new URL('./clock-child.mjs', import.meta.url))

/** @param {import('./common.mjs').Told} told */
export async function run({ scale, log }) {
  for (const jump of [YEAR, -YEAR]) await jumped(jump)
  log('Date.now moved by a year either way: no early expiry, none late')
  if (process.platform === 'win32') return
  const rounds = scaled(3, scale, 1)
  for (let round = 0; round < rounds; round++) {
    const { reads, late } = await stopped(scale < 0.5 ? 1500 : 5000)
    log(
      `stopped by SIGSTOP: ${reads} reads right after, what expired was returned for ${late.toFixed(2)} ms of running time at most`,
    )
  }
}

/**
 * With all of `Date` moved under caches that hold something.
 *
 * @param {number} jump
 */
async function jumped(jump) {
  const { Cache, SharedCache, cached } = await import('../../dist/index.mjs')
  const RealDate = Date
  let calls = 0
  const caches = [
    new Cache({ max: 100 }),
    new SharedCache({ maxBytes: '1mb' }),
    new SharedCache({ maxBytes: '1mb', near: 10 }),
  ]
  const fn = cached(() => ++calls, { ttl: '1h', tti: '1h' })
  fn()
  for (const cache of caches) {
    cache.set('hour', 1, { ttl: '1h' })
    cache.set('idle', 1, { tti: '1h' })
    cache.set('short', 1, { ttl: 200 })
    cache.get('hour')
  }
  const began = performance.now()
  try {
    globalThis.Date = /** @type {any} */ (
      class extends RealDate {
        /** @param {any[]} args */
        constructor(...args) {
          if (args.length === 0) super(RealDate.now() + jump)
          else super(.../** @type {[any]} */ (args))
        }
        /** @override */
        static now() {
          return RealDate.now() + jump
        }
      }
    )
    for (const cache of caches) {
      const name = cache.constructor.name
      must(cache.get('hour') === 1, `${name}: an hour is over too soon`)
      must(cache.get('idle') === 1, `${name}: idled out too soon`)
      must((cache.info('hour')?.remaining ?? 0) > 3_500_000, `${name}: less is left than should be`)
      must(cache.purgeExpired() <= 1, `${name}: too much was purged`)
      cache.set('new', 1, { ttl: '1h' })
      must(cache.get('new') === 1, `${name}: what is new has expired`)
      must((await cache.getOrSet('loaded', async () => 1, { ttl: '1h' })) === 1, 'a load does not work')
      must(cache.get('loaded') === 1, `${name}: what was loaded has expired`)
      const isEarly = cache.get('short') === undefined && performance.now() - began < 200
      must(!isEarly, `${name}: 200 ms are over too soon`)
    }
    fn()
    must(calls === 1, 'cached() called again')
    await sleep(Math.max(0, began + 250 - performance.now()))
    for (const cache of caches) {
      must(cache.get('short') === undefined, `${cache.constructor.name}: 200 ms do not end`)
      must(cache.get('hour') === 1, `${cache.constructor.name}: an hour is over too soon`)
    }
  } finally {
    globalThis.Date = RealDate
  }
  for (const cache of caches) cache.close()
}

/**
 * A process that reads all the time, stopped amid that.
 *
 * @param {number} milliseconds
 * @returns {Promise<{ reads: number, late: number }>}
 */
async function stopped(milliseconds) {
  const child = spawn(process.execPath, [CHILD, String(milliseconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  /** @type {Promise<void>} */
  const ready = new Promise((resolve) =>
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      if (output.includes('ready')) resolve()
    }),
  )
  const end = new Promise((resolve) => child.once('close', resolve))
  try {
    await within(ready, 'a process that is to be stopped')
    await sleep(20)
    child.kill('SIGSTOP')
    await sleep(milliseconds)
    child.kill('SIGCONT')
    const code = await within(end, 'a process that was stopped')
    must(code === 0, `a process that was stopped saw: ${output}`)
    return JSON.parse(output.slice(output.indexOf('{')))
  } finally {
    child.kill('SIGKILL')
  }
}

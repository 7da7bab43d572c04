/**
 * A process that is stopped for so many milliseconds while it reads: `node clock-child.mjs MILLISECONDS`. Prints for how
 * much running time it was given what had expired meanwhile.
 */

import { Cache, SharedCache } from '../../dist/index.mjs'

const stop = Number(process.argv[2])
/** A turn of the loop that took as long is none: the process stood still, or others had the processor. */
const PAUSE = 1
/** So much running time may pass after a pause until all know the time, in milliseconds: 2 with a processor to itself. */
const MOST_LATE = 100

const caches = [
  new Cache({ max: 10 }),
  new Cache({ max: 10, clock: performance }),
  new SharedCache({ maxBytes: '1mb' }),
  new SharedCache({ maxBytes: '1mb', near: 10 }),
]
for (const cache of caches) {
  cache.set('short', 1, { ttl: stop / 2 })
  cache.set('idle', 1, { tti: stop / 2 })
  cache.set('long', 1, { ttl: '1h' })
}
const set = performance.now()
console.log('ready')

let late = 0
let running = 0
let reads = 0
let wasStopped = false
let last = performance.now()
// Others may have the processor when the signal is to be sent.
const end = set + 60_000
while (last < end) {
  const now = performance.now()
  if (now - last > stop / 2) {
    wasStopped = true
    running = 0
  } else if (now - last < PAUSE) running += now - last
  last = now
  const isOver = now - set > stop / 2
  for (const cache of caches) {
    if (cache.get('long') !== 1) fail('what lasts is gone')
    const short = cache.get('short')
    // A get would keep it from idling out.
    if (isOver && (short !== undefined || cache.peek('idle') !== undefined)) late = Math.max(late, running)
  }
  if (wasStopped) {
    reads++
    if (late > MOST_LATE) fail(`what has expired was returned for ${late} ms`)
    if (running > 2 * MOST_LATE) break
  } else if (isOver) {
    // Others had the processor for that long: nothing can be told.
    running = 0
  }
}
if (!wasStopped) fail('it was not stopped')
for (const cache of caches) if (cache.get('short') !== undefined) fail('what has expired is returned')
console.log(JSON.stringify({ reads, late }))

/** @param {string} what */
function fail(what) {
  console.log(what)
  process.exit(1)
}

/**
 * Whether the limit holds: values of 16 bytes to 4 MiB under a limit of 64 MiB, written by 1, 2 and 4 threads with both
 * policies, to new keys and to a few again and again.
 *
 * Every 2 ms the accounted bytes are read, every 50 ms the resident memory. Its growth is counted from what the threads
 * take with their buffers and a cache that was filled and closed. Each case runs in a process of its own.
 *
 * Options: --seconds N (20), --case NAME (part of a case's name).
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type Policy, SharedCache } from '../dist/index.js'
import { argument, printOutcomes, runAlone } from './_harness.mjs'
import { type Figures, save } from './_results.mjs'

const LIMIT = 64 * 2 ** 20

/**
 * The threads first write the same to a cache that holds next to nothing, for so many seconds: then their heaps have
 * grown, and what resident memory grows by after it is the cache's.
 */
const WARM_UP_LIMIT = 2 ** 20
const WARM_UP = 3

/** What the accounted bytes, and the growth of resident memory, may be at the most, and what that is 5 s later. */
const BARS = { accounted: 1, 'resident at the most': 1.5, 'resident 5 s later': 1.25 }

const seconds = Number(argument('--seconds') ?? 20)
const sleeper = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds)
const resident = (): number => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096

if (argument('--alone') === undefined) runAll()
else await runOne(argument('--alone') as string)

async function runOne(name: string): Promise<void> {
  const [threads, policy, keys] = name.split(' ') as [string, Policy, string]
  const make = (maxBytes: number) => new SharedCache<Uint8Array, string>({ maxBytes, policy, codec: 'bytes' })
  const warmUp = make(WARM_UP_LIMIT)
  const cache = make(LIMIT)
  const stage = new Int32Array(new SharedArrayBuffer(4))
  const workers = Array.from({ length: Number(threads) }, (_, i) => {
    const task = { handles: [warmUp.handle, cache.handle], reused: keys === 'reused', seed: i + 1, stage }
    return new Worker(new URL('_limits-writer.mjs', import.meta.url), { workerData: task })
  })
  const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
  const base = (await watch(warmUp, WARM_UP)).last
  Atomics.store(stage, 0, 1)
  const { over, peak } = await watch(cache, seconds)
  Atomics.store(stage, 0, 2)
  await new Promise((resolve) => setTimeout(resolve, 5000))
  const later = resident()
  Atomics.store(stage, 0, 3)
  Atomics.notify(stage, 0)
  await Promise.all(ended)
  process.stdout.write(
    JSON.stringify({
      accounted: over,
      'resident at the most': (peak - base) / LIMIT,
      'resident 5 s later': (later - base) / LIMIT,
    }),
  )
}

/** What a cache counts at the most, as a multiple of {@link LIMIT}, and the resident memory at the most and at last. */
async function watch(
  cache: SharedCache<Uint8Array, string>,
  span: number,
): Promise<{ over: number; peak: number; last: number }> {
  let over = 0
  let peak = 0
  let last = 0
  const end = Date.now() + span * 1000
  for (let i = 0; Date.now() < end; i++) {
    over = Math.max(over, cache.bytes / LIMIT)
    if (i % 25 === 0) {
      last = resident()
      peak = Math.max(peak, last)
      // The event loop has to turn now and then for the workers to start.
      await new Promise((resolve) => setTimeout(resolve, 2))
    } else sleep(2)
  }
  return { over, peak, last }
}

function runAll(): void {
  console.log('case                     accounted  RSS at the most  5 s later   (multiples of the limit)')
  const figures: Record<string, Figures> = {}
  for (const threads of [1, 2, 4]) {
    for (const policy of ['tinylfu', 'lru']) {
      for (const keys of ['unique', 'reused']) {
        const name = `${threads} ${policy} ${keys}`
        if (!name.includes(argument('--case') ?? '')) continue
        const alone = ['--alone', name, '--seconds', String(seconds)]
        const found = runAlone(fileURLToPath(import.meta.url), alone)
        console.log(name.padEnd(20), ...Object.values(found).map((figure) => figure.toFixed(3).padStart(12)))
        figures[name] = found
      }
    }
  }
  const bars = Object.entries(BARS).map(([name, most]) => {
    const worst = Math.max(...Object.values(figures).map((each) => each[name] as number))
    return { met: worst <= most, what: `${name}: ${worst.toFixed(3)} x the limit, bar ${most.toFixed(2)}` }
  })
  printOutcomes(bars)
  save(import.meta.filename, '', { unit: 'multiples of the limit', rounds: 1, figures, bars })
}

/**
 * Whether the limit holds: values of 16 bytes to 4 MiB under a limit of 64 MiB, written by 1, 2 and 4 threads with both
 * policies, to new keys and to a few again and again.
 *
 * Every 2 ms the accounted bytes are read, every 50 ms the resident memory. Its growth is counted from what the threads
 * take with their buffers and a cache that was filled and closed. Each case runs in a process of its own.
 *
 * Options: --seconds N (20), --case NAME (part of a case's name).
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type Policy, SharedCache } from '../dist/index.js'

const LIMIT = 64 * 2 ** 20

const argument = (name: string): string | undefined => {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}
const seconds = Number(argument('--seconds') ?? 20)
const sleeper = new Int32Array(new SharedArrayBuffer(4))
const sleep = (milliseconds: number): void => void Atomics.wait(sleeper, 0, 0, milliseconds)
const resident = (): number => Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4096

if (argument('--alone') === undefined) runAll()
else await runOne(argument('--alone') as string)

async function runOne(name: string): Promise<void> {
  const [threads, policy, keys] = name.split(' ') as [string, Policy, string]
  const run = async (span: number): Promise<{ over: number; base: number; peak: number; later: number }> => {
    const cache = new SharedCache<Uint8Array, string>({ maxBytes: LIMIT, policy, codec: 'bytes' })
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const base = resident()
    const workers = Array.from({ length: Number(threads) }, (_, i) => {
      const task = { handle: cache.handle, reused: keys === 'reused', seed: i + 1, stop }
      return new Worker(new URL('_limits-writer.mjs', import.meta.url), { workerData: task })
    })
    const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
    let over = 0
    let peak = 0
    const end = Date.now() + span * 1000
    for (let i = 0; Date.now() < end; i++) {
      over = Math.max(over, cache.bytes / LIMIT)
      if (i % 25 === 0) peak = Math.max(peak, resident())
      // The event loop has to turn now and then for the workers to start.
      if (i % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
      else sleep(2)
    }
    Atomics.store(stop, 0, 1)
    await Promise.all(ended)
    await new Promise((resolve) => setTimeout(resolve, 5000))
    const later = resident()
    cache.close()
    return { over, base, peak, later }
  }
  await run(2) // what the workers, their buffers and the allocator take for good
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const { over, base, peak, later } = await run(seconds)
  process.stdout.write(JSON.stringify([over, (peak - base) / LIMIT, (later - base) / LIMIT]))
}

function runAll(): void {
  console.log('case                     accounted  RSS at the most  5 s later   (multiples of the limit)')
  for (const threads of [1, 2, 4]) {
    for (const policy of ['tinylfu', 'lru']) {
      for (const keys of ['unique', 'reused']) {
        const name = `${threads} ${policy} ${keys}`
        if (!name.includes(argument('--case') ?? '')) continue
        const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--alone', name]
        const { stdout, stderr, status } = spawnSync(
          process.execPath,
          [...args, '--seconds', String(seconds)],
          {
            encoding: 'utf8',
          },
        )
        if (status !== 0) throw new Error(stderr)
        const figures = (JSON.parse(stdout) as number[]).map((figure) => figure.toFixed(3).padStart(12))
        console.log(name.padEnd(20), figures.join(''))
      }
    }
  }
}

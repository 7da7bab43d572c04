/**
 * Hit ratio and price together: how long all requests of a trace take when what is missing comes from an origin that
 * needs a millisecond. Sixteen clients, each of which awaits one request before it sends the next.
 *
 * The traces are made, the same each time: popular keys (`zipf`), the same with a walk over everything now and then
 * (`scan`), what was asked for just now (`recent`), and a workload that changes (`shift`). All caches hold 1,000 entries;
 * SharedCache has the bytes for as many. `no cache` shares loads that run at the same time, as the others do.
 *
 * Options: --rounds N (3), --part NAME (part of a trace's name), --trace FILE (a trace of your own, one key a line).
 */
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LRUCache } from 'lru-cache'
import { Cache, SharedCache } from '../dist/index.js'
import { readTrace } from '../scripts/hit-ratio/readers.mjs'
import { argument, benchmark, type Figures } from './_harness.mjs'

const ENTRIES = 1000
const CLIENTS = 16
const ORIGIN = 1
const MADE = 'keys=10000,requests=100000'

type Ask = (key: string, load: (key: string) => Promise<string>) => Promise<string | undefined>

/** What an entry of these traces counts in a SharedCache. */
function costOf(policy: 'tinylfu' | 'lru'): number {
  const cache = new SharedCache<string, string>({ maxBytes: '1mb', policy })
  const { bytes } = cache.set('key 1000', 'value of key 1000')
  cache.close()
  return bytes
}

const RIVALS: Record<string, () => Ask> = {
  Cache: () => {
    const cache = new Cache<string, string>({ max: ENTRIES })
    return (key, load) => cache.getOrSet(key, load)
  },
  'Cache, lru': () => {
    const cache = new Cache<string, string>({ max: ENTRIES, policy: 'lru' })
    return (key, load) => cache.getOrSet(key, load)
  },
  SharedCache: () => {
    const cache = new SharedCache<string, string>({ maxBytes: ENTRIES * costOf('tinylfu') })
    return (key, load) => cache.getOrSet(key, load)
  },
  'lru-cache': () => {
    let load: (key: string) => Promise<string>
    const cache = new LRUCache<string, string>({ max: ENTRIES, fetchMethod: (key) => load(key) })
    return (key, loader) => {
      load = loader
      return cache.fetch(key)
    }
  },
  'no cache': () => {
    const running = new Map<string, Promise<string>>()
    return (key, load) => {
      let flight = running.get(key)
      if (flight === undefined) {
        flight = load(key).finally(() => running.delete(key))
        running.set(key, flight)
      }
      return flight
    }
  },
}

async function measure(trace: string, name: string): Promise<Figures> {
  const { requests } = await readTrace(trace)
  const keys = Array.from(requests, (id) => `key ${id}`)
  const ask = (RIVALS[name] as () => Ask)()
  let loads = 0
  const load = async (key: string): Promise<string> => {
    loads++
    await wait(ORIGIN)
    return `value of ${key}`
  }
  let next = 0
  const client = async (): Promise<void> => {
    while (next < keys.length) {
      const key = keys[next++] as string
      if ((await ask(key, load)) !== `value of ${key}`) throw new Error(`${name} gave another value`)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: CLIENTS }, client))
  const spent = performance.now() - start
  return { 'all requests, ms': spent, 'requests that needed no load, %': (1 - loads / keys.length) * 100 }
}

const own = argument('--trace')
const traces = [
  ...['zipf', 'scan', 'recent', 'shift'].map((kind) => [kind, `made:${kind},${MADE}`] as const),
  ...(own === undefined ? [] : [['trace of your own', own] as const]),
]

const inChild = argument('--rival') !== undefined
for (const [name, trace] of traces) {
  const chosen = argument('--part') ?? ''
  if (inChild ? name !== chosen : !name.includes(chosen)) continue
  if (!inChild) console.log(`\n${name}`)
  const rivals = Object.fromEntries(Object.keys(RIVALS).map((rival) => [rival, () => measure(trace, rival)]))
  const bars = ['zipf', 'scan', 'shift'].includes(name)
    ? [{ measurement: 'all requests, ms', rival: 'Cache', against: 'lru-cache', times: 1 }]
    : []
  await benchmark(fileURLToPath(import.meta.url), rivals, bars, {
    unit: 'as each row says',
    part: name,
    args: ['--part', name, ...(own === undefined ? [] : ['--trace', own])],
    rounds: 3,
  })
}

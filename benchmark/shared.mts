/**
 * What a `SharedCache` read and write cost beside lmdb's with the matching encoding, Redis on the loopback interface and
 * caches within the process; and what a read costs two workers at once. 10 k string keys.
 *
 * What the others do not do: lmdb and Redis bound their memory by evicting nothing, or by a policy of the server's.
 * node-cache and @cacheable/memory belong to one thread, know no limit in bytes, and by default hold as much as they are
 * given; what is measured is their default, which clones a value at each get and set. lru-cache, the rival of near caches, keeps
 * references in one thread. lmdb's set is a put of a batch
 * that is awaited at its end; Redis' operations, and those of a Map in another thread that is asked by messages, are
 * awaited one by one. With its cache on, lmdb keeps decoded values in each thread; a change by another thread is seen once
 * the thread reads a new version of the store.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CacheableMemory } from '@cacheable/memory'
import { open } from 'lmdb'
import { LRUCache } from 'lru-cache'
import NodeCache from 'node-cache'
import { type Duration, SharedCache } from '../dist/index.js'
import { argument, type Bar, benchmark, type Figures, nanoseconds, nanosecondsAwaited } from './_harness.mjs'
import { hasRedis, measureRedis } from './_redis.mjs'
import { measureRpc } from './_rpc.mjs'
import { workers } from './_workers.mjs'
import { COUNT, type Encoding, KEYS, key, VALUES } from './_workload.mjs'

interface Store {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
  close(): unknown
}

/** What get and set take of a cache that answers at once, for each kind of value. */
async function measure(make: (encoding: Encoding) => Store): Promise<Figures> {
  const figures: Figures = {}
  for (const [name, encoding, value] of VALUES) {
    const store = make(encoding)
    for (const each of KEYS) store.set(each, value)
    figures[`get, ${name}`] = nanoseconds((index) => store.get(key(index)))
    figures[`set, ${name}`] = nanoseconds((index) => store.set(key(index), value))
    await store.close()
  }
  return figures
}

async function measureLmdb(cache: boolean): Promise<Figures> {
  const figures: Figures = {}
  for (const [name, encoding, value] of VALUES) {
    const path = mkdtempSync(join(tmpdir(), 'mokapot-lmdb-'))
    const db = open<unknown, string>({ path, encoding, cache, noSync: true })
    const batch = async (first: number, count: number): Promise<void> => {
      let last: unknown
      for (let i = first; i < first + count; i++) last = db.put(key(i), value)
      await last
    }
    await batch(0, COUNT)
    figures[`get, ${name}`] = nanoseconds((index) => db.get(key(index)))
    figures[`set, ${name}`] = await nanosecondsAwaited(batch, COUNT, 5)
    await db.close()
    rmSync(path, { recursive: true })
  }
  return figures
}

const codec = { string: 'structured', json: 'structured', binary: 'bytes' } as const
const shared = (encoding: Encoding, ttl?: Duration, near?: number): Store =>
  new SharedCache<unknown, string>({ maxBytes: '256mb', codec: codec[encoding], ttl, near })

/** An hour is given to those that take milliseconds. */
const HOUR = 3_600_000

function lru(ttl?: number): Store {
  const cache = new LRUCache<string, NonNullable<unknown>>({ max: COUNT, ...(ttl && { ttl }) })
  return {
    get: (key) => cache.get(key),
    set: (key, value) => cache.set(key, value as NonNullable<unknown>),
    close: () => cache.clear(),
  }
}

const redis = argument('--rival') !== undefined || hasRedis()
if (!redis)
  console.log('Redis is left out: no redis-server is installed (Debian: apt-get install redis-server).')

const bar = (measurement: string, against: string, times: number, rival = 'mokapot'): Bar => ({
  measurement,
  rival,
  against,
  times,
})

const nearBars = VALUES.flatMap(([name]) => [
  bar(`get, ${name}`, 'lru-cache', 1, 'mokapot near'),
  bar(`get, ${name}`, 'lru-cache with ttl', 1, 'mokapot near with ttl'),
  bar(`get, ${name}`, 'lmdb', 1 / 5, 'mokapot near'),
])

await benchmark(
  fileURLToPath(import.meta.url),
  {
    mokapot: () => measure((encoding) => shared(encoding)),
    'mokapot with ttl': () => measure((encoding) => shared(encoding, '1h')),
    'mokapot near': () => measure((encoding) => shared(encoding, undefined, COUNT)),
    'mokapot near with ttl': () => measure((encoding) => shared(encoding, HOUR, COUNT)),
    'lru-cache': () => measure(() => lru()),
    'lru-cache with ttl': () => measure(() => lru(HOUR)),
    lmdb: () => measureLmdb(false),
    'lmdb, its cache on': () => measureLmdb(true),
    ...(redis && { redis: measureRedis }),
    'node-cache': () => measure(() => new NodeCache()),
    '@cacheable/memory': () =>
      measure(() => {
        const cache = new CacheableMemory()
        return {
          get: (key) => cache.get(key),
          set: (key, value) => cache.set(key, value),
          close: () => cache.clear(),
        }
      }),
    'MessagePort to an owner': measureRpc,
    ...workers,
  },
  [
    bar('get, string of 90', 'lmdb', 0.4),
    bar('get, small object', 'lmdb', 0.6),
    bar('get, 1 KiB of bytes', 'lmdb', 0.4),
    ...VALUES.map(([name]) => bar(`set, ${name}`, 'lmdb', 0.4)),
    bar('get, string of 90', 'redis', 1 / 100),
    bar('get, small object', 'redis', 1 / 30),
    ...nearBars,
  ],
)

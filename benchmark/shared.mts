/**
 * What a `SharedCache` read and write cost beside lmdb's with the matching encoding: 10 k string keys, one thread.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from 'lmdb'
import { SharedCache } from '../dist/index.js'
import { benchmark, type Figures, nanoseconds } from './_harness.mjs'

const COUNT = 10_000
const KEYS = Array.from({ length: COUNT }, (_, i) => `user:profile:${i}`)
const STRING =
  'The quick brown fox jumps over the lazy dog, and the lazy dog sleeps on in the warm noon sun..'.slice(
    0,
    90,
  )
const OBJECT = {
  id: 123456,
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  tags: ['admin', 'author'],
  active: true,
}
const BYTES = Buffer.alloc(1024, 7)

/** Keys in an order that is neither theirs nor random anew each time. */
const ORDER = Array.from({ length: COUNT }, (_, i) => KEYS[(i * 7919) % COUNT] as string)
const key = (index: number): string => ORDER[index % COUNT] as string

interface Store {
  get(key: string): unknown
  set(key: string, value: unknown): unknown
  close(): unknown
}

async function measure(make: (encoding: 'string' | 'json' | 'binary') => Store): Promise<Figures> {
  const figures: Figures = {}
  const kinds = [
    ['string of 90', 'string', STRING],
    ['small object', 'json', OBJECT],
    ['1 KiB of bytes', 'binary', BYTES],
  ] as const
  for (const [name, encoding, value] of kinds) {
    const store = make(encoding)
    let last: unknown
    for (const each of KEYS) last = store.set(each, value)
    await last
    figures[`get, ${name}`] = nanoseconds((index) => store.get(key(index)))
    await store.close()
  }
  return figures
}

const codecs = { string: 'structured', json: 'structured', binary: 'bytes' } as const

await benchmark(
  fileURLToPath(import.meta.url),
  {
    mokapot: () =>
      measure((encoding) => new SharedCache<any>({ maxBytes: '256mb', codec: codecs[encoding] })),
    'mokapot with ttl': () =>
      measure((encoding) => new SharedCache<any>({ maxBytes: '256mb', codec: codecs[encoding], ttl: '1h' })),
    lmdb: () =>
      measure((encoding) => {
        const path = mkdtempSync(join(tmpdir(), 'mokapot-lmdb-'))
        const db = open<any, string>({ path, encoding, noSync: true })
        return {
          get: (key) => db.get(key),
          set: (key, value) => db.put(key, value),
          close: async () => {
            await db.close()
            rmSync(path, { recursive: true })
          },
        }
      }),
  },
  { 'get, string of 90': 'lmdb', 'get, small object': 'lmdb', 'get, 1 KiB of bytes': 'lmdb' },
)

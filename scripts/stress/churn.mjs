/** Caches that are made and dropped by the thousand. */

import { finalize, median, must, residentAfterCollection, scaled } from './common.mjs'

export const about = '10^5 caches of each kind made and dropped: closed, forgotten, named'

/** Resident memory may grow by that much over the second half, in MiB. */
const MOST_GROWN = 8
const LOOKS = { strict: 20, lenient: 2 }

/** @param {import('./common.mjs').Told} told */
export async function run({ scale, strict, log }) {
  const { Cache, SharedCache, cached } = await import('../../dist/index.mjs')
  const { native } = await import('../../dist/native.js')
  const total = scaled(1e5, scale, 200)
  const looks = strict ? LOOKS.strict : LOOKS.lenient
  const never = () => new Promise(() => {})

  /** @type {Record<string, (i: number) => void>} */
  const makers = {
    'Cache, forgotten': (i) => {
      const cache = new Cache({ max: 100, ttl: '1h', dispose: () => {} })
      for (let key = 0; key < 10; key++) cache.set(key, { i })
      cache.get(5)
    },
    'Cache, closed': (i) => {
      const cache = new Cache({ maxSize: 50, sizeCalculation: () => 1, name: `of ${i}` })
      for (let key = 0; key < 60; key++) cache.set(key, { i })
      cache.close()
    },
    'Cache that loads, forgotten': () => {
      new Cache({ max: 10 }).getOrSet('key', never)
      cached(never)()
    },
    'SharedCache, forgotten': (i) => {
      const cache = new SharedCache({ maxBytes: '1mb', ttl: '1h', near: 10 })
      for (let key = 0; key < 10; key++) cache.set(key, { i })
      cache.get(5)
    },
    'SharedCache, closed': (i) => {
      const cache = new SharedCache({ maxBytes: 4000 })
      for (let key = 0; key < 60; key++) cache.set(key, `value ${i}`)
      must(cache.handle.index >= 0, 'no handle')
      cache.close()
    },
    'SharedCache, of many shards, closed': (i) => {
      if (i % 10 !== 0) return
      const cache = new SharedCache({ maxBytes: '1gb', max: 1e6, tti: '1h' })
      for (let key = 0; key < 60; key++) cache.set(key, `value ${i}`)
      cache.close()
    },
    'SharedCache, named, opened twice': (i) => {
      const cache = SharedCache.open(`of ${i % 100}`, { maxBytes: '1mb' })
      must(cache.size === 0, 'a named cache has outlived its last holder')
      const again = SharedCache.open(`of ${i % 100}`)
      again.set('key', i)
      must(cache.get('key') === i, 'a name opens another cache')
      cache.close()
      again.close()
    },
  }

  for (const [name, make] of Object.entries(makers)) {
    const began = performance.now()
    /** @type {number[]} */
    const resident = []
    const portion = Math.ceil(total / looks)
    for (let look = 0; look < looks; look++) {
      for (let i = 0; i < portion; i++) {
        make(look * portion + i)
        // What is forgotten is let go in a later turn of the loop.
        if (i % 500 === 499) await finalize()
      }
      await finalize()
      resident.push(await residentAfterCollection())
    }
    const half = resident.slice(looks >> 1)
    const grown = median(half.slice(-3)) - median(half.slice(0, 3))
    const seconds = (performance.now() - began) / 1000
    log(
      `${name}: ${portion * looks}, ${seconds.toFixed(0)} s, ${resident[0].toFixed(0)} to ${resident.at(-1)?.toFixed(0)} MiB; grown by ${grown.toFixed(1)} MiB in the second half`,
    )
    for (let turn = 0; turn < 20 && native.living()[1] > 0; turn++) await finalize()
    const [open, living] = native.living()
    must(open === 0 && living === 0, `${name}: ${open} caches are open and ${living} live at the end`)
    must(!strict || scale < 0.5 || grown < MOST_GROWN, `${name}: grew by ${grown.toFixed(1)} MiB`)
  }
}

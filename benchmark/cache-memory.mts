/**
 * What `Cache` takes of memory: for each of a million small entries, beside lru-cache and a Map, and for each of many
 * caches that are empty or hold one entry.
 *
 * An entry is a string key of 11 characters on average and an object of two properties, made for it; what these take by
 * themselves, held in two arrays, is a row of its own. Resident memory is read after garbage collections, each case in
 * processes of its own.
 *
 * Options: --rounds N (3).
 */
import { fileURLToPath } from 'node:url'
import { LRUCache } from 'lru-cache'
import { Cache } from '../dist/index.js'
import { argument, medians, printOutcomes, runAlone } from './_harness.mjs'
import { type Figures, save } from './_results.mjs'

const ENTRIES = 1_000_000
const CACHES = 50_000

/** What lru-cache's growth may be multiplied by, and the native bytes of an empty cache. */
const GROWTH_BAR = 2
const EMPTY_BAR = 2048

type Entry = { id: number; name: string }

/** Each makes something that is filled by the function it returns. */
const FILLED: Record<string, () => (key: string, value: Entry) => unknown> = {
  mokapot: () => {
    const cache = new Cache<string, Entry>({ max: ENTRIES })
    return (key, value) => cache.set(key, value)
  },
  'mokapot, ttl of 1 h': () => {
    const cache = new Cache<string, Entry>({ max: ENTRIES, ttl: '1h' })
    return (key, value) => cache.set(key, value)
  },
  'lru-cache': () => {
    const cache = new LRUCache<string, Entry>({ max: ENTRIES })
    return (key, value) => cache.set(key, value)
  },
  'lru-cache, ttl of 1 h': () => {
    const cache = new LRUCache<string, Entry>({ max: ENTRIES, ttl: 3600e3 })
    return (key, value) => cache.set(key, value)
  },
  Map: () => {
    const map = new Map<string, Entry>()
    return (key, value) => map.set(key, value)
  },
  'keys and values alone': () => {
    const [keys, values]: [string[], Entry[]] = [[], []]
    return (key, value) => {
      keys.push(key)
      values.push(value)
    }
  },
}

/** The caches that are many. */
const MANY: Record<string, () => unknown> = {
  empty: () => new Cache({ max: 1000 }),
  'empty, ttl of 1 h': () => new Cache({ max: 1000, ttl: '1h' }),
  'one entry': () => new Cache({ max: 1000 }).set('key', 1),
}

const chosen = argument('--alone')
if (chosen === undefined) runAll()
else process.stdout.write(JSON.stringify(chosen in FILLED ? growthOf(chosen) : nativeOf(chosen)))

/** Bytes an entry. */
function growthOf(name: string): Figures {
  const before = settled()
  const add = FILLED[name]!()
  for (let id = 0; id < ENTRIES; id++) add(`user:${id}`, { id, name: 'Ada Lovelace' })
  const after = settled()
  add('user:last', { id: 0, name: 'so that all is alive until here' })
  return { growth: (after.rss - before.rss) / ENTRIES, heap: (after.heapTotal - before.heapTotal) / ENTRIES }
}

/**
 * Bytes a cache; native is what resident memory grew by beyond what lives on the heap of JavaScript. The heap's own slack
 * is in it, so it is no less than what is native.
 */
function nativeOf(name: string): Figures {
  const make = MANY[name]!
  const caches = Array.from({ length: 100 }, make) // the code, the thread that keeps the time and the like
  const before = settled()
  for (let i = 0; i < CACHES; i++) caches.push(make())
  const after = settled()
  const heap = (after.heapUsed - before.heapUsed) / CACHES
  const native = (after.rss - before.rss) / CACHES - heap
  return { native, heap, held: caches.length }
}

function settled(): NodeJS.MemoryUsage {
  for (let i = 0; i < 4; i++) globalThis.gc!()
  return process.memoryUsage()
}

function runAll(): void {
  const rounds = Number(argument('--rounds') ?? 3)
  const run = (name: string): Figures =>
    medians(Array.from({ length: rounds }, () => runAlone(fileURLToPath(import.meta.url), ['--alone', name])))
  const line = (name: string, ...figures: number[]): void =>
    console.log(`  ${name.padEnd(24)}`, ...figures.map((figure) => figure.toFixed(0).padStart(8)))

  console.log(`medians of ${rounds} processes, Node ${process.version}`)
  console.log(`\nbytes an entry, of ${ENTRIES}   resident     heap`)
  const growths = new Map(Object.keys(FILLED).map((name) => [name, run(name)]))
  for (const [name, { growth, heap }] of growths) line(name, growth!, heap!)
  console.log(`\nbytes a cache, of ${CACHES}       native     heap`)
  const natives = new Map(Object.keys(MANY).map((name) => [name, run(name)]))
  for (const [name, { native, heap }] of natives) line(name, native!, heap!)

  const ratio = growths.get('mokapot')!.growth! / growths.get('lru-cache')!.growth!
  const empty = natives.get('empty')!.native!
  const growthBar = {
    met: ratio <= GROWTH_BAR,
    what: `growth: ${ratio.toFixed(2)} x lru-cache, bar ${GROWTH_BAR}`,
  }
  const emptyBar = {
    met: empty <= EMPTY_BAR,
    what: `an empty cache: ${empty.toFixed(0)} native bytes, bar ${EMPTY_BAR}`,
  }
  console.log()
  printOutcomes([growthBar, emptyBar])
  const keep = (part: string, unit: string, figures: Map<string, Figures>, bar: typeof emptyBar): void =>
    save(import.meta.filename, part, { unit, rounds, figures: Object.fromEntries(figures), bars: [bar] })
  keep('a million entries', 'bytes an entry', growths, growthBar)
  const many = [...natives].map(([name, { native, heap }]) => [name, { native, heap }] as [string, Figures])
  keep('empty caches', 'bytes a cache', new Map(many), emptyBar)
}

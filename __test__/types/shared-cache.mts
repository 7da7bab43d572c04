import { MessageChannel, Worker } from 'node:worker_threads'
import {
  type Codec,
  type CustomCodec,
  MISS,
  type Miss,
  SharedCache,
  type SharedHandle,
  type SharedInfo,
  type SharedKey,
  type SharedStats,
  type Size,
} from 'mokapot'
import { same } from './same.mjs'

interface Page {
  title: string
  made: Date
}

const pages = new SharedCache<Page>({
  maxBytes: '64mb',
  max: 1000,
  name: 'pages',
  near: { max: 10, freeze: true },
})

// What is read and written
const page = pages.get('home')
same<typeof page, Page | undefined>()
const orMiss = pages.peek('home', MISS)
same<typeof orMiss, Page | Miss>()
const many = pages.getMany(['home', 1, 2n, new Uint8Array(1)])
same<typeof many, (Page | undefined)[]>()
same<ReturnType<typeof pages.info>, SharedInfo<Page> | undefined>()
pages.set('home', { title: 'Home', made: new Date() }, { ttl: '1h' }).set(2n, { title: '', made: new Date() })
const made = pages.memo('home', (key) => ({ title: String(key), made: new Date() }))
same<typeof made, Page>()
const loaded = pages.getOrSet('home', async () => ({ title: 'Home', made: new Date() }), { timeout: 50 })
same<typeof loaded, Promise<Page>>()

// @ts-expect-error an object is no key
pages.get({ id: 1 })
// @ts-expect-error a symbol is no key
pages.has(Symbol('home'))
// @ts-expect-error a value of another type
pages.set('home', 'Home')
// @ts-expect-error there are no sizes: bytes are counted
pages.set('home', { title: 'Home', made: new Date() }, { size: 1 })
// @ts-expect-error that is for a Cache
pages.dump()

// Keys
const byNumber = new SharedCache<string, number>({ maxBytes: 2 ** 20 })
for (const key of byNumber.keys()) same<typeof key, number>()
for (const [key, value] of pages) same<[typeof key, typeof value], [SharedKey, Page]>()
// @ts-expect-error only numbers
byNumber.get('1')
// @ts-expect-error what cannot be a key cannot be their type either
type NoKeys = SharedCache<string, Date>

// Sizes
const sizes: Size[] = [1, '512b', '64kb', '1.5GB', '25%']
// @ts-expect-error no unit
const noUnit: Size = '64'
// @ts-expect-error no such unit
const noSuchUnit: Size = '64mib'

// Codecs
const json: Codec<Page> = 'json'
const dates: CustomCodec<Date> = {
  name: 'dates',
  encode: (date) => Buffer.from(date.toISOString()),
  decode: (bytes) => new Date(Buffer.from(bytes).toString()),
}
const times = new SharedCache<Date>({ maxBytes: '1mb', codec: dates })
same<ReturnType<typeof times.values>, IterableIterator<Date>>()
// @ts-expect-error no such codec
new SharedCache({ maxBytes: '1mb', codec: 'msgpack' })
// @ts-expect-error a codec of other values
new SharedCache<Page>({ maxBytes: '1mb', codec: dates })
// @ts-expect-error a codec has a name
new SharedCache<Date>({ maxBytes: '1mb', codec: { encode: dates.encode, decode: dates.decode } })

// In other threads
const handle: SharedHandle = pages.handle
new Worker('', { workerData: handle })
new MessageChannel().port1.postMessage(handle)
const attached = SharedCache.attach<Page>(handle, { near: 100 })
same<typeof attached, SharedCache<Page>>()
const opened = SharedCache.open<Page, string>('pages')
same<typeof opened, SharedCache<Page, string>>()
SharedCache.open<Page>('pages', { maxBytes: '25%', codec: json })
// @ts-expect-error a name is no handle
SharedCache.attach('pages')
// @ts-expect-error the name comes first, and only there
SharedCache.open('pages', { name: 'pages' })
// @ts-expect-error what the cache is was decided where it was made
SharedCache.attach<Page>(handle, { maxBytes: '1mb' })

// Options
// @ts-expect-error a limit in bytes is required
new SharedCache({ max: 1000 })
// @ts-expect-error entries leave without a word: any thread may have let them go
new SharedCache({ maxBytes: '1mb', dispose: () => {} })
// @ts-expect-error the limit is changed by resize
pages.maxBytes = 1
pages.resize({ maxBytes: '128mb', max: 5 })
const stats: SharedStats = pages.stats()
pages[Symbol.dispose]()

export { type NoKeys, noSuchUnit, noUnit, sizes, stats }

import {
  Cache,
  type CacheInfo,
  type CacheOptions,
  type CacheStats,
  type DisposeReason,
  type Dumped,
  type Duration,
  MISS,
  type Miss,
  MokapotError,
} from 'mokapot'
import { advance } from 'mokapot/testing'
import { same } from './same.mjs'

interface User {
  name: string
}

const users = new Cache<string, User>({ max: 1000, ttl: '5m', tti: '1.5h' })

// What is read
const user = users.get('ada')
same<typeof user, User | undefined>()
const orMiss = users.get('ada', MISS)
same<typeof orMiss, User | Miss>()
if (orMiss !== MISS) same<typeof orMiss, User>()
const orNull = users.peek('ada', null)
same<typeof orNull, User | null>()
const many = users.getMany(new Set(['ada']))
same<typeof many, (User | undefined)[]>()
const info = users.info('ada')
same<typeof info, CacheInfo<User> | undefined>()
const left = users.getRemainingTTL('ada')
same<typeof left, number>()

// @ts-expect-error what may be missing is not simply there
users.get('ada').name
// @ts-expect-error a key of another type
users.get(1)
// @ts-expect-error a fallback of another type is in the result
const wrong: User = users.get('ada', null)

// What is written
same<ReturnType<typeof users.set>, Cache<string, User>>()
users.set('ada', { name: 'Ada' }).set('bob', { name: 'Bob' }, { ttl: 1000, tti: '2h', size: 3 })
users.setMany(new Map([['ada', { name: 'Ada' }]]), { ttl: '1d' })
const gone: [boolean, number, number] = [users.delete('ada'), users.deleteMany(['bob']), users.purgeExpired()]

// @ts-expect-error a value of another type
users.set('ada', 'Ada')
// @ts-expect-error no unit
users.set('ada', { name: 'Ada' }, { ttl: '5' })
// @ts-expect-error no such unit
users.set('ada', { name: 'Ada' }, { ttl: '5 min' })
// @ts-expect-error no such option
users.set('ada', { name: 'Ada' }, { maxAge: 5 })

// Loading
const made = users.memo('ada', (key) => ({ name: key.toUpperCase() }))
same<typeof made, User>()
const loaded = users.getOrSet('ada', async (key, { signal, stale }) => {
  same<typeof key, string>()
  same<typeof signal, AbortSignal>()
  same<typeof stale, User | undefined>()
  return { name: key }
})
same<typeof loaded, Promise<User>>()
users.getOrSet('ada', () => ({ name: 'Ada' }), {
  ttl: (user) => (user.name === '' ? 0 : '5m'),
  signal: AbortSignal.timeout(1),
  timeout: '1s',
  staleIfError: Infinity,
  size: 1,
})

// @ts-expect-error the load brings something else
users.getOrSet('ada', async () => 'Ada')
// @ts-expect-error memo is not for promises of the value
users.memo('ada', async () => ({ name: 'Ada' }))
// @ts-expect-error a misspelt option
users.getOrSet('ada', async () => ({ name: 'Ada' }), { staleOnError: '1h' })

// All entries
for (const [key, value] of users) {
  same<typeof key, string>()
  same<typeof value, User>()
}
same<ReturnType<typeof users.keys>, IterableIterator<string>>()
users.forEach((value, key, cache) => {
  same<[typeof value, typeof key, typeof cache], [User, string, typeof users]>()
})
const dumped = users.dump()
same<typeof dumped, [string, Dumped<User>][]>()
users.load(dumped)
users.load([['ada', { value: { name: 'Ada' } }]])
// @ts-expect-error a dump of other values
users.load(new Cache<string, number>({ max: 1 }).dump())

// Options
const options: CacheOptions<string, User> = {
  maxSize: 1e6,
  sizeCalculation: (user, key) => user.name.length + key.length,
  policy: 'lru',
  clock: performance,
  dispose: (user, key, reason) => {
    same<[typeof user, typeof key, typeof reason], [User, string, DisposeReason]>()
  },
}
const span: Duration = Number.POSITIVE_INFINITY
const inferred: Cache<number, Date> = new Cache({ max: 10, ttl: span })

// @ts-expect-error options are required
new Cache()
// @ts-expect-error no such policy
new Cache({ max: 1, policy: 'lfu' })
// @ts-expect-error a string is no number of entries
new Cache({ max: '1000' })
// @ts-expect-error an option of SharedCache
new Cache({ max: 1, maxBytes: '1mb' })
// @ts-expect-error limits are read here, and changed by resize
users.max = 5
users.resize({ max: 5 })

// The rest
const stats: CacheStats = users.stats()
// @ts-expect-error a Cache knows of sizes, not of bytes
stats.bytes
{
  using scoped = new Cache<string, number>({ max: 1 })
  scoped.set('a', 1)
}
const failure = new MokapotError('ERR_MOKAPOT_CLOSED', 'closed')
// @ts-expect-error there is no such code
failure.code === 'ERR_CLOSED'
advance(1000)
// @ts-expect-error milliseconds only
advance('1s')

export { gone, inferred, options, wrong }

import {
  type Cache,
  type CachedFunction,
  type CachedOptions,
  cached,
  type Envelope,
  mokapotKey,
  SharedCache,
  type StoreLike,
} from 'mokapot'
import { same } from './same.mjs'

interface User {
  id: number
}

declare function area(width: number, height?: number): number
declare function fetchUser(id: number, locale: string): Promise<User>

// A function is still that function
const cachedArea = cached(area)
same<ReturnType<typeof cachedArea>, number>()
same<Parameters<typeof cachedArea>, Parameters<typeof area>>()
same<ReturnType<typeof cachedArea.delete>, boolean>()
same<ReturnType<typeof cachedArea.peek>, number | undefined>()
same<typeof cachedArea.store, Cache<unknown, number>>()
cachedArea.set([1, 2], 2)
cachedArea(1)

const cachedUser = cached(fetchUser, {
  max: 10_000,
  ttl: (user) => (user.id === 0 ? 0 : '5m'),
  staleWhileRevalidate: '1m',
  key: (id, locale) => [id, locale.toLowerCase()],
  sizeCalculation: (user) => user.id,
})
same<ReturnType<typeof cachedUser>, Promise<User>>()
same<ReturnType<typeof cachedUser.peek>, User | undefined>()
same<ReturnType<typeof cachedUser.refresh>, Promise<User>>()
same<typeof cachedUser, CachedFunction<typeof fetchUser>>()
cachedUser.set([1, 'en'], { id: 1 })

// @ts-expect-error the function takes a number
cachedArea('1')
// @ts-expect-error so do its methods
cachedArea.delete('1')
// @ts-expect-error the value, not a promise of it
cachedUser.set([1, 'en'], Promise.resolve({ id: 1 }))
// @ts-expect-error all its arguments
cachedUser.has(1)
// @ts-expect-error a key is made of the arguments
cached(fetchUser, { key: (id: string) => id })
// @ts-expect-error no such option
cached(fetchUser, { maxAge: 1000 })
// @ts-expect-error nothing to call
cached(5)

// Stores: what answers at once, and what answers by promises
const shared = new SharedCache<unknown>({ maxBytes: '1mb' })
const inShared = cached(fetchUser, { store: shared, namespace: 'users' })
same<ReturnType<typeof inShared.delete>, boolean>()
same<typeof inShared.store, SharedCache<unknown>>()
const inMap = cached(area, { store: new Map<string, Envelope>(), namespace: 'areas' })
same<ReturnType<typeof inMap.has>, boolean>()

declare const redis: {
  get(key: string): Promise<Envelope | undefined>
  set(key: string, envelope: Envelope, options?: { ttl?: number }): Promise<void>
  delete(key: string): Promise<boolean>
}
const inRedis = cached(fetchUser, { store: redis, namespace: 'users' })
same<ReturnType<typeof inRedis.peek>, User | undefined | Promise<User | undefined>>()
const store: StoreLike = redis
// @ts-expect-error a store can delete
const noStore: StoreLike = { get: () => undefined, set: () => undefined }
// @ts-expect-error and so must one that cached is given
cached(fetchUser, { store: { get: () => undefined, set: () => undefined }, namespace: 'users' })

// Options made apart
const options: CachedOptions<typeof fetchUser> = { tti: '1h', defaults: [undefined, 'en'], errorTtl: 500 }
cached(fetchUser, options)
const ttl = cachedUser.parameters.ttl
same<Extract<typeof ttl, string>, never>()
// @ts-expect-error frozen
cachedUser.parameters.max = 5

// Decorators
class Users {
  @cached
  find(id: number): User {
    return { id }
  }

  @cached({ ttl: '5m' })
  async fetch(id: number, locale?: string): Promise<User> {
    return fetchUser(id, locale ?? 'en')
  }

  @cached
  get all(): User[] {
    return []
  }

  @cached()
  static count(): number {
    return 0
  }

  // @ts-expect-error a field is neither method nor getter
  @cached
  field = 1

  // @ts-expect-error no such option
  @cached({ ttl: '5m', maxAge: 1 })
  other(): number {
    return 1
  }

  [mokapotKey](): unknown {
    return ['Users']
  }
}
const users = new Users()
same<ReturnType<typeof users.find>, User>()
const fetch = cached.of(users, 'fetch')
same<ReturnType<typeof fetch>, Promise<User>>()
fetch.delete(1, 'en')
// @ts-expect-error arguments of another type
fetch.delete('1')
// @ts-expect-error there is no such member
cached.of(users, 'nothing')

export { noStore, store }

/**
 * A session store with sliding expiry, as an app with express-session would use it, on a clock that is moved by hand: so
 * hours pass at once, as they should in tests.
 */
import { promisify } from 'node:util'
import { SessionStore } from './session-store.mjs'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

let now = 0
const clock = { now: () => now }
const store = new SessionStore({ idle: '30m', longest: '12h', clock })

const get = promisify(store.get.bind(store))
const set = promisify(store.set.bind(store))
const touch = promisify(store.touch.bind(store))
const destroy = promisify(store.destroy.bind(store))
const length = promisify(store.length.bind(store))

/** A request of a visitor: express-session reads the session before it and touches it after. @param {string} id */
async function visit(id) {
  const session = await get(id)
  if (!session) return 'logged out'
  await touch(id, session)
  return `logged in as ${session.user}`
}

console.log('Idle for 30 minutes at most')
await set('sid-ada', { user: 'ada', cookie: {} })
for (const minutes of [20, 20, 20, 31]) {
  now += minutes * MINUTE
  console.log(`  ${minutes} minutes later: ${await visit('sid-ada')}`)
}

console.log('Used every 20 minutes, but for 12 hours at most')
await set('sid-bob', { user: 'bob', cookie: {} })
const began = now
do {
  now += 20 * MINUTE
} while ((await visit('sid-bob')) !== 'logged out')
console.log(`  logged out after ${(now - began) / HOUR} hours`)

console.log('Logout')
await set('sid-cy', { user: 'cy', cookie: {} })
const request = await get('sid-cy')
await destroy('sid-cy')
if (request) await touch('sid-cy', request)
console.log(`  a request that ends after it: ${await visit('sid-cy')}`)

console.log('What a request changes is its own until it is saved')
await set('sid-dot', { user: 'dot', cart: ['tea'], cookie: {} })
const failing = await get('sid-dot')
Object.assign(failing ?? {}, { cart: [] })
console.log(`  in the store: ${JSON.stringify((await get('sid-dot'))?.cart)}`)

console.log('Remembered for 30 days, by the cookie')
const remembering = new SessionStore({ clock })
const cookie = { originalMaxAge: 30 * DAY }
await promisify(remembering.set.bind(remembering))('sid-eve', { user: 'eve', cookie })
now += 29 * DAY
const eve = await promisify(remembering.get.bind(remembering))('sid-eve')
console.log(`  29 days later: ${eve ? 'logged in' : 'logged out'}`)

console.log(`Sessions left in the first store: ${await length()}`)
store.close()
remembering.close()

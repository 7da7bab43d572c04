import { createHook } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { Cache } from '../dist/index.mjs'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc')

test('a cache that is forgotten leaves no timer behind, however long its ttl', async (t) => {
  const CACHES = 50
  /** @type {Set<number>} */
  const timers = new Set()
  let isMaking = false
  const hook = createHook({
    init(id, type) {
      if (isMaking && type === 'Timeout') timers.add(id)
    },
    destroy(id) {
      timers.delete(id)
    },
  }).enable()
  t.teardown(() => hook.disable())
  const make = () => {
    isMaking = true
    for (let i = 0; i < CACHES; i++) new Cache({ max: 10, ttl: '1h' }).set('key', i)
  }
  make()
  await undefined // a timer is made at the end of the turn
  isMaking = false
  t.is(timers.size, CACHES)
  // One may still be found on the stack.
  const end = performance.now() + 30_000
  while (timers.size > 1 && performance.now() < end) {
    gc()
    await sleep(5)
  }
  t.true(timers.size <= 1, `${timers.size} timers are left`)
})

import test from 'ava'
import { runNode } from './fixtures/run-node.mjs'

test('a panic inside is an error with a code, and every cache stays usable in every thread', async (t) => {
  const { code, signal, stdout, stderr } = await runNode('./panics.mjs')
  t.deepEqual([code, signal], [0, null], stderr)
  const { beside, under, inWorker, after, byNumber, full, loaded } = JSON.parse(stdout)
  const usable = { code: 'ERR_MOKAPOT_INTERNAL', read: [{ after: true }, true], adds: true }
  t.deepEqual(beside, { ...usable, near: 1, left: 101 }, 'beside the lock nothing is lost')
  // Under the lock the state of the shard is in doubt, so its entries are dropped, also from near caches.
  const forgotten = { ...usable, left: 0 }
  t.deepEqual(under, forgotten)
  t.deepEqual(inWorker, forgotten)
  t.deepEqual(after, { after: true })
  t.deepEqual(byNumber, forgotten)
  t.is(full, 150, 'the limit on the number still holds, and is reached')
  t.deepEqual(loaded, ['loaded', 'anew'])
})

test('a process that may load no addons is told what it was started without', async (t) => {
  const { code, stderr } = await runNode('./idle.mjs', { nodeArgs: ['--no-addons'] })
  t.is(code, 1)
  t.regex(stderr, /code: 'ERR_MOKAPOT_NO_BINARY'/)
  t.regex(stderr, /^MokapotError: Node was started so .+--no-addons.+--allow-addons/m)
  t.notRegex(stderr, /install/)
})

// Elsewhere a process cannot be kept from mapping memory.
const onLinux = process.platform === 'linux' ? test : test.skip

onLinux('a set without memory for it throws, leaves the old value, and the process goes on', async (t) => {
  const { stdout: mapped } = await runNode('./little-memory.mjs', { args: ['measure'] })
  const limit = Number(mapped) + (640 << 10)
  const { code, stdout, stderr } = await runNode('./little-memory.mjs', { limit })
  t.is(code, 0, stderr)
  const { stored, ...outcome } = JSON.parse(stdout)
  t.true(stored > 0 && stored < 10)
  t.deepEqual(outcome, {
    code: 'ERR_MOKAPOT_OUT_OF_MEMORY',
    name: 'MokapotError',
    before: 'small',
    size: 100,
    after: true,
  })
})

import { createRequire } from 'node:module'
import { sep } from 'node:path'
import test from 'ava'
import { runNode } from './fixtures/run-node.mjs'

const require = createRequire(import.meta.url)

for (const suite of ['core', 'workers']) {
  test.serial(`the ${suite} suite for all runtimes passes here`, async (t) => {
    const { code, stdout, lingered } = await runNode(`../runtimes/${suite}.mjs`)
    t.is(code, 0, stdout)
    t.regex(stdout, /^\d+ passed, 0 failed$/m)
    t.true(lingered < 10_000, 'nothing keeps the process alive')
  })
}

for (const when of ['before', 'after']) {
  test.serial(`fake timers that are in place ${when} mokapot is loaded stop nothing`, async (t) => {
    const { code, stdout } = await runNode('fake-timers.mjs', { args: [when] })
    t.is(code, 0, stdout)
    t.deepEqual(stdout.trimEnd().split('\n'), [
      'swept',
      'timed out',
      'loaded in place of a worker that ended',
    ])
  })
}

/** @returns {typeof import('../dist/index.js')} */
function freshCopy() {
  for (const path of Object.keys(require.cache)) {
    if (path.includes(`${sep}dist${sep}`)) delete require.cache[path]
  }
  return require('../dist/index.js')
}

test.serial('copies of the package that reset modules leave in one thread work side by side', async (t) => {
  const copies = [freshCopy(), freshCopy(), freshCopy()]
  t.is(new Set(copies.map(({ SharedCache }) => SharedCache)).size, 3)
  const shared = copies.map(({ SharedCache }) => SharedCache.open('side by side', { maxBytes: '1mb' }))
  const local = copies.map(({ Cache }) => new Cache({ max: 10, ttl: 60 }))
  for (const [index, cache] of shared.entries()) {
    const values = [index, `text ${index}`, { index }, Buffer.from([index]), new Map([[index, 1]])]
    for (const [key, value] of values.entries()) {
      cache.set(key, value)
      for (const each of shared) t.deepEqual(each.get(key), value)
    }
  }
  for (const [index, cache] of local.entries()) cache.set('key', index)
  t.deepEqual(
    local.map((cache) => cache.get('key')),
    [0, 1, 2],
  )
  // Time goes on in all copies.
  const end = performance.now() + 300
  while (performance.now() < end) for (const cache of local) cache.get('key')
  t.deepEqual(
    local.map((cache) => cache.get('key')),
    [undefined, undefined, undefined],
  )
  for (const cache of shared) cache.close()
})

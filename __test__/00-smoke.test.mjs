import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import test from 'ava'
import * as imported from '../dist/index.mjs'
import { native } from '../dist/native.js'
import * as importedTesting from '../dist/testing.mjs'
import { living, opened } from './fixtures/helpers.mjs'

const { MISS, SharedCache } = imported
const require = createRequire(import.meta.url)

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

test('require and import give the same class and the same MISS', (t) => {
  const required = require('../dist/index.js')
  t.is(required.SharedCache, SharedCache)
  t.true(required.MISS === MISS)
  t.is(require('../dist/testing.js').advance, importedTesting.advance)
})

test('require and import give the same names', (t) => {
  t.deepEqual(Object.keys(imported).sort(), Object.keys(require('../dist/index.js')).sort())
  t.deepEqual(Object.keys(importedTesting).sort(), Object.keys(require('../dist/testing.js')).sort())
})

test('the package is found by its name, with its testing entry, both ways', async (t) => {
  t.is(require('mokapot').SharedCache, SharedCache)
  t.is(require('mokapot/testing').advance, importedTesting.advance)
  t.is((await import('mokapot')).SharedCache, SharedCache)
  t.is((await import('mokapot/testing')).advance, importedTesting.advance)
})

test('the addon was built for the version in package.json', (t) => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  t.is(native.version(), version)
})

test('what was set is there, and what was not is a miss', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  t.is(cache.set('greeting', { text: 'hello', to: ['you', null] }), cache)
  t.deepEqual(cache.get('greeting'), { text: 'hello', to: ['you', null] })
  t.deepEqual(cache.peek('greeting'), { text: 'hello', to: ['you', null] })
  t.true(cache.has('greeting'))
  t.is(cache.size, 1)

  t.is(cache.get('other'), undefined)
  t.is(cache.get('other', MISS), MISS)
  t.is(cache.get('other', 'fallback'), 'fallback')
  t.is(cache.peek('other', MISS), MISS)
  t.false(cache.has('other'))

  t.true(cache.delete('greeting'))
  t.false(cache.delete('greeting'))
  t.is(cache.get('greeting', MISS), MISS)
  t.is(cache.size, 0)
  t.is(cache.bytes, 0)
  cache.close()
})

test('clear takes everything out', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  for (let key = 0; key < 100; key++) cache.set(key, key)
  t.is(cache.size, 100)
  t.is(cache.clear(), undefined)
  t.is(cache.size, 0)
  t.is(cache.bytes, 0)
  for (let key = 0; key < 100; key++) t.is(cache.get(key, MISS), MISS)
  cache.close()
})

test('what a thread opens is counted until it is closed', (t) => {
  const before = living()
  const cache = new SharedCache({ maxBytes: '1mb' })
  t.is(living(), before + 1)
  cache.close()
  t.is(living(), before)
})

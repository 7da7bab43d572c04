import test from 'ava'
import { resolveCodec } from '../dist/codecs.js'
import { SharedCache } from '../dist/index.js'
import { call, DRAFTED, draft, LENGTH } from '../dist/native.js'

// Small plain data is written as JSON into a buffer that the addon reads, and never becomes a string.

/** The text that a value leaves in the draft; undefined when it is handed over otherwise. */
function drafted(/** @type {unknown} */ value) {
  const codec = resolveCodec(undefined)
  const payload = codec.encode(value, 'key', true)
  if ((codec.kind & DRAFTED) === 0) return undefined
  if (payload !== undefined) throw new Error('a payload beside the draft')
  return Buffer.from(draft.subarray(0, call[LENGTH])).toString('latin1')
}

function stored(/** @type {unknown} */ value) {
  const cache = new SharedCache({ maxBytes: '1mb' })
  return cache.set('key', value).get('key')
}

const short = [
  {},
  [],
  [[]],
  [{}],
  { a: {} },
  { a: [], b: [[], {}] },
  { '': '' },
  { 2: 'b', 1: 'a', x: 'y' },
  { id: 123456, name: 'Ada', tags: ['admin', 'author'], active: true, gone: false, none: null },
  [0, 1, -1, 1.5, -0.1, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, 2 ** 53],
  ['ä', 'ÿ', '\u007f', '\u0080', ' ~!/'],
  Object.assign(Object.create(null), { a: 1 }),
]

test('a short text of plain data is drafted just as JSON.stringify writes it', (t) => {
  for (const value of short) {
    t.is(drafted(value), JSON.stringify(value))
    t.deepEqual(stored(value), JSON.parse(JSON.stringify(value)))
  }
})

const others = {
  'a quote': { a: '"' },
  'a backslash': { a: '\\' },
  'a control character': ['\n', '\u0000', '\u001f'],
  'a name with a quote': { '"': 1 },
  'a wide unit': { a: 'Ā' },
  'a wide name': { 漢: 1 },
  'a lone surrogate': ['\ud800'],
  'a line separator': ['\u2028'],
  'a long string': { a: 'x'.repeat(10_000) },
  'many strings': Array.from({ length: 1000 }, (_, i) => `number ${i}`),
  'many numbers': Array.from({ length: 2000 }, (_, i) => i),
  'many empty objects': Array.from({ length: 3000 }, () => ({})),
}

for (const [what, value] of Object.entries(others)) {
  test(`${what} is left to JSON.stringify, and comes back`, (t) => {
    t.is(drafted(value), undefined)
    t.is(drafted([1, [value], 2]), undefined)
    t.deepEqual(stored(value), value)
    t.deepEqual(stored([1, [value], 2]), [1, [value], 2])
  })
}

test('a text of any length around the end of the draft comes back', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  for (let more = 0; more < 150; more++) {
    const filling = Array.from({ length: 38 }, () => 'x'.repeat(100))
    for (const last of ['y'.repeat(more), [more % 10, true], {}]) {
      const value = [...filling, 'z'.repeat(more % 128), last, null]
      t.deepEqual(cache.set('key', value).get('key'), value)
    }
  }
})

test('what is not plain after all leaves nothing of its draft behind', (t) => {
  const value = { a: 1, when: new Date(0), b: 'text' }
  t.is(drafted(value), undefined)
  t.deepEqual(stored(value), value)
})

test('a getter that stores and reads in the middle of a draft does not disturb it', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const meddle = () => {
    cache.set('inner', { inner: [1, 2, 3] })
    return cache.get('inner')?.inner.length
  }
  const list = Object.defineProperty(['x', 'last'], 0, { get: meddle, enumerable: true })
  cache.set('outer', { before: 'b', list, after: 'a' })
  t.deepEqual(cache.get('outer'), { before: 'b', list: [3, 'last'], after: 'a' })
  t.deepEqual(cache.get('inner'), { inner: [1, 2, 3] })
})

test('a draft is stored by set with a ttl, by setMany and by memo as by set', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const value = (/** @type {unknown} */ name) => ({ name, list: [1, { a: null }] })
  cache.set('one', value('one'), { ttl: '1h' })
  cache.setMany([
    ['two', value('two')],
    ['three', value('three')],
  ])
  cache.memo('four', value)
  for (const key of ['one', 'two', 'three', 'four']) t.deepEqual(cache.get(key), value(key))
})

test('a draft and the same text handed over are the same entry', (t) => {
  const value = { id: 1, name: 'Ada' }
  const [one, many] = [new SharedCache({ maxBytes: '1mb' }), new SharedCache({ maxBytes: '1mb' })]
  one.set('key', value)
  many.setMany([['key', value]])
  t.is(one.info('key')?.size, many.info('key')?.size)
})

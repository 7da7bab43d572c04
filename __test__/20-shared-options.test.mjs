import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import fc from 'fast-check'
import { MokapotError, SharedCache } from '../dist/index.mjs'
import { native } from '../dist/native.js'
import { living, opened } from './fixtures/helpers.mjs'

/** @typedef {import('../dist/index.mjs').SharedHandle} SharedHandle */

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const MB = 2 ** 20
const codec = { name: 'own', encode: () => new Uint8Array(1), decode: () => 1 }
const detachedPromise = Promise.resolve('1mb')

// --- What options must not be ----------------------------------------------------------------------------------------

/** @type {Record<string, { range: unknown[], type: unknown[] }>} */
const BAD = {
  maxBytes: {
    range: [
      ...[0, -0, -1, 1.5, 0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53],
      ...[
        '',
        '10',
        '10x',
        '10 mb',
        ' 10mb',
        '10mb ',
        'mb',
        '-1mb',
        '0mb',
        '0.1b',
        '1e400mb',
        '1,5mb',
        '0x10mb',
      ],
      ...['0%', '101%', '-1%', '%', '10kib', '1pb', 'Infinity'],
    ],
    type: [null, undefined, true, 10n, Symbol('s'), {}, [], ['1mb'], () => 1, new Date(), detachedPromise],
  },
  ttl: {
    range: [
      ...[0, -0, -1, Number.NaN, Number.NEGATIVE_INFINITY],
      ...[
        '',
        '10',
        '10 s',
        ' 10s',
        '10s ',
        's',
        '-5s',
        '0s',
        '0ms',
        '5S',
        '5M',
        '1w',
        '1y',
        '1e400s',
        'Infinity',
      ],
    ],
    type: [null, true, 10n, Symbol('s'), {}, [], [5], () => 1, new Date(), detachedPromise],
  },
  policy: { range: [], type: [null, '', 'lfu', 'LRU', 'fifo', 1, true, {}, ['lru'], Object('lru')] },
  codec: {
    range: [],
    type: [
      ...[null, '', 'JSON', 'msgpack', 1, true, () => 1, {}, [], Object('json')],
      ...[{ name: 'own' }, { ...codec, name: undefined }, { ...codec, name: '' }, { ...codec, name: 1 }],
      ...['structured', 'json', 'string', 'bytes'].map((name) => ({ ...codec, name })),
      ...[
        { ...codec, encode: undefined },
        { ...codec, encode: 1 },
      ],
      ...[
        { ...codec, decode: undefined },
        { ...codec, decode: 'decode' },
      ],
    ],
  },
  name: { range: [], type: [null, '', 1, true, 10n, Symbol('s'), {}, ['name'], '\ud800', 'a\udfff'] },
}
for (const span of ['tti', 'staleWhileRevalidate', 'staleIfError', 'errorTtl']) BAD[span] = BAD.ttl

/**
 * `use` is refused, the message names the option, and nothing is opened.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {() => unknown} use
 * @param {{ instanceOf: typeof TypeError | typeof RangeError, code?: string, names: string }} expected
 */
function isRefused(t, use, { instanceOf, code = 'ERR_MOKAPOT_INVALID_OPTION', names }) {
  const before = native.living()
  const error = t.throws(use, { instanceOf, code })
  t.is(error?.constructor, instanceOf)
  t.true(error?.message.includes(names), error?.message)
  t.deepEqual(native.living(), before)
}

for (const [option, { range, type }] of Object.entries(BAD)) {
  test(`the constructor refuses a bad ${option} and opens nothing`, (t) => {
    /** @param {unknown} value */
    const make = (value) => () => new SharedCache(/** @type {any} */ ({ maxBytes: '1mb', [option]: value }))
    for (const value of range) isRefused(t, make(value), { instanceOf: RangeError, names: option })
    for (const value of type) isRefused(t, make(value), { instanceOf: TypeError, names: option })
  })

  if (option !== 'name') {
    test(`open refuses a bad ${option}, whether the cache lives or not`, (t) => {
      const name = `refusing ${option}`
      /** @param {unknown} value */
      const open = (value) => () =>
        SharedCache.open(
          name,
          /** @type {any} */ ({ ...(option !== 'maxBytes' && { maxBytes: '1mb' }), [option]: value }),
        )
      const refuseAll = () => {
        for (const value of range) isRefused(t, open(value), { instanceOf: RangeError, names: option })
        for (const value of type) {
          if (value !== undefined) isRefused(t, open(value), { instanceOf: TypeError, names: option })
        }
      }
      refuseAll()
      const cache = new SharedCache({ maxBytes: '1mb', name })
      refuseAll()
      cache.close()
    })
  }
}

for (const option of ['ttl', 'tti']) {
  test(`set refuses a bad ${option}, and the old value and its lifetime stay`, (t) => {
    const cache = new SharedCache({ maxBytes: '1mb' })
    cache.set('key', 'old')
    const stats = cache.stats()
    const { range, type } = BAD[option]
    /** @param {unknown} value */
    const set = (value) => () => cache.set('key', 'new', /** @type {any} */ ({ [option]: value }))
    for (const value of range) isRefused(t, set(value), { instanceOf: RangeError, names: option })
    for (const value of type) isRefused(t, set(value), { instanceOf: TypeError, names: option })
    t.deepEqual(cache.stats(), stats)
    t.is(cache.get('key'), 'old')
    cache.close()
  })
}

test('open refuses a name that is none', (t) => {
  for (const name of [...BAD.name.type, undefined]) {
    const open = () => SharedCache.open(/** @type {any} */ (name), { maxBytes: '1mb' })
    isRefused(t, open, { instanceOf: TypeError, names: 'name' })
  }
})

test('attach refuses a codec that is none', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  for (const value of BAD.codec.type) {
    const attach = () => SharedCache.attach(cache.handle, /** @type {any} */ ({ codec: value }))
    isRefused(t, attach, { instanceOf: TypeError, names: 'codec' })
  }
  cache.close()
})

test('options must be an object', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { handle } = cache
  for (const options of /** @type {any[]} */ ([null, 1, '1mb', true, 10n, Symbol('s'), [], () => {}])) {
    for (const use of [
      () => new SharedCache(options),
      () => SharedCache.open('no object', options),
      () => SharedCache.attach(handle, options),
      () => cache.set('key', 'value', options),
    ]) {
      isRefused(t, use, { instanceOf: TypeError, names: 'options' })
    }
  }
  t.is(cache.size, 0)
  cache.close()
})

test('a cache is not made without maxBytes', (t) => {
  const Constructor = /** @type {any} */ (SharedCache)
  for (const use of [() => new Constructor(), () => new Constructor({}), () => new Constructor({ ttl: 5 })]) {
    isRefused(t, use, { instanceOf: TypeError, names: 'maxBytes' })
  }
})

test('an option that does not exist is refused, with the one that was likely meant', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', name: 'unknown options' })
  const { handle } = cache
  const any = /** @type {any} */ (SharedCache)
  const code = 'ERR_MOKAPOT_UNKNOWN_OPTION'
  /** @type {[() => unknown, string][]} */
  const uses = [
    [() => new any({ maxBytes: '1mb', maxbytes: 1 }), 'did you mean "maxBytes"?'],
    [() => new any({ maxBytes: '1mb', TTL: 1 }), 'did you mean "ttl"?'],
    [() => new any({ maxBytes: '1mb', polcy: 'lru' }), 'did you mean "policy"?'],
    [() => new any({ maxBytes: '1mb', shards: 4 }), 'shards'],
    [() => new any({ maxBytes: '1mb', shards: undefined }), 'shards'],
    [() => any.open('unknown options', { maxByte: '1mb' }), 'did you mean "maxBytes"?'],
    [() => any.open('unknown options', { name: 'other' }), 'name'],
    [() => any.attach(handle, { codecs: 'json' }), 'did you mean "codec"?'],
    [() => any.attach(handle, { maxBytes: '1mb' }), 'maxBytes'],
    [() => /** @type {any} */ (cache).set('key', 1, { tl: 5 }), 'did you mean'],
    [() => /** @type {any} */ (cache).set('key', 1, { size: 5 }), 'size'],
  ]
  for (const [use, names] of uses) isRefused(t, use, { instanceOf: TypeError, code, names })
  t.is(cache.size, 0)
  cache.close()
})

test('what a getter among the options throws reaches the caller, and nothing is opened', (t) => {
  const before = native.living()
  const trouble = new Error('trouble')
  const options = {
    maxBytes: /** @type {const} */ ('1mb'),
    /** @returns {number} */
    get ttl() {
      throw trouble
    },
  }
  t.is(
    t.throws(() => new SharedCache(options)),
    trouble,
  )
  t.is(
    t.throws(() => SharedCache.open('getter', options)),
    trouble,
  )
  t.deepEqual(native.living(), before)
})

test('set reads its options before it encodes the value, which they cannot change any more', (t) => {
  for (const codec of /** @type {const} */ (['structured', 'json'])) {
    const cache = new SharedCache({ maxBytes: '1mb', codec })
    /** @type {string[]} */
    const order = []
    const value = {
      list: [1],
      get last() {
        order.push('value')
        return 'read'
      },
    }
    const options = {
      get ttl() {
        order.push('options')
        // The codec is used for something of another kind in the middle of the set.
        cache.set('inner', codec === 'json' ? { inner: true } : Buffer.from('inner'))
        value.list.push(2)
        return 60_000
      },
    }
    cache.set('key', value, options)
    t.deepEqual(cache.get('key'), { list: [1, 2], last: 'read' })
    t.is(order[0], 'options')
    t.is(order.lastIndexOf('options'), 0)
    t.deepEqual(cache.get('inner'), codec === 'json' ? { inner: true } : Buffer.from('inner'))

    t.throws(() => cache.set('key', value, /** @type {any} */ ({ ttl: -1 })), { instanceOf: RangeError })
    order.length = 0
    t.throws(() => cache.set('key', value, /** @type {any} */ ({ tl: 1 })), { instanceOf: TypeError })
    t.deepEqual(order, [], 'what is refused for its options is not encoded')
    cache.close()
  }
})

// --- What options may be ---------------------------------------------------------------------------------------------

test('sizes are bytes, or say their unit, or are a share of memory', (t) => {
  /** @type {[import('../dist/index.mjs').Size, number][]} */
  const sizes = [
    [1, 1],
    [1_000_000, 1_000_000],
    ['512b', 512],
    ['64kb', 64 * 2 ** 10],
    ['1.5mb', 1.5 * MB],
    ['.5gb', MB * 512],
    ['256MB', 256 * MB],
    ['1Gb', 2 ** 30],
  ]
  for (const [maxBytes, bytes] of sizes) {
    const cache = new SharedCache({ maxBytes })
    t.is(cache.maxBytes, bytes)
    cache.close()
  }
  const [half, whole] = ['50%', '100%'].map((maxBytes) => {
    const cache = new SharedCache({ maxBytes: /** @type {'50%'} */ (maxBytes) })
    const bytes = cache.maxBytes
    cache.close()
    return bytes
  })
  t.true(half > 0 && Math.abs(whole - 2 * half) <= 2)
})

test('an option that is undefined is absent', (t) => {
  const cache = new SharedCache({
    ...{ maxBytes: MB, ttl: undefined, tti: undefined, policy: undefined, name: undefined, codec: undefined },
  })
  t.is(cache.set('key', { a: 1 }).size, 1)
  cache.close()
})

test('names may be any well-formed text, and are told apart unit by unit', (t) => {
  const names = ['a', 'A', ' a', 'a\0', 'a\0b', 'é', 'e\u0301', '🌍', 'λ', 'n'.repeat(10_000), '__proto__']
  const caches = names.map((name) => new SharedCache({ maxBytes: '1mb', name }))
  for (const [index, cache] of caches.entries()) cache.set('name', index)
  for (const [index, name] of names.entries()) {
    const cache = SharedCache.open(name)
    t.is(cache.get('name'), index)
    cache.close()
  }
  for (const cache of caches) cache.close()
})

// --- open ------------------------------------------------------------------------------------------------------------

test('open makes a cache of that name, or gives the one that lives', (t) => {
  const before = living()
  const made = SharedCache.open('shop', { maxBytes: '1mb' })
  made.set('key', 'value')
  const again = SharedCache.open('shop', { maxBytes: '1mb' })
  const plain = SharedCache.open('shop')
  t.not(again, made)
  t.is(living(), before + 1)
  for (const cache of [again, plain]) {
    t.is(cache.get('key'), 'value')
    t.is(cache.maxBytes, MB)
    cache.close()
  }
  made.close()
  t.is(living(), before)
})

test('open gives the cache that the constructor made', (t) => {
  const made = new SharedCache({ maxBytes: '1mb', name: 'made', policy: 'lru', ttl: '1h', codec: 'string' })
  made.set('key', 'value')
  const found = SharedCache.open('made')
  t.is(found.get('key'), 'value')
  made.close()
  found.close()
})

test('open without maxBytes opens a living cache only, and says what is missing', (t) => {
  const open = () => SharedCache.open('nobody has this')
  isRefused(t, open, { instanceOf: TypeError, names: 'maxBytes' })
  isRefused(t, open, { instanceOf: TypeError, names: '"nobody has this"' })
})

test('open with an option that contradicts the living cache names both values, and opens nothing', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', name: 'differ', ttl: '1h', staleIfError: '1m' })
  cache.set('key', 'value')
  const before = native.living()
  /** @type {[any, RegExp, RegExp][]} */
  const differing = [
    [{ maxBytes: '2mb' }, /maxBytes 1048576\b/, /not 2097152\b/],
    [{ ttl: 5 }, /ttl 3600000\b/, /not 5\b/],
    [{ ttl: Number.POSITIVE_INFINITY }, /ttl 3600000\b/, /not Infinity\b/],
    [{ tti: '5s' }, /tti Infinity\b/, /not 5000\b/],
    [{ staleWhileRevalidate: '5s' }, /staleWhileRevalidate undefined\b/, /not 5000\b/],
    [{ staleIfError: '5s' }, /staleIfError 60000\b/, /not 5000\b/],
    [{ errorTtl: '5s' }, /errorTtl undefined\b/, /not 5000\b/],
    [{ policy: 'lru' }, /policy "tinylfu"/, /not "lru"/],
    [{ codec: 'json' }, /codec "structured"/, /not "json"/],
    [{ codec }, /codec "structured"/, /not "own"/],
    [{ maxBytes: '1mb', ttl: '1h', policy: 'lru' }, /policy "tinylfu"/, /not "lru"/],
  ]
  for (const [options, living, given] of differing) {
    const error = t.throws(() => SharedCache.open('differ', options), {
      instanceOf: MokapotError,
      code: 'ERR_MOKAPOT_OPTIONS_DIFFER',
      message: living,
    })
    t.regex(error?.message ?? '', given)
    t.regex(error?.message ?? '', /"differ"/)
    t.deepEqual(native.living(), before)
  }
  t.is(cache.get('key'), 'value')
  cache.close()
})

test('open with options that say the same in other words opens the living cache', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', name: 'same', ttl: '1h', tti: 90_000 })
  for (const options of [
    { maxBytes: MB },
    { maxBytes: /** @type {const} */ ('1024kb'), ttl: 3_600_000 },
    { ttl: /** @type {const} */ ('60m'), tti: /** @type {const} */ ('1.5m') },
    { policy: /** @type {const} */ ('tinylfu'), codec: /** @type {const} */ ('structured') },
    { ttl: undefined, codec: undefined },
    {},
    undefined,
  ]) {
    SharedCache.open('same', options).close()
  }
  const endless = new SharedCache({ maxBytes: '1mb', name: 'endless' })
  SharedCache.open('endless', { ttl: Number.POSITIVE_INFINITY, tti: Number.POSITIVE_INFINITY }).close()
  endless.close()
  cache.close()
  t.pass()
})

// No whole number of nanoseconds, which is what lifetimes are kept in.
for (const ttl of /** @type {import('../dist/index.mjs').Duration[]} */ ([1000 / 3, '1.005s', 1e-7, 1e300])) {
  test(`open with the very options the cache was made with opens it, with a ttl of ${ttl} too`, (t) => {
    const options = { maxBytes: MB, ttl }
    const made = SharedCache.open(`ttl of ${ttl}`, options)
    try {
      t.notThrows(() => SharedCache.open(`ttl of ${ttl}`, options).close())
    } finally {
      made.close()
    }
  })
}

test('the constructor refuses a name that is taken until the cache is gone', (t) => {
  const before = native.living()
  const cache = new SharedCache({ maxBytes: '1mb', name: 'taken' })
  const other = SharedCache.open('taken')
  const refused = { instanceOf: MokapotError, code: 'ERR_MOKAPOT_NAME_TAKEN', message: /"taken"/ }
  t.throws(() => new SharedCache({ maxBytes: '1mb', name: 'taken' }), refused)
  cache.close()
  t.throws(() => new SharedCache({ maxBytes: '1mb', name: 'taken' }), refused)
  other.close()
  t.deepEqual(native.living(), before)
  const next = new SharedCache({ maxBytes: '2mb', name: 'taken' })
  t.is(next.maxBytes, 2 * MB)
  t.is(next.size, 0)
  next.close()
})

test('a cache with a codec of its own is opened with a codec of that name only', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', name: 'own codec', codec })
  const before = native.living()
  const refused = { instanceOf: MokapotError, code: 'ERR_MOKAPOT_CODEC', message: /"own"/ }
  t.throws(() => SharedCache.open('own codec'), refused)
  t.throws(() => SharedCache.attach(cache.handle), refused)
  t.throws(() => SharedCache.attach(cache.handle, { codec: 'json' }), refused)
  t.throws(() => SharedCache.attach(cache.handle, { codec: { ...codec, name: 'other' } }), refused)
  t.deepEqual(native.living(), before)
  for (const same of [
    SharedCache.open('own codec', { codec }),
    SharedCache.attach(cache.handle, { codec: { ...codec } }),
  ]) {
    t.is(same.set('key', 5).get('key'), 1)
    same.close()
  }
  cache.close()
})

// --- attach ----------------------------------------------------------------------------------------------------------

test('a handle opens its cache, also after it was copied', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb', codec: 'json' })
  const { handle } = cache
  cache.set('key', { a: 1 })
  for (const copy of [handle, structuredClone(handle), JSON.parse(JSON.stringify(handle)), { ...handle }]) {
    const attached = SharedCache.attach(copy)
    t.deepEqual(attached.get('key'), { a: 1 })
    t.deepEqual(attached.handle, handle)
    attached.close()
  }
  cache.close()
})

test('the handle of a cache that is gone is stale, also when another cache took its place', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { handle } = cache
  cache.close()
  const refused = { instanceOf: MokapotError, code: 'ERR_MOKAPOT_STALE_HANDLE' }
  t.throws(() => SharedCache.attach(handle), refused)
  for (let i = 0; i < 10; i++) {
    const next = new SharedCache({ maxBytes: '1mb' })
    t.throws(() => SharedCache.attach(handle), refused)
    t.throws(() => SharedCache.attach(handle, { codec }), refused)
    t.notDeepEqual(next.handle, handle)
    next.close()
  }
})

test('the handle of another copy of the package is refused, with advice', (t) => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const copy = mkdtempSync(join(tmpdir(), 'mokapot-copy-'))
  t.teardown(() => {
    // Windows keeps a loaded addon from being deleted.
    if (process.platform !== 'win32') rmSync(copy, { recursive: true, force: true })
  })
  for (const part of readdirSync(root)) {
    if (['dist', 'index.js', 'package.json'].includes(part) || part.endsWith('.node')) {
      cpSync(join(root, part), join(copy, part), { recursive: true })
    }
  }
  const other = createRequire(import.meta.url)(join(copy, 'dist', 'index.js'))
  t.not(other.SharedCache, SharedCache)

  const refused = { code: 'ERR_MOKAPOT_OTHER_COPY', message: /dedupe/ }
  const theirs = new other.SharedCache({ maxBytes: '1mb', name: 'both' })
  const before = living()
  t.throws(() => SharedCache.attach(theirs.handle), { ...refused, instanceOf: MokapotError })
  t.is(living(), before)

  const ours = new SharedCache({ maxBytes: '1mb', name: 'both' })
  t.throws(() => other.SharedCache.attach(ours.handle), refused)
  ours.set('key', 'ours')
  t.is(theirs.get('key'), undefined)
  ours.close()
  theirs.close()
})

test('what is no handle is refused', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { handle } = cache
  const before = native.living()
  /** @type {any[]} */
  const forged = [
    ...[undefined, null, true, 0, 1, 1n, '', 'handle', Symbol('s'), () => handle, [], {}, [handle], cache],
    ...[
      { ...handle, mokapot: 2 },
      { ...handle, mokapot: '1' },
      { ...handle, mokapot: undefined },
    ],
    ...[
      { ...handle, image: undefined },
      { ...handle, image: 1 },
      { ...handle, image: null },
    ],
    ...[
      -1,
      0.5,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      2 ** 32,
      2 ** 53,
      '0',
      0n,
      null,
      undefined,
      {},
    ].flatMap((number) => [
      { ...handle, index: number },
      { ...handle, generation: number },
    ]),
  ]
  for (const each of forged) {
    t.throws(() => SharedCache.attach(each), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_HANDLE' })
  }
  t.deepEqual(native.living(), before)
  cache.close()
})

test('a forged handle that looks right names no cache, or some cache, and does no harm', (t) => {
  const caches = Array.from({ length: 5 }, () => new SharedCache({ maxBytes: '1mb' }))
  caches[2].close()
  const { image } = caches[0].handle
  const uint = fc.oneof(
    fc.nat({ max: 10 }),
    fc.nat({ max: 2 ** 31 - 1 }),
    fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32 - 2, 2 ** 16),
  )
  const before = native.living()
  fc.assert(
    fc.property(uint, uint, fc.constantFrom(image, image, `${image}0`, ''), (index, generation, image) => {
      let cache
      try {
        cache = SharedCache.attach({ mokapot: 1, image, index, generation })
      } catch (error) {
        const { code } = /** @type {MokapotError} */ (error)
        return code === 'ERR_MOKAPOT_STALE_HANDLE' || code === 'ERR_MOKAPOT_OTHER_COPY'
      }
      const works = cache.set('key', index).get('key') === index
      cache.close()
      return works
    }),
    { numRuns: 2000 },
  )
  t.deepEqual(native.living(), before)
  for (const cache of caches) cache.close()
})

test('anything at all given as a handle is refused, and does no harm', (t) => {
  const before = native.living()
  const field = fc.oneof(fc.anything(), fc.integer(), fc.constantFrom(native.image(), 1, 0, -0))
  const anything = fc.oneof(
    fc.anything(),
    fc.record({ mokapot: fc.oneof(fc.constant(1), field), image: field, index: field, generation: field }),
  )
  fc.assert(
    fc.property(anything, fc.boolean(), (given, throughProxy) => {
      const handle =
        throughProxy && typeof given === 'object' && given !== null ? new Proxy(given, {}) : given
      try {
        SharedCache.attach(/** @type {any} */ (handle)).close()
        return false
      } catch (error) {
        const { code } = /** @type {MokapotError} */ (error)
        return ['INVALID_HANDLE', 'STALE_HANDLE', 'OTHER_COPY'].some((end) => code === `ERR_MOKAPOT_${end}`)
      }
    }),
    { numRuns: 2000 },
  )
  t.deepEqual(native.living(), before)
})

test('a handle that changes while it is read does no harm', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const { handle } = cache
  const before = native.living()
  let reads = 0
  const moody = new Proxy(
    { ...handle },
    {
      get(_, field) {
        reads++
        return reads % 3 === 0 ? { valueOf: () => -1 } : /** @type {any} */ (handle)[field]
      },
    },
  )
  for (let i = 0; i < 20; i++) {
    try {
      SharedCache.attach(moody).close()
    } catch (error) {
      t.is(/** @type {MokapotError} */ (error).code, 'ERR_MOKAPOT_INVALID_HANDLE')
    }
  }
  const trouble = new Error('trouble')
  const throwing = new Proxy(
    { ...handle },
    {
      get() {
        throw trouble
      },
    },
  )
  t.is(
    t.throws(() => SharedCache.attach(throwing)),
    trouble,
  )
  const { proxy, revoke } = Proxy.revocable(handle, {})
  revoke()
  t.throws(() => SharedCache.attach(proxy), { instanceOf: TypeError })
  t.deepEqual(native.living(), before)
  cache.close()
})

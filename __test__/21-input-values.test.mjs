import test from 'ava'
import { SharedCache } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { revoked } from './fixtures/input/options.mjs'
import { refusesIn, shown } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const MIB = 2 ** 20
const trouble = new Error('trouble')
const Resizable = /** @type {any} */ (ArrayBuffer)

/** @returns {never} */
function fails() {
  throw trouble
}

/** @template {{ buffer: ArrayBufferLike }} T @param {T} view @returns {T} */
function detached(view) {
  structuredClone(view.buffer, { transfer: [/** @type {ArrayBuffer} */ (view.buffer)] })
  return view
}

const cycle = /** @type {any} */ ({ name: 'cycle' })
cycle.self = cycle
const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

/** Values that structured clone takes: what is put in, and what comes out where it is not the same. */
/** @type {Record<string, [put: unknown, got?: unknown]>} */
const CLONEABLE = {
  undefined: [undefined],
  null: [null],
  '-0': [-0],
  NaN: [Number.NaN],
  'an empty string': [''],
  'a lone surrogate': ['\ud800'],
  NUL: ['\0'],
  'no bytes': [new Uint8Array(0)],
  'an offset view': [bytes.subarray(2, 5), Uint8Array.of(3, 4, 5)],
  'a view over shared memory': [new Uint8Array(new SharedArrayBuffer(3)), new Uint8Array(3)],
  'an offset DataView': [new DataView(bytes.buffer, 1, 2), new DataView(Uint8Array.of(2, 3).buffer)],
  'an empty ArrayBuffer': [new ArrayBuffer(0)],
  'an offset Float64Array': [new Float64Array(new ArrayBuffer(24), 8, 1), new Float64Array(1)],
  'a cycle': [cycle],
  'a huge bigint': [10n ** 5000n],
  'an own __proto__': [JSON.parse('{"__proto__": {"a": 1}}')],
  'a null prototype': [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  'an invalid Date': [new Date(Number.NaN)],
  holes: [Object.assign(Array(3), { 0: 1, 2: 3 })],
  'boxed primitives': [[Object(1), Object('a'), Object(1n), Object(true)]],
  'an instance of a class': [
    new (class A {
      a = 1
    })(),
    { a: 1 },
  ],
}

/** Values that structured clone refuses. */
/** @type {Record<string, unknown>} */
const UNCLONEABLE = {
  'a function': () => 1,
  'a function inside': { deep: [() => 1] },
  'a symbol': Symbol('s'),
  'a proxy': new Proxy({}, {}),
  'a proxy of an array': new Proxy([], {}),
  'a revoked proxy': revoked(),
  'a revoked proxy inside': [revoked()],
  'a WeakMap': new WeakMap(),
  'a SharedArrayBuffer': new SharedArrayBuffer(8),
  'a detached ArrayBuffer': detached(new Uint8Array(8)).buffer,
  'a detached Uint8Array': detached(new Uint8Array(8)),
  'a detached DataView': detached(new DataView(new ArrayBuffer(8))),
  'a getter that throws': {
    get a() {
      return fails()
    },
  },
  'a getter that throws at the end': {
    a: 1,
    get z() {
      return fails()
    },
  },
  'a toJSON that is a function': { toJSON: fails },
  'a proxy whose traps throw': new Proxy({}, { get: fails, ownKeys: fails, getPrototypeOf: fails }),
}

/** Those that throw when they are asked for a `then`. */
const ASKED = ['a revoked proxy', 'a proxy whose traps throw']

for (const { member, world, use } of waysOf('value of a call')) {
  const isShared = world === 'cached over a SharedCache'

  test.serial(`${member} (${world}) takes every value that its store takes`, async (t) => {
    const held = worlds[world]()
    for (const [name, [put, ...got]] of Object.entries(CLONEABLE)) {
      use(held.subject, put)
      t.deepEqual(held.subject.peek('key'), isShared && got.length > 0 ? got[0] : put, name)
    }
    for (const [name, value] of Object.entries(UNCLONEABLE)) {
      // Whether it is a promise, which is no value, has to be asked of it.
      if (ASKED.includes(name)) continue
      if (isShared) {
        const refusal = { class: TypeError, code: 'ERR_MOKAPOT_UNCLONEABLE', names: 'input' }
        await refusesIn(t, held, (subject) => use(subject, value), refusal, name)
      } else {
        use(held.subject, value)
        t.is(held.subject.peek('key'), value, name)
      }
    }
    held.close()
  })
}

for (const { member, world, kind, use } of waysOf('value', 'value that is made')) {
  const isShared = world === 'shared' || world === 'near'
  const key = member.endsWith('memo') || member.endsWith('getOrSet') ? 'absent' : 'key'

  test.serial(
    `${member} (${world}) takes every value ${isShared ? 'that can be cloned' : 'by reference'}`,
    async (t) => {
      const all = {
        ...CLONEABLE,
        ...Object.fromEntries(Object.entries(UNCLONEABLE).map(([name, put]) => [name, [put]])),
      }
      for (const [name, [put, ...got]] of Object.entries(isShared ? CLONEABLE : all)) {
        const { subject, close } = worlds[world]()
        await use(subject, put)
        if (!isShared) t.is(subject.get(key), put, name)
        else {
          t.deepEqual(subject.get(key), got.length > 0 ? got[0] : put, name)
          if (typeof put === 'object' && put !== null) t.not(subject.get(key), put, name)
        }
        close()
      }
    },
  )

  if (!isShared) continue
  test.serial(`${member} (${world}) refuses a value that cannot be cloned`, async (t) => {
    const held = worlds[world]()
    // What makes a value was asked first, and so counts.
    const refusal = {
      class: TypeError,
      code: 'ERR_MOKAPOT_UNCLONEABLE',
      names: `"${key}"`,
      counts: key === 'absent',
    }
    for (const [name, value] of Object.entries(UNCLONEABLE)) {
      // Whether what was made is a promise has to be asked of it, as `await` does.
      if (kind !== 'value' && ASKED.includes(name)) continue
      await refusesIn(t, held, (subject) => use(subject, value), refusal, name)
    }
    held.close()
  })

  test.serial(
    `${member} (${world}) refuses a value larger than an entry can be, without a copy of it`,
    async (t) => {
      if (key === 'absent') {
        t.pass('who asked gets a value of any size')
        return
      }
      const { subject, picture, close } = worlds[world]()
      const before = /** @type {any} */ (picture())
      // Their memory is not touched, and so takes none; a copy would take all of it.
      const length = 2 ** 31 + 1
      /** @type {ArrayBufferView[] | unknown[]} */
      const large = [new Uint8Array(length), Buffer.from(new ArrayBuffer(length)), new ArrayBuffer(length)]
      large.push(
        new Float64Array(2 ** 28 + 1),
        new DataView(new ArrayBuffer(length)),
        new Uint8Array(length - 1).subarray(1),
      )
      const rss = process.memoryUsage().rss
      for (const value of large) await use(subject, value)
      t.true(process.memoryUsage().rss - rss < 512 * MIB)
      const after = /** @type {any} */ (picture())
      t.is(after.stats.rejected, before.stats.rejected + large.length)
      t.is(subject.get('key'), 'old', 'the old value stays')
      t.is(subject.get('other'), member.endsWith('Many') ? 'new' : 'too')
      t.is(after.size, before.size)
      close()
    },
  )
}

test.serial('the limit of an entry that another thread or object changed is the one that counts', (t) => {
  const cache = new SharedCache({ maxBytes: '64mb' })
  const other = SharedCache.attach(cache.handle)
  const value = new Float64Array(MIB)
  t.is(other.set('key', value).size, 1)
  cache.resize({ maxBytes: '1mb' })
  t.is(other.set('key', value).stats().rejected, 1)
  cache.resize({ maxBytes: '64mb' })
  t.is(/** @type {any} */ (other.setMany([['key', value]]).get('key')).length, MIB)
  for (const each of [cache, other]) each.close()
})

test.serial('a value that is too large to keep still reaches who asked for it', async (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const value = new Float64Array(MIB).fill(1.5)
  t.deepEqual(await cache.getOrSet('key', () => value), value)
  t.is(
    cache.memo('key', () => value),
    value,
  )
  t.deepEqual([cache.size, cache.stats().rejected], [0, 2])
  cache.close()
})

test.serial('length-tracking and resizable stores are taken as they are at that moment', (t) => {
  const store = new Resizable(8, { maxByteLength: 64 })
  const [tracking, fixed] = [new Uint8Array(store), new Uint8Array(store, 2, 4)]
  const cache = new SharedCache({ maxBytes: '1mb' })
  cache.set('tracking', tracking).set('fixed', fixed)
  store.resize(3)
  cache.set('shrunk', tracking)
  const lengths = ['tracking', 'fixed', 'shrunk'].map((key) => /** @type {any} */ (cache.get(key)).length)
  t.deepEqual(lengths, [8, 4, 3])
  // A view that lies outside its store has no bytes: it is empty to structured clone, and nothing to 'bytes'.
  t.is(/** @type {any} */ (cache.set('out', fixed).get('out')).length, 0)
  t.is(/** @type {any} */ (cache.setMany([['out', fixed]]).get('out')).length, 0)
  const ofBytes = new SharedCache({ maxBytes: '1mb', codec: 'bytes' })
  for (const set of [() => ofBytes.set('out', fixed), () => ofBytes.setMany([['out', fixed]])]) {
    t.throws(set, { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' })
  }
  t.is(ofBytes.size, 0)
  ofBytes.close()
  cache.close()
})

test.serial('bytes with properties of their own are taken for what they are', (t) => {
  const lies = {
    byteLength: 2 ** 40,
    length: 1,
    byteOffset: 2 ** 20,
    buffer: new ArrayBuffer(1),
    constructor: Float64Array,
  }
  for (const codec of /** @type {const} */ (['structured', 'bytes'])) {
    const cache = new SharedCache({ maxBytes: '1mb', codec })
    for (const [name, value] of Object.entries(lies)) {
      for (const store of [
        (/** @type {any} */ v) => cache.set('key', v),
        (/** @type {any} */ v) => cache.setMany([['key', v]]),
      ]) {
        store(Object.defineProperty(Uint8Array.of(1, 2, 3), name, { value }))
        t.deepEqual([.../** @type {any} */ (cache.get('key'))], [1, 2, 3], `${codec} ${name}`)
      }
    }
    cache.close()
  }
})

test.serial('a value that its own getter changes is stored as structured clone reads it', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const value = {
    list: [1, 2, 3],
    get changes() {
      value.list.length = 1
      delete (/** @type {any} */ (value).gone)
      return 'changed'
    },
    gone: 'by then',
    after: 'after',
  }
  t.deepEqual(cache.set('key', value).get('key'), { list: [1, 2, 3], changes: 'changed', after: 'after' })

  const beside = new Uint8Array(8)
  const detaching = {
    get detaches() {
      return detached(beside).length
    },
    beside,
  }
  const before = cache.stats()
  t.throws(() => cache.set('key', detaching), { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNCLONEABLE' })
  t.deepEqual(
    [cache.stats(), cache.get('key')],
    [before, { list: [1, 2, 3], changes: 'changed', after: 'after' }],
  )

  const inner = {
    get sets() {
      cache.set('key', 'inner').set('other', 'of the getter')
      return 1
    },
  }
  t.deepEqual(cache.set('key', inner).get('key'), { sets: 1 }, 'the outer set is the later one')
  t.is(cache.get('other'), 'of the getter')

  const closing = {
    get closes() {
      cache.close()
      return 1
    },
  }
  t.throws(() => cache.set('key', closing), { code: 'ERR_MOKAPOT_CLOSED' })
})

/** What each codec of one's own or by text refuses, by the code. */
/** @type {[codec: any, value: unknown, refusal: import('./fixtures/input/runner.mjs').Refusal][]} */
const CODECS = [
  ...['string', 'bytes', 'json'].flatMap((codec) =>
    [
      undefined,
      Symbol('s'),
      () => 1,
      10n,
      ...(codec === 'json' ? [cycle, { toJSON: fails }] : [1, null, {}, []]),
    ].map(
      (value) => /** @type {any} */ ([codec, value, { class: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' }]),
    ),
  ),
  ['bytes', detached(new Uint8Array(8)), { class: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' }],
  ['bytes', 'text', { class: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' }],
  ['string', Object('boxed'), { class: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' }],
  [{ encode: fails }, 1, { is: trouble }],
  ...[
    undefined,
    null,
    'text',
    new ArrayBuffer(1),
    new Float64Array(1),
    Promise.resolve(bytes),
    [1],
    new Proxy(bytes, {}),
  ].map(
    (encoded) =>
      /** @type {any} */ ([
        { encode: () => encoded },
        1,
        { class: TypeError, code: 'ERR_MOKAPOT_CODEC', names: 'own' },
      ]),
  ),
  [{ encode: () => detached(new Uint8Array(8)) }, 1, { class: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' }],
]

test.serial('a codec refuses what it does not take, in every function that stores', async (t) => {
  for (const [given, value, refusal] of CODECS) {
    let isReady = false
    const codec =
      typeof given === 'string'
        ? given
        : {
            name: 'own',
            decode: () => 'old',
            encode: (/** @type {any} */ v) => (isReady ? given.encode(v) : bytes),
          }
    const cache = new SharedCache({ maxBytes: '1mb', codec: /** @type {any} */ (codec) })
    const old = codec === 'bytes' ? Buffer.from('old') : 'old'
    cache.set('key', old)
    isReady = true
    const picture = () => ({
      size: cache.size,
      bytes: cache.bytes,
      old: cache.peek('key'),
      stats: cache.stats(),
    })
    for (const { member, kind, world, use } of waysOf('value', 'value that is made')) {
      if (world !== 'shared') continue
      const told = { ...refusal, counts: kind !== 'value' }
      await refusesIn(
        t,
        { subject: cache, picture },
        (subject) => use(subject, value),
        told,
        `${member} ${shown(codec)}`,
      )
    }
    cache.close()
  }
})

test.serial('what a codec throws while it decodes reaches every reader, and the entry stays', async (t) => {
  const codec = { name: 'own', encode: () => bytes, decode: /** @type {() => number} */ (fails) }
  const cache = new SharedCache({ maxBytes: '1mb', codec })
  cache.set('key', 1)
  const reads = {
    get: () => cache.get('key'),
    peek: () => cache.peek('key'),
    info: () => cache.info('key'),
    getMany: () => cache.getMany(['key']),
    memo: () => cache.memo('key', () => 1),
    getOrSet: () => cache.getOrSet('key', () => 1),
    entries: () => [...cache],
    forEach: () => cache.forEach(() => {}),
  }
  for (const [name, read] of Object.entries(reads)) {
    const error = await t.throwsAsync(async () => read(), { is: trouble }, name)
    t.is(error, trouble)
  }
  t.deepEqual([cache.size, cache.has('key'), cache.delete('key')], [1, true, true])
  cache.close()
})

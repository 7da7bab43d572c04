import assert from 'node:assert/strict'
import * as moduleNamespace from 'node:path'
import util from 'node:util'
import v8 from 'node:v8'
import vm from 'node:vm'
import test from 'ava'
import fc from 'fast-check'
import { codecName, Kind, resolveCodec } from '../dist/codecs.js'
import { SharedCache } from '../dist/index.js'

/** @typedef {import('../dist/codecs.js').Payload} Payload */

const cache = new SharedCache({ maxBytes: '16mb' })

/** @type {Map<number, string>} */
const KIND_NAMES = new Map(Object.entries(Kind).map(([name, kind]) => [kind, name]))

/**
 * What the store does to a payload: it keeps a copy and hands out a fresh one.
 *
 * @param {Payload} payload
 * @returns {Payload}
 */
const store = (payload) => (payload instanceof Uint8Array ? Uint8Array.from(payload) : payload)

/**
 * @param {unknown} value
 * @param {unknown} [option]
 * @returns {any}
 */
function roundTrip(value, option) {
  const codec = resolveCodec(option)
  const payload = store(codec.encode(value, 'k'))
  return codec.decode(codec.kind, payload)
}

/**
 * The name of the kind that `value` takes.
 *
 * @param {unknown} value
 */
function kindOf(value) {
  const codec = resolveCodec(undefined)
  codec.encode(value, 'k')
  return KIND_NAMES.get(codec.kind)
}

/**
 * All there is to see of `value` in one text: types, prototypes, properties in their order, and what is reached twice.
 *
 * @param {unknown} value
 * @param {Map<object, number>} [seen]
 * @returns {string}
 */
function drawn(value, seen = new Map()) {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value !== 'object' || value === null)
    return Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`
  const number = seen.get(value)
  if (number !== undefined) return `#${number}`
  seen.set(value, seen.size)
  let text = `${Object.getPrototypeOf(value)?.constructor.name} ${Object.prototype.toString.call(value)}`
  if (ArrayBuffer.isView(value)) {
    return `${text} ${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
  }
  if (util.types.isAnyArrayBuffer(value)) text += Buffer.from(value).toString('hex')
  if (util.types.isDate(value)) text += value.getTime()
  if (util.types.isRegExp(value)) text += `${value} ${value.lastIndex}`
  if (util.types.isBoxedPrimitive(value)) text += drawn(value.valueOf())
  if (value instanceof Map || value instanceof Set) for (const part of value) text += `, ${drawn(part, seen)}`
  for (const name of Reflect.ownKeys(value)) {
    const { value: part, enumerable } = /** @type {PropertyDescriptor} */ (
      Object.getOwnPropertyDescriptor(value, name)
    )
    text += `, ${enumerable ? '' : '('}${JSON.stringify(String(name))}: ${drawn(part, seen)}`
  }
  return `{${text}}`
}

/**
 * Fails unless the codec does to `value` what structured clone does: gives back the same, or refuses it.
 *
 * @param {unknown} value
 */
function assertFaithful(value) {
  let bytes
  try {
    bytes = v8.serialize(value)
  } catch {
    assert.throws(() => roundTrip(value), { name: 'TypeError', code: 'ERR_MOKAPOT_UNCLONEABLE' })
    return
  }
  // Deep equality would not do: it is blind to what is reached twice and to order, and finds invalid dates unequal.
  assert.equal(drawn(roundTrip(value)), drawn(v8.deserialize(bytes)))
  // A cache may hand the text of a small value over without making a string of it.
  assert.equal(drawn(cache.set('key', value).get('key')), drawn(v8.deserialize(bytes)))
}

// --- Which kind each value takes -------------------------------------------------------------------------

/** @type {Record<string, unknown[]>} */
const KINDS = {
  Undefined: [undefined],
  Null: [null],
  False: [false],
  True: [true],
  Number: [0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MIN_VALUE, 2 ** 53],
  String: ['', 'text', 'snow ☃', '\ud800 alone', '\0'],
  Json: [
    {},
    [],
    { id: 1, name: 'x', tags: ['a', 'b'] },
    [[[]], {}, null, true, 'x', 1.5],
    Object.assign(Object.create(null), { a: 1 }),
    JSON.parse('{"__proto__": {"a": 1}, "b": 2}'),
    { 2: 'b', 1: 'a', '01': 'c', '': 'd' },
    { 'lone \udc00': '\ud800', '\u2028': '"\\\n' },
    { a: 1, [Symbol('left out')]: 2 },
    Object.defineProperty({ a: 1 }, 'hidden', { value: new Date() }),
    Object.defineProperty([1], 'hidden', { value: new Date() }),
    Object.freeze({ a: Object.freeze([1]) }),
    Array.from({ length: 100 }, (_, i) => ({ i })),
    Array.from({ length: 100 }, (_, i) => i / 4),
  ],
  Buffer: [Buffer.from('abc'), Buffer.alloc(0), Buffer.from('abcdef').subarray(2, 4), Buffer.alloc(1e5, 7)],
  Uint8Array: [new Uint8Array([1, 2]), new Uint8Array(0), new Uint8Array(100).subarray(3, 9)],
  Structured: [
    10n,
    new Date(0),
    new Map([[1, { a: -0 }]]),
    new Set(['a']),
    /x/gi,
    new RangeError('no', { cause: { a: 1 } }),
    Object(1),
    Object('s'),
    new ArrayBuffer(4),
    new Float64Array([1.5, -0]),
    new DataView(new ArrayBuffer(8), 2, 4),
    { a: undefined },
    { a: -0 },
    [-0],
    { a: Number.NaN },
    [Number.POSITIVE_INFINITY],
    { a: 10n },
    { a: new Date(0) },
    { a: Buffer.from('abc') },
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    [1, , 3],
    new Array(3),
    [undefined],
    Object.assign([1, 2], { x: 1 }),
    Object.assign(['a'], { '01': 1 }),
    /(a)(?<n>b)?/.exec('xab'),
    Object.defineProperty(['a', 'b'], 0, { enumerable: false }),
    Object.assign(Object.defineProperty(['a', 'b'], 0, { enumerable: false }), { x: 1 }),
    Object.assign(Object.defineProperty(['a'], 0, { enumerable: false }), { '': 1 }),
    { toJSON: 1 },
    Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 2 }),
    Object.defineProperty([1], 'toJSON', { value: () => 2 }),
    Object.create({ toJSON: () => 2 }, { a: { value: 1, enumerable: true } }),
    {
      get a() {
        return 1
      },
    },
    Object.defineProperty([1], 0, { get: () => new Date(0), enumerable: true }),
    Object.create({ inherited: 1 }),
    new (class Point {
      x = 1
    })(),
    new (class extends Array {})(),
    new (class extends Uint8Array {})(2),
    new URL('http://a.test'),
    Object.setPrototypeOf([1, 2], Object.prototype),
    Object.setPrototypeOf(new Date(0), Object.prototype),
    Object.setPrototypeOf(new Date(0), null),
    Object.create(Array.prototype, { 0: { value: 1, enumerable: true } }),
    { [Symbol.toStringTag]: 'Tagged' },
    vm.runInNewContext('({ a: [1], d: new Date(0) })'),
    vm.runInNewContext('new Uint8Array(2)'),
    [Math, JSON],
    Object.create(Uint8Array.prototype),
    new Uint8Array(new SharedArrayBuffer(8)),
    Buffer.from(new SharedArrayBuffer(8)),
    Array.from({ length: 64 }, (_, i) => Math.sin(i + 1)),
  ],
}

for (const [kind, values] of Object.entries(KINDS)) {
  for (const [i, value] of values.entries()) {
    test(`${kind} ${i} (${util.inspect(value, { depth: 1, breakLength: Infinity }).slice(0, 60)}) comes back as structured clone would give it`, (t) => {
      t.is(kindOf(value), kind)
      assertFaithful(value)
      t.pass()
    })
  }
}

test('an object that is reached twice, and a cycle, are one object afterwards too', (t) => {
  const shared = { a: 1 }
  const twice = roundTrip({ x: shared, y: [shared] })
  t.is(twice.x, twice.y[0])

  /** @type {Record<string, unknown>} */
  const cycle = { name: 'x' }
  cycle.self = [cycle]
  const copy = roundTrip(cycle)
  t.is(copy.self[0], copy)

  // Beyond the length of the list in which few objects are looked up.
  for (const length of [10, 31, 32, 33, 34, 100, 1_000]) {
    const many = Array.from({ length }, (_, i) => ({ i }))
    t.is(kindOf(many), 'Json')
    for (const at of [0, length >> 1, length - 1]) {
      const values = [...many, many[at]]
      t.is(kindOf(values), 'Structured')
      const decoded = roundTrip(values)
      t.is(decoded[length], decoded[at])
    }
  }
  t.is(kindOf({ x: 'same', y: 'same' }), 'Json')
})

test('deep values are structured, and values too deep for that are refused', (t) => {
  /** @param {number} depth */
  const nested = (depth) => {
    let value = {}
    for (let i = 0; i < depth; i++) value = i % 2 ? { value } : [value]
    return value
  }
  t.is(kindOf(nested(50)), 'Json')
  t.is(kindOf(nested(500)), 'Structured')
  for (const depth of [50, 99, 100, 101, 102, 500]) assertFaithful(nested(depth))
  t.throws(() => roundTrip(nested(1e5)), { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNCLONEABLE' })
  t.deepEqual(roundTrip({ a: 1 }), { a: 1 })
})

test('a vector of measured numbers is structured, which is smaller; short numbers stay text', (t) => {
  t.is(kindOf({ id: 1, vector: Float32Array.from({ length: 256 }, Math.random) }), 'Structured')
  t.is(kindOf({ id: 1, vector: Array.from({ length: 256 }, (_, i) => Math.sin(i + 1)) }), 'Structured')
  t.is(kindOf(Array.from({ length: 256 }, (_, i) => i)), 'Json')
  t.is(kindOf(Array.from({ length: 256 }, (_, i) => i * 0.25)), 'Json')
})

// --- Faithfulness at large -------------------------------------------------------------------------------

const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
  .map((codes) => String.fromCharCode(...codes))
const key = fc.oneof(
  fc.string({ maxLength: 6 }),
  units,
  fc.constantFrom(
    '__proto__',
    'toJSON',
    'constructor',
    'length',
    '0',
    '-0',
    '01',
    'hasOwnProperty',
    'toString',
  ),
)
const leaf = fc.oneof(
  fc.string(),
  units,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, undefined, 0, -0, 1e21, -1e-7, Number.MAX_VALUE, Number.MIN_VALUE),
)
const everything = fc.anything({
  key,
  values: [leaf],
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})
const jsonLike = fc.anything({
  key,
  values: [fc.string(), units, fc.integer(), fc.double({ noNaN: true })],
  maxDepth: 4,
})
// Like JSON, with an oddity now and then: the walk must get past all the rest to find it.
const oddity = fc.constantFrom(-0, Number.NaN, undefined, 1n, Symbol('s'), () => {})
const nearlyPlain = fc.anything({
  key,
  values: [
    fc.oneof(
      { arbitrary: fc.string(), weight: 20 },
      { arbitrary: fc.integer(), weight: 20 },
      { arbitrary: oddity, weight: 1 },
    ),
  ],
  withNullPrototype: true,
})

for (const [name, arbitrary] of Object.entries({ everything, jsonLike, nearlyPlain, leaf })) {
  test(`any value comes back as structured clone would give it, or is refused as it would be: ${name}`, (t) => {
    fc.assert(
      fc.property(arbitrary, (value) => assertFaithful(value)),
      { numRuns: 3_000 },
    )
    t.pass()
  })
}

test('any value keeps what it reaches twice', (t) => {
  const graph = fc
    .tuple(jsonLike, everything, fc.array(fc.nat({ max: 5 }), { maxLength: 6 }))
    .map(([a, b, picks]) => {
      /** @type {unknown[]} */
      const nodes = [a, b, [a], { a, b: 1 }, { b }]
      for (const pick of picks) nodes.push({ node: nodes[pick], pick })
      return nodes.at(-1)
    })
  fc.assert(
    fc.property(graph, (value) => assertFaithful(value)),
    { numRuns: 2_000 },
  )
  t.pass()
})

test('bytes and strings of any content come back unit by unit', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), units, (bytes, text) => {
      assert.deepStrictEqual(roundTrip(bytes), bytes)
      assert.deepStrictEqual(roundTrip(Buffer.from(bytes)), Buffer.from(bytes))
      assert.deepStrictEqual(roundTrip(Buffer.from(bytes), 'bytes'), Buffer.from(bytes))
      assert.equal(roundTrip(text), text)
      assert.equal(roundTrip(text, 'string'), text)
      assert.equal(roundTrip(text, 'json'), text)
    }),
  )
  t.pass()
})

// --- Code of the user's that runs meanwhile --------------------------------------------------------------

test('a getter is called once, as by structured clone', (t) => {
  let calls = 0
  const value = {
    plain: [1],
    get next() {
      calls++
      return calls
    },
  }
  t.deepEqual(roundTrip(value), { plain: [1], next: 1 })
  t.is(calls, 1)
})

test('a getter that changes its mind never makes the value a lie', (t) => {
  for (const answers of [
    [1, Number.NaN],
    ['x', undefined],
    [1, 2],
    [{}, {}],
  ]) {
    let calls = 0
    const answer = () => answers[Math.min(calls++, answers.length - 1)]
    t.deepEqual(roundTrip(Object.defineProperty({}, 'a', { get: answer, enumerable: true })), {
      a: answers[0],
    })
    calls = 0
    t.deepEqual(roundTrip(Object.defineProperty(['x'], 0, { get: answer, enumerable: true })), [answers[1]])
  }
})

test('a getter that throws is what cannot be cloned, and nothing stays behind', (t) => {
  const boo = new Error('boo')
  const value = {
    list: [1],
    get a() {
      throw boo
    },
  }
  const error = t.throws(() => roundTrip(value), { instanceOf: TypeError, code: 'ERR_MOKAPOT_UNCLONEABLE' })
  t.is(error?.cause, boo)
  const list = Object.defineProperty(['x'], 0, { get: () => assert.fail('boo'), enumerable: true })
  t.throws(() => roundTrip({ list }), { code: 'ERR_MOKAPOT_UNCLONEABLE' })
  t.is(kindOf(value.list), 'Json')
  t.is(kindOf(value.list), 'Json')
})

test('a getter may use the codec that is at work on its object', (t) => {
  const codec = resolveCodec(undefined)
  const shared = { s: 1 }
  const list = Object.defineProperty(['x'], 0, {
    get: () => codec.encode([shared, 'inner'], 'inner'),
    enumerable: true,
  })
  const payload = codec.encode([shared, list], 'outer')
  t.is(codec.kind, Kind.Json)
  t.deepEqual(codec.decode(codec.kind, payload), [{ s: 1 }, ['[{"s":1},"inner"]']])

  const getter = {
    get a() {
      return codec.encode('text', 'inner')
    },
  }
  const bytes = codec.encode(getter, 'outer')
  t.is(codec.kind, Kind.Structured)
  t.deepEqual(codec.decode(codec.kind, store(bytes)), { a: 'text' })
})

test.serial('tampered prototypes change nothing', (t) => {
  const values = [{ a: 1 }, [1, { b: 2 }], {}, [], Object.assign(Object.create(null), { a: 1 })]
  for (const [prototype, name, property] of /** @type {[object, string, PropertyDescriptor][]} */ ([
    [Object.prototype, 'toJSON', { value: () => 'gone' }],
    [Array.prototype, 'toJSON', { value: () => 'gone' }],
    [Object.prototype, 'polluted', { value: { p: 1 }, enumerable: true }],
    [Object.prototype, 'polluted', { value: 'p', enumerable: true }],
    [Array.prototype, '0', { value: 'p', enumerable: true, writable: true }],
    [Array.prototype, 'polluted', { value: 'p', enumerable: true }],
  ])) {
    Object.defineProperty(prototype, name, { ...property, configurable: true })
    try {
      // biome-ignore lint/suspicious/noSparseArray: a hole would show the element of the prototype
      for (const value of [...values, [, 2]]) {
        t.is(drawn(roundTrip(value)), drawn(v8.deserialize(v8.serialize(value))))
      }
    } finally {
      Reflect.deleteProperty(prototype, name)
    }
  }
  t.is(kindOf({ a: [1] }), 'Json')
})

// --- Nothing is shared -----------------------------------------------------------------------------------

test('a decoded value shares nothing with the value, the payload or another decoded value', (t) => {
  const value = { list: [1, { a: 1 }], bytes: new Uint8Array([1, 2]), map: new Map([['k', [1]]]) }
  const codec = resolveCodec(undefined)
  const kept = store(codec.encode(value, 'k'))
  const { kind } = codec
  const first = /** @type {typeof value} */ (codec.decode(kind, store(kept)))
  value.list.length = 0
  value.bytes.fill(9)
  first.list.push(2)
  first.bytes.fill(7)
  first.map.clear()
  t.deepEqual(codec.decode(kind, store(kept)), {
    list: [1, { a: 1 }],
    bytes: new Uint8Array([1, 2]),
    map: new Map([['k', [1]]]),
  })
})

test('plain data is a text, which later changes of the value do not touch', (t) => {
  const codec = resolveCodec(undefined)
  const value = { a: [1] }
  const payload = codec.encode(value, 'k')
  value.a.push(2)
  t.deepEqual(codec.decode(codec.kind, payload), { a: [1] })
})

test('every decoded typed array has a store of exactly its size to itself', (t) => {
  const memory = new ArrayBuffer(64)
  new Uint8Array(memory).set(Array.from({ length: 64 }, (_, i) => i))
  const constructors = [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array],
  ]
  const views = constructors.map((View) => new View(memory, 8, 2))
  const value = {
    odd: 'x',
    buffer: Buffer.from('abc'),
    view: new DataView(memory, 3, 5),
    views,
    empty: new Int8Array(),
  }
  const decoded = roundTrip(value)
  t.deepEqual(decoded, v8.deserialize(v8.serialize(value)))
  const all = [decoded.buffer, decoded.view, decoded.empty, ...decoded.views]
  for (const view of all) {
    t.is(view.byteOffset, 0)
    t.is(view.buffer.byteLength, view.byteLength)
  }
  t.is(new Set(all.map((view) => view.buffer)).size, all.length)
  t.true(Buffer.isBuffer(decoded.buffer))
  t.is(decoded.buffer.toString(), 'abc')

  for (const top of [new Uint8Array([1, 2, 3]), Buffer.from('abc'), new Float64Array([1.5])]) {
    t.is(roundTrip(top).buffer.byteLength, top.byteLength)
  }
})

test('a payload that is a part of a larger store is read as that part', (t) => {
  const codec = resolveCodec(undefined)
  const large = Buffer.from('..abc..')
  const bytes = /** @type {Uint8Array} */ (codec.decode(Kind.Uint8Array, large.subarray(2, 5)))
  t.is(Object.getPrototypeOf(bytes), Uint8Array.prototype)
  t.deepEqual([...bytes], [97, 98, 99])
  t.is(bytes.buffer.byteLength, 3)
  t.is(String(codec.decode(Kind.Buffer, new Uint8Array(large).subarray(2, 5))), 'abc')
})

// --- What cannot be cloned -------------------------------------------------------------------------------

/** @type {Record<string, () => unknown>} */
const UNCLONEABLE = {
  'a function': () => () => {},
  'a function inside': () => ({ a: [{ f() {} }] }),
  'a symbol': () => Symbol('x'),
  'a symbol inside': () => [Symbol('x')],
  'a boxed symbol': () => Object(Symbol('x')),
  'a proxy': () => new Proxy({ a: 1 }, {}),
  'a proxy inside': () => ({ a: new Proxy([1], {}) }),
  'a revoked proxy': () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  },
  'a proxy whose traps throw': () =>
    new Proxy(
      {},
      {
        getPrototypeOf: () => assert.fail('trap'),
        ownKeys: () => assert.fail('trap'),
        get: () => assert.fail('trap'),
      },
    ),
  'a promise': () => Promise.resolve(1),
  'a WeakMap': () => new WeakMap(),
  'an iterator': () => [1].values(),
  'a generator': () => (function* () {})(),
  arguments: () =>
    (function () {
      // biome-ignore lint/complexity/noArguments: it is what is tested
      return arguments
    })(),
  'a module namespace': () => ({ moduleNamespace }),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(8),
  'a detached ArrayBuffer': () => {
    const store = new ArrayBuffer(8)
    structuredClone(store, { transfer: [store] })
    return store
  },
  'a detached Uint8Array': () => {
    const bytes = new Uint8Array(8)
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes
  },
  'a detached Buffer': () => {
    const bytes = Buffer.from(new ArrayBuffer(8))
    structuredClone(bytes, { transfer: [bytes.buffer] })
    return bytes
  },
  'a detached Float64Array inside': () => {
    const floats = new Float64Array(8)
    structuredClone(floats, { transfer: [floats.buffer] })
    return { floats }
  },
}

for (const [name, make] of Object.entries(UNCLONEABLE)) {
  test(`${name} is refused with the key and the reason`, (t) => {
    const codec = resolveCodec(undefined)
    const error = t.throws(() => codec.encode(make(), 'user:1'), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_UNCLONEABLE',
      message: /^the value of "user:1", .*cannot be cloned \(.*\); leave /,
    })
    t.true(error?.cause instanceof Error)
    t.true((error?.message.length ?? 0) < 400)
  })
}

test('bytes over memory that other threads may write are copied before they are stored', (t) => {
  const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(5)
  for (const option of [
    undefined,
    'bytes',
    { name: 'own', encode: () => shared, decode: (/** @type {any} */ b) => b },
  ]) {
    const codec = resolveCodec(option)
    const payload = /** @type {Uint8Array} */ (codec.encode(shared, 'k'))
    t.false(util.types.isSharedArrayBuffer(payload.buffer))
    t.deepEqual([.../** @type {Uint8Array} */ (codec.decode(codec.kind, store(payload)))], [5, 5, 5])
  }
})

// --- The other codecs ------------------------------------------------------------------------------------

test("'bytes' takes any Uint8Array and gives a Buffer", (t) => {
  for (const value of [
    new Uint8Array([1, 2]),
    Buffer.from([1, 2]),
    new (class extends Uint8Array {})([1, 2]),
  ]) {
    const decoded = roundTrip(value, 'bytes')
    t.true(Buffer.isBuffer(decoded))
    t.deepEqual([...decoded], [1, 2])
  }
  for (const value of [
    'text',
    null,
    undefined,
    1,
    [1, 2],
    new ArrayBuffer(2),
    new Float32Array(1),
    new DataView(new ArrayBuffer(1)),
  ]) {
    t.throws(() => roundTrip(value, 'bytes'), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_VALUE',
      message: /^the value of "k" must be a Uint8Array or Buffer for the codec "bytes", got /,
    })
  }
  const detached = UNCLONEABLE['a detached Uint8Array']?.()
  t.throws(() => roundTrip(detached, 'bytes'), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' })
})

test("'string' takes strings only", (t) => {
  t.is(roundTrip('\ud800 ☃', 'string'), '\ud800 ☃')
  for (const value of [null, undefined, 1, Object('s'), ['s'], Buffer.from('s')]) {
    t.throws(() => roundTrip(value, 'string'), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE' })
  }
})

test("'json' gives what JSON makes of a value", (t) => {
  const value = {
    at: new Date(0),
    nothing: undefined,
    not: Number.NaN,
    list: [undefined, -0],
    toJSON: undefined,
  }
  t.deepEqual(roundTrip(value, 'json'), JSON.parse(JSON.stringify(value)))
  t.is(roundTrip({ toJSON: () => 'short' }, 'json'), 'short')
  for (const plain of [null, true, 1, 'text', [], {}]) t.deepEqual(roundTrip(plain, 'json'), plain)
})

test("'json' refuses what JSON has no text for", (t) => {
  /** @type {unknown[]} */
  const cycle = []
  cycle.push(cycle)
  for (const value of [undefined, () => {}, Symbol('x'), { toJSON() {} }, 1n, cycle]) {
    t.throws(() => roundTrip(value, 'json'), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_VALUE',
      message: /^the value of "k" must be something JSON can hold for the codec "json", got /,
    })
  }
})

test('a codec of one’s own stores the bytes it makes', (t) => {
  const own = {
    name: 'upper',
    suffix: '!',
    /** @param {string} value */
    encode(value) {
      return Buffer.from(value.toUpperCase() + this.suffix)
    },
    /** @param {Uint8Array} bytes */
    decode(bytes) {
      return Buffer.from(bytes).toString() + this.suffix
    },
  }
  const codec = resolveCodec(own)
  t.is(codec.name, 'upper')
  codec.encode('x', 'k')
  t.is(codec.kind, Kind.Custom)
  t.is(roundTrip('x', own), 'X!!')
})

test('a codec whose encode returns no Uint8Array is told so', (t) => {
  const decode = () => 1
  for (const result of [
    'text',
    undefined,
    null,
    new ArrayBuffer(1),
    [1],
    Promise.resolve(new Uint8Array(1)),
    new Int8Array(1),
  ]) {
    t.throws(() => roundTrip('x', { name: 'own', encode: () => result, decode }), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_CODEC',
      message: /^encode of codec "own" must return a Uint8Array/,
    })
  }
})

test('what a codec of one’s own throws is passed on as it is', (t) => {
  const boo = new Error('boo')
  const fail = () => {
    throw boo
  }
  t.is(
    t.throws(() => roundTrip('x', { name: 'own', encode: fail, decode: fail })),
    boo,
  )
  t.is(
    t.throws(() => roundTrip('x', { name: 'own', encode: () => Buffer.alloc(1), decode: fail })),
    boo,
  )
})

test('what is no codec is a TypeError', (t) => {
  const encode = () => Buffer.alloc(1)
  const decode = () => 1
  for (const option of [
    ...[null, 'xml', '', 'Custom', 5, true, () => {}, [], {}, { name: 'own' }, { name: 'own', encode }],
    ...[
      { name: 'own', decode },
      { encode, decode },
      { name: '', encode, decode },
      { name: 5, encode, decode },
    ],
    ...[
      { name: 'own', encode: 1, decode },
      { name: 'own', encode, decode: 'x' },
      { name: 'json', encode, decode },
    ],
  ]) {
    t.throws(() => resolveCodec(option), {
      instanceOf: TypeError,
      code: 'ERR_MOKAPOT_INVALID_OPTION',
      message: /^codec(\.name|\.encode|\.decode)? must be /,
    })
  }
})

test('a codec is known to other threads by its name', (t) => {
  t.is(codecName(undefined), 'structured')
  for (const name of /** @type {const} */ (['structured', 'json', 'string', 'bytes'])) {
    t.is(codecName(name), name)
    t.is(resolveCodec(name).name, name)
  }
  t.is(resolveCodec(undefined).name, 'structured')
  t.is(codecName({ name: 'own' }), 'own')
})

test('two caches never share the state of a codec', (t) => {
  t.not(resolveCodec('structured'), resolveCodec('structured'))
})

test('an entry of a kind the codec never writes is an error, no wrong value', (t) => {
  for (const [option, kind] of /** @type {const} */ ([
    ['structured', 11],
    ['structured', Kind.Custom],
    ['json', Kind.String],
    ['string', Kind.Json],
    ['bytes', Kind.Uint8Array],
    [{ name: 'own', encode: () => Buffer.alloc(1), decode: () => 1 }, Kind.Json],
  ])) {
    t.throws(() => resolveCodec(option).decode(kind, '1'), { code: 'ERR_MOKAPOT_CODEC' })
  }
})

import vm from 'node:vm'
import test from 'ava'
import { memoryKey, memoryKeyOf, printableKey, printableKeyOf } from '../dist/keys.js'
import { mokapotKey } from '../dist/mokapot-key.js'
import {
  composites,
  contents,
  cyclic,
  identities,
  Named,
  NUMBERS,
  Point,
  parameters,
  symbol,
  TEXTS,
} from './fixtures/keys.mjs'

/** @param {unknown} a @param {unknown} b */
const sameInMap = (a, b) => new Set([a, b]).size === 1

/** @param {unknown[]} values */
const lists = (values) => [
  [],
  ...values.map((value) => [value]),
  ...values.map((value) => [value, undefined]),
  ...values.map((value) => [undefined, value]).filter(([, value]) => value !== undefined),
  ...TEXTS.flatMap((a) => [...TEXTS, ...NUMBERS].map((b) => [a, b])),
  ...NUMBERS.flatMap((a) => [...TEXTS, ...NUMBERS].map((b) => [a, b])),
  ...[
    [1, 2, 3],
    ['1', 2, 3],
    [1, '2', 3],
    [1, 2, '3'],
    ['1,2,3', 1, 2],
    ['a', 'b', 'c'],
    ['ab', '', 'c'],
    ['a', 'bc', ''],
    [[1, 2, 3], 1, 2],
  ],
]

test('no two of many different argument lists have the same key in memory', (t) => {
  const all = lists([...contents(), ...identities(), ...composites()])
  /** @type {Map<unknown, unknown[]>} */
  const seen = new Map()
  for (const args of all) {
    const key = memoryKey(args)
    if (seen.has(key)) t.log(args, seen.get(key))
    t.false(seen.has(key))
    seen.set(key, args)
    t.true(sameInMap(key, memoryKey(args)), 'the same at every call')
  }
})

test('no two of many different argument lists have the same printable key', (t) => {
  /** @type {Map<string, unknown[]>} */
  const seen = new Map()
  for (const args of lists(contents())) {
    const key = printableKey(args)
    if (seen.has(key)) t.log(args, seen.get(key))
    t.false(seen.has(key))
    t.regex(key, /^v1:[!#-[\]-z|~]*$/, 'ASCII without spaces, braces, double quotes and backslashes')
    seen.set(key, args)
  }
})

test('values made anew have the keys they had', (t) => {
  const [first, second] = [contents(), contents()]
  first.forEach((value, i) => {
    for (const key of [memoryKey, printableKey]) {
      t.true(sameInMap(key([value]), key([second[i]])))
      t.true(sameInMap(key([1, { value }]), key([1, { value: second[i] }])))
    }
  })
})

test('equal arguments have equal keys', (t) => {
  const shared = { a: [1] }
  const foreign = vm.runInNewContext(
    '[{ a: 1 }, [1, 2], new Map([[1, 2]]), new Set([1]), new Date(5), /a/g, Object("x"), new Uint8Array([1]), new ArrayBuffer(2)]',
  )
  const own = [
    { a: 1 },
    [1, 2],
    new Map([[1, 2]]),
    new Set([1]),
    new Date(5),
    /a/g,
    Object('x'),
    new Uint8Array([1]),
    new ArrayBuffer(2),
  ]
  /** @type {[unknown[], unknown[]][]} */
  const pairs = [
    [[0], [-0]],
    [[Number.NaN], [0 / 0]],
    [
      [0, -0, [-0]],
      [-0, 0, [0]],
    ],
    [
      ['x', -0],
      ['x', 0],
    ],
    [[{ a: 1, b: 2, 1: 3 }], [{ b: 2, 1: 3, a: 1 }]],
    [[{ a: { c: 1, d: 2 }, b: 2 }], [{ b: 2, a: { d: 2, c: 1 } }]],
    [[Object.assign(Object.create(null), { a: 1 })], [{ a: 1 }]],
    [
      [shared, shared],
      [{ a: [1] }, { a: [1] }],
    ],
    [[[shared, shared]], [[shared, { a: [1] }]]],
    [
      [
        {
          get a() {
            return 1
          },
        },
      ],
      [{ a: 1 }],
    ],
    [[Object.defineProperty({ a: 1 }, 'hidden', { value: 2 })], [{ a: 1 }]],
    [[Buffer.from('abc').subarray(1)], [Buffer.from('bc')]],
    [[new Named({ a: 1, b: 2 })], [new Named({ b: 2, a: 1 })]],
    [[foreign], [own]],
  ]
  for (const [a, b] of pairs) {
    t.true(sameInMap(memoryKey(a), memoryKey(b)))
    t.is(printableKey(a), printableKey(b))
  }
})

test('one primitive argument is its own key, and so is a function or an instance of a class', (t) => {
  const primitives = [1, 'a', '', true, null, undefined, 5n, symbol]
  for (const value of [...primitives, () => {}, Point, new Point(), new Error('e'), new Proxy({}, {})]) {
    t.is(memoryKey([value]), value)
    t.is(memoryKeyOf(value), value)
  }
  t.not(memoryKey(['\0']), '\0')
})

test('the key of one value is that of a call with it alone', (t) => {
  for (const value of contents()) {
    t.true(sameInMap(memoryKeyOf(value), memoryKey([value])))
    t.is(printableKeyOf(value), printableKey([value]))
  }
})

test('printable keys are the same in every release', (t) => {
  /** @type {[unknown[], string][]} */
  const golden = [
    [[], 'v1:'],
    [[undefined], 'v1:u'],
    [[null, true, false], 'v1:ntf'],
    [[42, -1.5, -0, Number.NaN, Number.NEGATIVE_INFINITY, 1e21], 'v1:42,-1.5,0,NaN,-Infinity,1e+21,'],
    [[42n], 'v1:b42,'],
    [
      ['user:42', "it's", 'a b', 'é', '日', '\ud800', ''],
      "v1:'user:42''it%27s''a%20b''%E9''%u65E5''%uD800'''",
    ],
    [[{ page: 2, id: 1, tags: ['a', 'b'], 'x y': {} }], "v1:(id=1,page=2,tags=['a''b')x%20y=())"],
    // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
    [[[1, , 3]], 'v1:H3,0,1,2,3,)'],
    [[Object.assign([1], { x: 1 })], 'v1:[1,|x=1,)'],
    [[new Map([['a', { b: 1 }]]), new Set([1, 'x'])], "v1:M'a'(b=1,))S1,'x')"],
    [[new Date(0), /a b/gi], "v1:D0,)R'a%20b''gi'0,)"],
    [[Object(1), Object('x')], "v1:O1,)O'x')"],
    [[new URL('https://a.b/c?d=e'), new URLSearchParams('d=e')], "v1:U'https://a.b/c%3Fd%3De')Q'd%3De')"],
    [
      [Buffer.from([1, 254]), new Uint16Array([1]), new ArrayBuffer(1)],
      "v1:B'Buffer''Af4')B'Uint16Array''AQA')B'ArrayBuffer''AA')",
    ],
    [[parameters(1)], 'v1:A1,|0=1,)'],
    [[new Named(['User', 7])], "v1:K['User'7,))"],
    [[cyclic(), 1], 'v1:&[#1,)1,(list=#)2,[1,#)1,'],
  ]
  for (const [args, key] of golden) t.is(printableKey(args), key)
})

test('what has only an identity has no printable key', (t) => {
  for (const value of [...identities(), ...composites()]) {
    for (const args of [[value], [1, [value]], [new Map([[1, value]])], [cyclic(), value]]) {
      t.throws(() => printableKey(args), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
    }
  }
})

test('identity stays with an object, whatever becomes of its content', (t) => {
  const point = new Point()
  const before = memoryKey([1, point])
  Object.assign(point, { x: 1 })
  t.is(memoryKey([1, point]), before)
  t.not(memoryKey([1, new Point()]), before)
})

test('an object that mokapotKey stands for differs from what stands for it', (t) => {
  t.not(memoryKey([new Named(1)]), memoryKey([1]))
  t.not(printableKey([new Named('a')]), printableKey(['a']))
  t.is(/** @type {symbol} */ (mokapotKey), Symbol.for('mokapot.key'))
})

test('mokapotKey is called once, and what it throws reaches the caller', (t) => {
  let calls = 0
  const value = { [mokapotKey]: () => ++calls }
  memoryKey([value])
  memoryKey([1, value])
  printableKey([value])
  t.is(calls, 3)
  const failing = {
    [mokapotKey]() {
      throw new Error('mine')
    },
  }
  t.throws(() => memoryKey([failing]), { message: 'mine' })
  t.throws(() => memoryKey([[failing]]), { message: 'mine' })
  t.throws(() => printableKey([failing]), { message: 'mine' })
})

test('a cycle has one key, however often it is unrolled and wherever its objects are shared', (t) => {
  /** @type {any[]} */
  const short = []
  short.push(short)
  /** @type {any[]} */
  const long = [[[]]]
  long[0][0].push(long)
  const value = cyclic()
  for (const key of [memoryKey, printableKey]) {
    t.is(key([short]), key([long]))
    t.is(key([value, value]), key([cyclic(), cyclic()]))
    t.is(key([cyclic()]), key([{ list: [1, cyclic()] }]))
    t.not(key([cyclic()]), key([{ list: [2, cyclic()] }]))
    t.not(key([cyclic()]), key([cyclic(), cyclic()]))
  }
})

test('many objects that all know each other have a key', (t) => {
  /** @param {number} count */
  const friends = (count) => {
    const people = Array.from({ length: count }, (_, id) => ({ id, friends: /** @type {any[]} */ ([]) }))
    for (const person of people) person.friends = people.filter((other) => other !== person)
    return people[0]
  }
  t.is(memoryKey([friends(60)]), memoryKey([friends(60)]))
  t.not(memoryKey([friends(60)]), memoryKey([friends(59)]))
})

test('depth does not overflow the stack', (t) => {
  /** @param {number} depth @param {unknown} inner */
  const nest = (depth, inner) => {
    let value = inner
    for (let i = 0; i < depth; i++) value = [value]
    return value
  }
  const keys = [99, 100, 101, 102, 1000, 100_000].flatMap((depth) => [
    memoryKey([nest(depth, 1)]),
    memoryKey([nest(depth, 2)]),
  ])
  t.is(new Set(keys).size, keys.length)
  t.is(memoryKey([nest(100_000, 1)]), keys[10])
})

test('objects shared again and again do not make a key of exponential length', (t) => {
  /** @param {boolean} copy @param {number} depth @returns {unknown} */
  const tree = (copy, depth) => {
    if (depth === 0) return [1]
    const part = tree(copy, depth - 1)
    return [part, copy ? tree(copy, depth - 1) : part]
  }
  t.true(String(memoryKey([tree(false, 200)])).length < 10_000)
  t.is(memoryKey([tree(false, 17)]), memoryKey([tree(true, 17)]), 'also where that shows')
  t.is(memoryKey([tree(false, 10)]), memoryKey([tree(true, 10)]))
})

test('what never ends is a RangeError', (t) => {
  const endless = () => ({
    get next() {
      return endless()
    },
  })
  t.throws(() => memoryKey([endless()]), { instanceOf: RangeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
})

test('getters that throw and proxies leave an object its identity', (t) => {
  const boom = () => {
    throw new Error('boom')
  }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const hostile = () => [
    {
      get a() {
        return boom()
      },
    },
    {
      get [mokapotKey]() {
        return boom()
      },
    },
    Object.defineProperty([1], 0, { get: boom, enumerable: true }),
    new Proxy(
      {},
      { get: boom, ownKeys: boom, getPrototypeOf: boom, has: boom, getOwnPropertyDescriptor: boom },
    ),
    Object.create(new Proxy({}, { get: boom, getPrototypeOf: boom })),
  ]
  const values = [revoked.proxy, ...hostile(), ...hostile()]
  const keys = values.map((value) => memoryKey([1, { value }]))
  t.is(new Set(keys).size, keys.length)
  values.forEach((value, i) => {
    t.is(memoryKey([1, { value }]), keys[i])
    t.true(sameInMap(memoryKey([value]), memoryKey([value])))
    t.throws(() => printableKey([value]), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY' })
  })
})

test('keys of any length hold all there is', (t) => {
  /** @type {((count: number) => unknown)[]} */
  const makers = [
    (count) => Array.from({ length: count }, () => []),
    (count) => Array.from({ length: count }, () => ({})),
    (count) => Array.from({ length: count }, () => 1),
    (count) => Array.from({ length: count }, () => null),
    (count) => Array.from({ length: count }, () => 'a'.repeat(250)),
    (count) => Array.from({ length: count }, () => '日'),
    (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, i])),
    (count) => Buffer.alloc(count),
  ]
  for (const make of makers) {
    for (const key of [memoryKey, printableKey]) {
      const counts = Array.from({ length: 20 }, (_, i) => [i, 1780 + i, 2030 + i, 3570 + i, 4080 + i]).flat()
      t.is(new Set(counts.map((count) => key([make(count), 1]))).size, counts.length)
      t.is(new Set(counts.map((count) => key([[make(count), count]]))).size, counts.length)
    }
  }
})

test('a getter may ask for another key', (t) => {
  const value = (/** @type {typeof memoryKey} */ key) => ({
    a: 'before',
    get b() {
      return key([{ inner: [1, 2, 3] }, 'x'])
    },
    c: 'after',
  })
  const plain = { a: 'before', b: memoryKey([{ inner: [1, 2, 3] }, 'x']), c: 'after' }
  t.is(memoryKey([value(memoryKey)]), memoryKey([plain]))
  const printed = { a: 'before', b: printableKey([{ inner: [1, 2, 3] }, 'x']), c: 'after' }
  t.is(printableKey([value(printableKey)]), printableKey([printed]))
})

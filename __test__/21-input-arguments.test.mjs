import test from 'ava'
import { Cache, cached, mokapotKey } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { isRevoked, revoked, VALUES } from './fixtures/input/options.mjs'
import { errorOf, refusesIn, shown, takes } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const code = 'ERR_MOKAPOT_INVALID_OPTION'
const trouble = new Error('trouble')

/** @returns {never} */
function fails() {
  throw trouble
}

const MIB = 2 ** 20
const cycle = /** @type {any} */ ({})
cycle.self = cycle
/** @type {unknown} */
let deep = 'end'
for (let i = 0; i < 5000; i++) deep = [deep]

const detached = new Uint8Array(8)
structuredClone(detached, { transfer: [detached.buffer] })

/** Arguments that count by content, so that every store takes them. */
const BY_CONTENT = [
  ...[
    undefined,
    null,
    true,
    0,
    -0,
    1,
    1.5,
    Number.NaN,
    Infinity,
    2 ** 53,
    10n ** 5000n,
    '',
    '\0',
    '\0\0',
    'a',
    '\ud800',
  ],
  ...[
    'é',
    'e\u0301',
    '__proto__',
    'x'.repeat(MIB),
    '"}\\',
    {},
    { a: 1 },
    [],
    [1],
    Array(1),
    { __proto__: null },
  ],
  ...[
    JSON.parse('{"__proto__": 1}'),
    new Date(Number.NaN),
    /x/g,
    new Map([[1, 2]]),
    new Set(),
    Object(1),
    Object('a'),
  ],
  ...[
    new Uint8Array(0),
    Buffer.from('a'),
    new ArrayBuffer(3),
    new DataView(new ArrayBuffer(3)),
    new Float64Array(2),
  ],
  ...[
    cycle,
    deep,
    { [mokapotKey]: () => 'mine' },
    new URL('http://a/'),
    new Uint8Array(new SharedArrayBuffer(2)),
  ],
]

/** Arguments that have only an identity: they are good in this thread alone. */
const BY_IDENTITY = [
  ...[
    Symbol('s'),
    () => 1,
    class {},
    new (class A {})(),
    Promise.resolve(),
    new WeakMap(),
    new Proxy({}, {}),
    revoked(),
  ],
  ...[
    new Proxy(() => 1, {}),
    detached,
    {
      get a() {
        return fails()
      },
    },
    globalThis,
    Object(Symbol('s')),
  ],
]

/** What reaches a store beyond this thread. */
const BEYOND = ['cached over a Map', 'cached over a SharedCache']

for (const { member, world, use } of waysOf('argument')) {
  test.serial(
    `${member} (${world}) takes arguments of all kinds that mean something to its store`,
    async (t) => {
      const arguments_ = BEYOND.includes(world) ? BY_CONTENT : [...BY_CONTENT, ...BY_IDENTITY]
      const { subject, close } = worlds[world]()
      for (const argument of arguments_) {
        // A key may be the argument itself, which must not be asked for a `then`.
        const isKey = member.endsWith('keyOf')
        const error = await errorOf(() => (isKey ? [use(subject, argument)] : use(subject, argument)))
        t.is(error, undefined, `${shown(argument)}: ${error?.error}`)
      }
      t.is(await subject.peek('key'), member === 'cached() delete' ? 'old' : await subject('key'))
      close()
    },
  )

  if (!BEYOND.includes(world)) continue
  test.serial(`${member} (${world}) refuses arguments that mean nothing beyond this thread`, async (t) => {
    const held = worlds[world]()
    const refusal = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY', names: 'among the arguments' }
    for (const argument of BY_IDENTITY) {
      await refusesIn(t, held, (subject) => use(subject, argument), refusal, shown(argument))
      await refusesIn(
        t,
        held,
        (subject) => use(subject, [1, { argument }]),
        refusal,
        `${shown(argument)} inside`,
      )
    }
    held.close()
  })
}

for (const { member, world, use } of waysOf('arguments')) {
  test.serial(
    `${member} (${world}) refuses arguments that are no array, and a promise of a value`,
    async (t) => {
      const held = worlds[world]()
      for (const value of [undefined, ...VALUES]) {
        if (isRevoked(value))
          await refusesIn(t, held, (subject) => use(subject, value), { class: TypeError }, 'revoked')
        else if (!Array.isArray(value)) {
          const refusal = { class: TypeError, code, names: 'arguments' }
          await refusesIn(t, held, (subject) => use(subject, value), refusal, shown(value))
        }
      }
      for (const value of [Promise.resolve(1), Object.defineProperty({}, 'then', { value: fails })]) {
        const refusal = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_VALUE', names: 'promise' }
        await refusesIn(t, held, (subject) => subject.set(['key'], value), refusal, shown(value))
      }
      held.close()
      for (const value of [[], ['key'], Array(1), new Proxy(['key'], {})])
        await takes(t, world, (f) => use(f, value), shown(value))
    },
  )
}

for (const { member, world, use } of waysOf('fallback', 'this')) {
  test.serial(`${member} (${world}) takes anything to give back as it is`, (t) => {
    const { subject, picture, close } = worlds[world]()
    const before = picture()
    for (const value of VALUES) {
      if (!Object.is(use(subject, value), value)) t.fail(isRevoked(value) ? 'revoked' : shown(value))
    }
    t.deepEqual({ ...picture(), stats: 0 }, { ...before, stats: 0 }, 'but for misses, nothing has changed')
    close()
  })
}

for (const { member, world, use } of waysOf('instance')) {
  test.serial(`${member} refuses what has no such method that is decorated`, async (t) => {
    const held = worlds[world]()
    const refusal = { class: TypeError, code, names: 'no @cached method' }
    const strangers = [
      undefined,
      ...VALUES.filter((value) => !isRevoked(value)),
      { it() {} },
      {
        get it() {
          return fails()
        },
      },
    ]
    for (const value of strangers) {
      await refusesIn(t, held, (subject) => use(subject, value), refusal, shown(value))
    }
    await refusesIn(t, held, (subject) => use(subject, revoked()), { class: TypeError }, 'a revoked proxy')
    const any = /** @type {any} */ (cached)
    for (const name of [undefined, null, 'that', 1, Symbol('s'), {}, '__proto__', 'constructor']) {
      await refusesIn(t, held, () => any.of({ it() {} }, name), refusal, shown(name))
    }
    await refusesIn(t, held, () => any.of({}, { toString: fails }), { is: trouble }, 'a name that throws')
  })
}

test.serial('a decorator refuses what it cannot decorate', async (t) => {
  const any = /** @type {any} */ (cached)
  const world = worlds.nothing()
  const refusal = { class: TypeError, code, names: '@cached' }
  const context = (/** @type {unknown} */ kind) => ({ kind, name: 'it', addInitializer() {} })
  const kinds = ['class', 'field', 'setter', 'accessor', '', null, undefined, 1, {}]
  for (const kind of kinds) {
    for (const decorator of [any, any({ max: 5 })]) {
      await refusesIn(t, world, () => decorator(() => 1, context(kind)), refusal, shown(kind))
    }
  }
  for (const given of [null, undefined, 1, 'text', {}, []]) {
    await refusesIn(t, world, () => any(given, context('method')), refusal, shown(given))
  }
  for (const second of ['name', Symbol('name')]) {
    await refusesIn(t, world, () => any(() => 1, second), refusal, shown(second))
    await refusesIn(t, world, () => any({ max: 5 })(() => 1, second), refusal, shown(second))
  }
  for (const given of [undefined, null, 1, 'text', {}, { kind: 'method' }, []]) {
    await refusesIn(t, world, () => any({ max: 5 })(() => 1, given), refusal, shown(given))
  }
})

test.serial('no two arguments that differ share a value, in any store', (t) => {
  for (const store of [undefined, new Map(), new Cache({ max: 1000 })]) {
    const fn = cached((/** @type {unknown} */ argument) => ({ argument }), {
      ...(store !== undefined && { store, namespace: 'input' }),
    })
    // -0 is 0, and an object without a prototype is like one with.
    const different = BY_CONTENT.filter((argument) => !Object.is(argument, -0) && !isBare(argument))
    for (const argument of different) t.true(Object.is(fn(argument).argument, argument), shown(argument))
    t.is(new Set(different.map((argument) => fn.keyOf(argument))).size, different.length)
  }
})

/** @param {any} argument */
function isBare(argument) {
  return typeof argument === 'object' && argument !== null && Object.getPrototypeOf(argument) === null
}

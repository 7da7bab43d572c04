import test from 'ava'
import * as main from '../dist/index.mjs'
import * as testing from '../dist/testing.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { members, waysOf } from './fixtures/input/members.mjs'
import { optionWays } from './fixtures/input/options.mjs'
import { errorOf, refusesIn, shown } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

const { Cache, cached, MISS, MokapotError, mokapotKey, SharedCache } = main

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

/** Kinds of arguments that a table goes over, and the test that does. */
const TABLES = /** @type {Record<string, string>} */ ({
  key: '21-input-keys',
  name: '21-input-keys',
  keys: '21-input-iterables',
  entries: '21-input-iterables',
  dump: '21-input-iterables',
  value: '21-input-values',
  'value that is made': '21-input-values',
  'value of a call': '21-input-values',
  fallback: '21-input-arguments',
  this: '21-input-arguments',
  options: '21-input-options',
  'options of a miss': '21-input-options',
  'options of a decorator': '21-input-options',
  function: '21-input-callbacks',
  'cached function': '21-input-callbacks',
  milliseconds: '21-input-time',
  handle: '21-input-handles',
  argument: '21-input-arguments',
  arguments: '21-input-arguments',
  instance: '21-input-arguments',
})

// --- Nothing is left out ---------------------------------------------------------------------------------------------

test('the tables know every public function', (t) => {
  const own = ['length', 'name', 'prototype']
  const names = [...Object.keys(main), ...Object.keys(testing)].filter((name) => name !== 'default')
  const found = names.flatMap((name) => {
    const value = { ...main, ...testing }[/** @type {'cached'} */ (name)]
    if (typeof value !== 'function') return [name]
    const statics = Reflect.ownKeys(value).filter((key) => !own.includes(String(key)))
    const all = statics.map((key) => `${name}.${String(key)}`)
    if (!/^class /.test(String(value))) return [name, ...all]
    const { prototype } = /** @type {any} */ (value)
    const methods = Reflect.ownKeys(prototype).filter((key) => key !== 'constructor')
    return [`new ${name}`, ...all, ...methods.map((key) => `${name} ${nameOf(key)}`)]
  })
  const ofFunctions = Reflect.ownKeys(cached(() => 1)).filter((key) => !own.includes(String(key)))
  found.push('cached()', ...ofFunctions.map((key) => `cached() ${String(key)}`))
  // What takes nothing, and an error, which anybody may make.
  const plain = ['MISS', 'mokapotKey', 'new MokapotError', 'MokapotError name']
  t.deepEqual(found.filter((name) => !plain.includes(name)).sort(), Object.keys(members).sort())
  for (const symbol of [MISS, mokapotKey]) t.is(typeof symbol, 'symbol')
  t.is(new MokapotError('ERR_MOKAPOT_CLOSED', 'text').code, 'ERR_MOKAPOT_CLOSED')
})

test('each kind of argument has a table', async (t) => {
  const kinds = new Set(Object.values(members).flatMap(({ takes }) => Object.keys(takes)))
  t.deepEqual([...kinds].sort(), Object.keys(TABLES).sort())
  t.deepEqual(
    new Set((await optionWays()).map(({ member }) => member)),
    new Set([...waysOf('options').map(({ member }) => member), 'near']),
  )
})

/** @param {string | symbol} key */
function nameOf(key) {
  // Its description is another one where Node had it before the language.
  return key === Symbol.dispose ? 'Symbol.dispose' : typeof key === 'symbol' ? (key.description ?? '') : key
}

// --- Methods of the two classes --------------------------------------------------------------------------------------

/** Whether there is a `close` to call. @param {any} stranger */
function hasClose(stranger) {
  try {
    return typeof stranger.close === 'function'
  } catch {
    return false
  }
}

/** Good arguments, where a method looks at them first. */
/** @type {Record<string, unknown[]>} */
const ARGUMENTS = {
  getMany: [['key']],
  setMany: [[['key', 'new']]],
  deleteMany: [['key']],
  memo: ['key', () => 'new'],
  getOrSet: ['key', () => 'new'],
  forEach: [() => {}],
  resize: [{ max: 5 }],
  load: [[]],
}

/** What may be asked of anything, as of a Map, or of a closed cache. */
const HARMLESS = [Symbol.toStringTag]
const AFTER_CLOSE = ['close', Symbol.dispose]

for (const [Class, name, Other] of /** @type {any[]} */ ([
  [Cache, 'cache', 'shared'],
  [SharedCache, 'shared', 'cache'],
  [SharedCache, 'near', 'cache'],
])) {
  const keys = Reflect.ownKeys(Class.prototype).filter((key) => key !== 'constructor')

  for (const key of keys) {
    const { get, value } = /** @type {PropertyDescriptor} */ (
      Object.getOwnPropertyDescriptor(Class.prototype, key)
    )
    /** @param {unknown} self */
    const call = (self) => Reflect.apply(get ?? value, self, ARGUMENTS[String(key)] ?? ['key', 'new'])

    test.serial(`${nameOf(key)} of a ${name} is a TypeError on anything else, as a Map's is`, async (t) => {
      const [held, other] = [worlds[name](), worlds[Other]()]
      const { proxy, revoke } = Proxy.revocable(held.subject, {})
      const strangers = [undefined, null, 1, 'text', {}, Object.create(held.subject), Class.prototype, Class]
      strangers.push(new Map(), other.subject, new Proxy(held.subject, {}), proxy)
      revoke()
      for (const stranger of strangers) {
        // It calls the `close` of whatever it is given, so that a subclass may have its own.
        if (key === Symbol.dispose && hasClose(stranger)) continue
        if (HARMLESS.includes(/** @type {symbol} */ (key))) t.notThrows(() => call({}))
        else {
          const refusal = { class: TypeError }
          await refusesIn(
            t,
            held,
            () => call(stranger),
            refusal,
            `${nameOf(key)} of ${shown(typeof stranger)}`,
          )
          await refusesIn(t, other, () => call(stranger), refusal, `${nameOf(key)}, the other`)
        }
      }
      for (const { close } of [held, other]) close()
    })

    test.serial(`${nameOf(key)} of a closed ${name} says so`, async (t) => {
      const { subject } = worlds[name]()
      subject.close()
      const error = (await errorOf(() => call(subject)))?.error
      if (HARMLESS.includes(/** @type {symbol} */ (key)) || AFTER_CLOSE.includes(key)) t.is(error, undefined)
      else {
        t.true(error instanceof MokapotError, shown(error))
        t.is(error.code, 'ERR_MOKAPOT_CLOSED')
      }
    })
  }

  test.serial(`a ${name} is made by new alone, and may be subclassed`, (t) => {
    const options = Class === Cache ? { max: 2 } : { maxBytes: '1mb', ...(name === 'near' && { near: 2 }) }
    for (const make of [
      () => Class(options),
      () => Class.call({}, options),
      () => Reflect.apply(Class, undefined, []),
    ]) {
      t.throws(make, { instanceOf: TypeError })
    }
    class Louder extends /** @type {any} */ (Class) {
      /** @param {string} key */
      get(key) {
        return `${super.get(key)}!`
      }
    }
    const louder = new /** @type {any} */ (Louder)(options)
    t.is(louder.set('key', 'value').get('key'), 'value!')
    t.true(louder instanceof Class)
    t.deepEqual([...louder], [['key', 'value']])
    louder.close()
  })
}

test.serial('functions that belong to no object work without theirs', async (t) => {
  const { open, attach } = SharedCache
  const cache = open('input without this', { maxBytes: '1mb' })
  const attached = attach(cache.handle)
  t.is(attached.set('key', 1).size, cache.size)
  for (const each of [cache, attached]) each.close()
  const { of } = cached
  t.throws(() => of({ it: 1 }, 'it'), { instanceOf: TypeError, code: 'ERR_MOKAPOT_INVALID_OPTION' })
  const fn = cached((/** @type {number} */ n) => n)
  const { set, get } = /** @type {any} */ ({ set: fn.set, get: fn.peek })
  set([1], 5)
  t.is(get(1), 5)
  t.throws(() => new /** @type {any} */ (testing.advance.bind(undefined, -1))(), { instanceOf: RangeError })
})

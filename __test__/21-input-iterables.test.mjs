import test from 'ava'
import { SharedCache } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { base, isRevoked, outcomeOf, revoked, VALUES } from './fixtures/input/options.mjs'
import { errorOf, refuses, refusesIn, shown } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const code = 'ERR_MOKAPOT_INVALID_OPTION'
const trouble = new Error('trouble')
/** One stands for all, since it takes a second and all memory of the list. */
const ENDLESS = 'Cache getMany'
const MOST = 2 ** 24

/** @returns {never} */
function fails() {
  throw trouble
}

/** A good item of each kind, and items that are none. */
/** @type {Record<string, { good: unknown, other: unknown, bad: unknown[] }>} */
const ITEMS = {
  keys: { good: 'key', other: 'other', bad: [] },
  entries: {
    good: ['key', 'new'],
    other: ['other', 'new'],
    bad: [
      null,
      undefined,
      1,
      'ab',
      {},
      { 0: 'key', 1: 'new', length: 2 },
      new Set(['key', 'new']),
      () => 1,
      Symbol('s'),
    ],
  },
  dump: {
    good: ['key', { value: 'new' }],
    other: ['other', { value: 'new' }],
    bad: [
      null,
      1,
      'ab',
      {},
      [],
      ['key'],
      ['key', null],
      ['key', 1],
      ['key', {}],
      ['key', []],
      ['key', () => 1],
    ],
  },
}

for (const { member, world, kind, use } of waysOf('keys', 'entries', 'dump')) {
  const where = `${member} (${world})`
  const isShared = world === 'shared' || world === 'near'
  const { good, other, bad } = ITEMS[kind]
  const refusal = {
    class: TypeError,
    code: isShared && kind === 'keys' ? 'ERR_MOKAPOT_INVALID_KEY' : code,
    names: kind,
  }
  if (kind === 'dump') refusal.names = 'load'

  test.serial(`${where} refuses what cannot be iterated over, and what is no item`, async (t) => {
    const held = worlds[world]()
    for (const given of [
      undefined,
      null,
      1,
      1n,
      true,
      Symbol('s'),
      {},
      () => 1,
      new Date(0),
      { [Symbol.iterator]: 1 },
    ]) {
      await refusesIn(t, held, (subject) => use(subject, given), { ...refusal, names: kind }, shown(given))
    }
    for (const item of bad) {
      for (const given of [[item], [other, item], new Set([other, item])]) {
        await refusesIn(t, held, (subject) => use(subject, given), refusal, shown(given))
      }
    }
    if (isShared && kind !== 'dump') {
      const key = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_KEY', names: 'a SharedCache key' }
      for (const none of [undefined, null, {}, Symbol('s'), revoked()]) {
        const given = kind === 'keys' ? ['other', none] : [other, [none, 'new']]
        await refusesIn(t, held, (subject) => use(subject, given), key, shown(none))
      }
    }
    held.close()
  })

  test.serial(`${where} lets through what an iterable throws, and changes nothing`, async (t) => {
    const held = worlds[world]()
    const throwing = {
      'half way': (function* () {
        yield other
        throw trouble
      })(),
      'when asked for an iterator': { [Symbol.iterator]: fails },
      'when asked whether it has one': {
        get [Symbol.iterator]() {
          return fails()
        },
      },
      'when asked for the next': { [Symbol.iterator]: () => ({ next: fails }) },
      'when asked whether it is done': {
        [Symbol.iterator]: () => ({
          next: () => ({
            get done() {
              return fails()
            },
          }),
        }),
      },
      'when asked for the item': [other, undefined],
    }
    Object.defineProperty(throwing['when asked for the item'], 1, { get: fails })
    for (const [when, given] of Object.entries(throwing)) {
      await refusesIn(t, held, (subject) => use(subject, given), { is: trouble }, when)
    }
    if (kind !== 'keys') {
      const pair = Object.defineProperty(['key', 'new'], 1, { get: fails })
      const trap = new Proxy(['key', 'new'], { get: fails })
      for (const item of [pair, trap]) {
        await refusesIn(
          t,
          held,
          (subject) => use(subject, [other, item]),
          { is: trouble },
          'a pair that throws',
        )
      }
    }
    // The engine says of these what it says to a Map.
    const odd = [revoked(), { [Symbol.iterator]: () => 1 }, { [Symbol.iterator]: () => ({}) }]
    odd.push({ [Symbol.iterator]: () => ({ next: () => 1 }) })
    for (const given of odd) {
      await refusesIn(t, held, (subject) => use(subject, given), { class: TypeError }, shown(given))
    }
    held.close()
  })

  test.serial(`${where} ends an iterable that it refuses half way`, async (t) => {
    let ended = 0
    const item = kind === 'keys' ? (isShared ? null : undefined) : bad[0]
    const given = {
      [Symbol.iterator]: () => ({
        next: () => ({ done: false, value: item }),
        return() {
          ended++
          return {}
        },
      }),
    }
    if (item === undefined || kind === 'dump') {
      t.pass('a Cache takes every key, and reads a dump before it looks')
      return
    }
    await refuses(t, world, (subject) => use(subject, given), { class: TypeError }, 'one that gives no items')
    t.is(ended, 1)
  })

  test.serial(`${where} takes iterables of all makes, which may use the cache meanwhile`, async (t) => {
    const items = [other, good]
    /** @type {unknown[]} */
    const makes = [items, new Set(items), items.values(), Object.freeze([...items]), new Proxy(items, {})]
    makes.push(
      (function* () {
        yield* items
      })(),
    )
    if (kind !== 'keys') makes.push(items.map((item) => new Proxy(/** @type {object} */ (item), {})))
    for (const given of makes) {
      const { subject, close } = worlds[world]()
      t.notThrows(() => use(subject, given), shown(given))
      close()
    }
    const { subject } = worlds[world]()
    const meddling = function* () {
      subject.set('meanwhile', 'set').delete('other')
      yield other
      subject.clear()
      yield good
    }
    await use(subject, meddling())
    if (member.endsWith('setMany') || kind === 'dump')
      t.deepEqual([subject.get('key'), subject.size], ['new', 2])
    else t.is(subject.size, 0)
    const closing = function* () {
      yield other
      subject.close()
      yield good
    }
    t.is((await errorOf(() => use(subject, closing())))?.error.code, 'ERR_MOKAPOT_CLOSED')
  })

  const tooMany = { class: RangeError, code, names: `at most ${MOST}` }

  test.serial(`${where} refuses more items than a Map holds`, async (t) => {
    for (const length of [MOST + 1, 2 ** 32 - 1]) {
      await refuses(t, world, (subject) => use(subject, new Array(length)), tooMany, `an array of ${length}`)
    }
  })

  if (member !== ENDLESS || world !== 'cache') continue
  test.serial(`${where} refuses what has no end, before it takes all memory`, async (t) => {
    let ended = false
    const step = { done: false, value: good }
    const endless = {
      [Symbol.iterator]: () => ({
        next: () => step,
        return() {
          ended = true
          return {}
        },
      }),
    }
    await refuses(t, world, (subject) => use(subject, endless), tooMany, 'an endless iterable')
    t.true(ended)
  })
}

test.serial('an entry of a dump is checked as the options of set are', async (t) => {
  const ways = waysOf('dump').filter(({ world }) => world === 'cache')
  t.is(ways.length, 1)
  for (const { member, world, use } of ways) {
    for (const option of ['ttl', 'tti', 'size', 'age']) {
      const held = worlds[world]()
      for (const value of VALUES) {
        const dump = [
          ['other', { value: 1 }],
          ['key', { ...base(member), [option]: value }],
        ]
        const outcome = outcomeOf(member, option, value)
        if (outcome === 'good')
          t.is(await errorOf(() => use(held.subject, dump)), undefined, `${option} ${shown(value)}`)
        else {
          const refusal = isRevoked(value) ? {} : { code, names: option }
          await refusesIn(
            t,
            held,
            (subject) => use(subject, dump),
            { class: outcome, ...refusal },
            `${option} ${shown(value)}`,
          )
        }
      }
      held.close()
    }
  }
})

test.serial('bytes that an iterable uses again for each key are read as it gives them', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const bytes = new Uint8Array(1)
  const reusing = function* () {
    for (bytes[0] = 0; bytes[0] < 5; bytes[0]++) yield bytes
  }
  const entries = function* () {
    for (const key of reusing()) yield/** @type {const} */ ([key, key[0]])
  }
  cache.setMany(entries())
  t.deepEqual(cache.getMany(reusing()), [0, 1, 2, 3, 4])
  t.is(cache.deleteMany(reusing()), 5)
  cache.close()
})

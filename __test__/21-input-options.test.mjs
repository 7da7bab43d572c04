import test from 'ava'
import {
  base,
  isKnown,
  isRevoked,
  optionWays,
  outcomeOf,
  PREFIX,
  revoked,
  VALUES,
} from './fixtures/input/options.mjs'
import { refuses, refusesIn, shown, takes } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

const code = 'ERR_MOKAPOT_INVALID_OPTION'
const ways = await optionWays()

test('the tables know every option', (t) => {
  for (const { member, kind, options } of ways) {
    t.true(options.length > 0, `${member} (${kind}) tells of no options`)
    for (const option of options)
      t.true(isKnown(option), `${member} has an option ${option}, of which no table knows`)
  }
})

for (const { member, world, kind, use, options } of ways) {
  const where = `${member} (${world}, ${kind})`

  test.serial(`${where} takes what an option can be, and refuses all else by its name`, async (t) => {
    const held = worlds[world]()
    for (const option of options) {
      for (const value of VALUES) {
        const given = { ...base(member, option), [option]: value }
        const outcome = outcomeOf(member, option, value)
        const what = `${member} with ${option} ${shown(value)}`
        if (outcome === 'good') await takes(t, world, (subject) => use(subject, given), what)
        else {
          const refusal = isRevoked(value) ? {} : { code, names: (PREFIX[member] ?? '') + option }
          await refusesIn(t, held, (subject) => use(subject, given), { class: outcome, ...refusal }, what)
        }
      }
    }
    held.close()
  })

  test.serial(`${where} takes an option that is undefined for one that is absent`, async (t) => {
    for (const option of options) {
      if (base(member)[/** @type {never} */ (option)] !== undefined) continue
      const given = { ...base(member), [option]: undefined }
      await takes(t, world, (subject) => use(subject, given), `${option} undefined`)
    }
  })

  test.serial(
    `${where} throws what a getter among its options throws, and nothing else happens`,
    async (t) => {
      for (const option of options) {
        const trouble = new Error(`trouble with ${option}`)
        const getter = {
          ...base(member, option),
          get [option]() {
            throw trouble
          },
        }
        const trap = new Proxy(
          { ...base(member, option), [option]: undefined },
          {
            get(target, name, receiver) {
              if (name === option) throw trouble
              return Reflect.get(target, name, receiver)
            },
          },
        )
        for (const given of [getter, trap]) {
          await refuses(t, world, (subject) => use(subject, given), { is: trouble }, `${option} that throws`)
        }
      }
      const trouble = new Error('trouble with the names')
      const ownKeys = () => {
        throw trouble
      }
      const given = new Proxy({}, { ownKeys })
      await refuses(
        t,
        world,
        (subject) => use(subject, given),
        { is: trouble },
        'options that do not tell their names',
      )
    },
  )

  test.serial(`${where} refuses options that it does not have, and what is no object`, async (t) => {
    const names = [
      'zzz',
      '',
      'Max',
      'toString',
      'constructor',
      'then',
      '0',
      `${options[0]} `,
      options[0].toUpperCase(),
    ]
    const unknown = [...names.map((name) => ({ [name]: 1 })), JSON.parse('{"__proto__": 1}')]
    for (const options of unknown) {
      const refusal = { class: TypeError, code: 'ERR_MOKAPOT_UNKNOWN_OPTION', names: 'has no option' }
      const given = Object.defineProperties({}, Object.getOwnPropertyDescriptors({ ...base(member) }))
      for (const name of Object.keys(options))
        Object.defineProperty(given, name, { value: 1, enumerable: true })
      await refuses(t, world, (subject) => use(subject, given), refusal, shown(options))
    }
    const isNear = member === 'near'
    for (const given of [null, 5, 'text', true, [], 10n, Symbol('s'), () => 1]) {
      if (isNear && typeof given === 'number') continue
      // What is no object says nothing of being a decorator's options.
      if (kind === 'options of a decorator' && typeof given === 'function') continue
      const refusal = { class: TypeError, code }
      await refuses(t, world, (subject) => use(subject, given), refusal, `options ${shown(given)}`)
    }
    await refuses(t, world, (subject) => use(subject, revoked()), { class: TypeError }, 'revoked options')
  })

  test.serial(`${where} takes options of whatever make`, async (t) => {
    const plain = base(member)
    const bare = Object.assign(Object.create(null), plain)
    const makes = [bare, Object.freeze({ ...plain }), new Proxy(plain, {}), { ...plain, [Symbol('s')]: 1 }]
    makes.push(Object.create(plain), Object.assign(new Date(0), plain))
    for (const given of makes)
      await takes(t, world, (subject) => use(subject, given), `options ${shown(given)}`)
  })
}

import test from 'ava'
import { MokapotError, SharedCache } from '../dist/index.mjs'
import { living, opened } from './fixtures/helpers.mjs'
import { waysOf } from './fixtures/input/members.mjs'
import { isRevoked, VALUES } from './fixtures/input/options.mjs'
import { refuses, refusesIn, shown } from './fixtures/input/runner.mjs'
import { worlds } from './fixtures/input/worlds.mjs'

test.after.always('nothing is left open at the end', (t) => {
  t.is(opened(), 0)
  t.is(living(), 0)
})

const INVALID = { class: TypeError, code: 'ERR_MOKAPOT_INVALID_HANDLE', names: 'handle' }
/** @param {string} code */
const failure = (code) => ({ class: MokapotError, code })

/** Whether a field may be so, apart from naming another cache. @type {Record<string, (value: unknown) => boolean>} */
const FIELDS = {
  mokapot: (value) => value === 1,
  image: (value) => typeof value === 'string',
  index: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32,
  generation: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32,
}

for (const { member, world, use } of waysOf('handle')) {
  test.serial(`${member} refuses what is no handle`, async (t) => {
    const held = worlds[world]()
    for (const value of [undefined, ...VALUES, held.subject, JSON.stringify(held.subject.handle)]) {
      const refusal = isRevoked(value) ? { class: TypeError } : INVALID
      await refusesIn(t, held, () => use(undefined, value), refusal, shown(value))
    }
    held.close()
  })

  test.serial(`${member} refuses a handle that is forged in any field, also when it was sent`, async (t) => {
    const held = worlds[world]()
    const { handle } = held.subject
    for (const [field, isGood] of Object.entries(FIELDS)) {
      for (const value of [undefined, ...VALUES, '0', '1', handle.index, handle.image]) {
        const given = { ...handle, [field]: value }
        if (value === given[field] && Object.is(value, handle[field])) continue
        const what = `${field} ${shown(value)}`
        const code = !isGood(value) ? INVALID : field === 'image' ? OTHER : STALE
        // -0 is 0, and 1 or 0 may be what it was.
        if (code === STALE && /** @type {number} */ (value) === handle[field]) continue
        await refusesIn(t, held, () => use(undefined, given), code, what)
        const sent = clone(given)
        if (sent !== undefined) await refusesIn(t, held, () => use(undefined, sent), code, `${what}, sent`)
      }
      const { [field]: _, ...without } = handle
      await refusesIn(t, held, () => use(undefined, without), INVALID, `no ${field}`)
      const trouble = new Error(field)
      const getter = {
        ...handle,
        get [field]() {
          throw trouble
        },
      }
      await refusesIn(t, held, () => use(undefined, getter), { is: trouble }, `a ${field} that throws`)
    }
    held.close()
  })

  test.serial(`${member} takes a handle of whatever make`, async (t) => {
    const { subject, close } = worlds[world]()
    const { handle } = subject
    const makes = [handle, { ...handle }, structuredClone(handle), JSON.parse(JSON.stringify(handle))]
    makes.push(Object.create(handle), Object.assign(Object.create(null), handle), new Proxy(handle, {}))
    makes.push({ ...handle, more: 1 }, Object.assign([], handle))
    for (const given of makes) t.is(await use(undefined, given), undefined)
    close()
  })

  test.serial(
    `${member} refuses the handle of a cache that is gone, whatever came in its place`,
    async (t) => {
      const cache = new SharedCache({ maxBytes: '1mb' })
      const { handle } = cache
      cache.close()
      await refuses(t, world, () => use(undefined, handle), STALE, 'a handle that is gone')
      const next = [1, 2, 3].map(() => new SharedCache({ maxBytes: '1mb' }))
      t.true(
        next.some((cache) => cache.handle.index === handle.index),
        'its place was taken',
      )
      await refuses(t, world, () => use(undefined, handle), STALE, 'a handle whose place was taken')
      for (const cache of next) cache.close()
    },
  )
}

const STALE = failure('ERR_MOKAPOT_STALE_HANDLE')
const OTHER = failure('ERR_MOKAPOT_OTHER_COPY')

/** What arrives in another thread; undefined for what cannot be sent. @param {unknown} value */
function clone(value) {
  try {
    return structuredClone(value)
  } catch {
    return undefined
  }
}

test('a cache itself is not sent as if it were its handle', (t) => {
  const cache = new SharedCache({ maxBytes: '1mb' })
  const sent = /** @type {any} */ (clone({ cache }))
  if (sent !== undefined) {
    // Where Node cannot refuse it, what arrives is empty.
    t.throws(() => SharedCache.attach(sent.cache), { code: INVALID.code })
  } else t.pass()
  cache.close()
})

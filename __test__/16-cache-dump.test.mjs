import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { Cache } from '../dist/index.mjs'
import { ManualClock } from './fixtures/cache-for.mjs'

const span = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1, max: 10_000 }))

/** Anything, and what comes close to an entry of a dump. */
const item = fc.oneof(
  { weight: 1, arbitrary: fc.anything() },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.anything(),
      fc.record(
        {
          value: fc.anything(),
          ttl: fc.oneof(span, span, fc.anything()),
          tti: fc.oneof(span, span, fc.anything()),
          age: fc.oneof(span, fc.constant(0), fc.anything()),
          size: fc.oneof(fc.constant(undefined), fc.integer({ min: -1, max: 20 }), fc.anything()),
        },
        { requiredKeys: [] },
      ),
    ),
  },
)

/** @param {Cache<any, any>} cache */
function look(cache) {
  return { entries: [...cache], dump: cache.dump(), size: cache.size, stats: cache.stats() }
}

test('whatever is loaded as a dump is taken in within the limits, or refused with a code and nothing changes', (t) => {
  const taken = { loaded: 0, refused: 0 }
  fc.assert(
    fc.property(fc.oneof(fc.array(item, { maxLength: 5 }), fc.anything()), (dump) => {
      const cache = new Cache({ max: 4, maxSize: 30, sizeCalculation: () => 3, clock: new ManualClock() })
      cache.set('before', 1)
      const before = look(cache)
      try {
        cache.load(/** @type {any} */ (dump))
        taken.loaded += 1
        assert(cache.size <= 4 && cache.calculatedSize <= 30)
        assert(!cache.has('before') || /** @type {any[]} */ (dump).some(([key]) => key === 'before'))
      } catch (error) {
        taken.refused += 1
        const { code } = /** @type {{ code?: string }} */ (error)
        assert(code?.startsWith('ERR_MOKAPOT_'), /** @type {Error} */ (error))
        assert.deepEqual(look(cache), before)
      }
    }),
    { numRuns: 1_000 },
  )
  t.true(taken.loaded > 20 && taken.refused > 20, JSON.stringify(taken))
})

test('what was dumped and loaded is dumped the same, with all its times', (t) => {
  const entry = fc.record({
    key: fc.integer({ max: 30 }),
    value: fc.anything(),
    ttl: span,
    tti: span,
    pause: fc.nat(500),
  })
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 30 }), (entries) => {
      const [clock, later] = [new ManualClock(), new ManualClock()]
      const cache = new Cache({ max: 20, clock })
      for (const { key, value, ttl, tti, pause } of entries) {
        cache.set(key, value, { ttl, tti })
        clock.advance(pause)
      }
      const copy = new Cache({ max: 20, ttl: 1, clock: later })
      const dump = cache.dump()
      copy.load(dump)
      assert.deepEqual([...copy], [...cache])
      assert.deepEqual(copy.dump(), dump)
    }),
    { numRuns: 500 },
  )
  t.pass()
})

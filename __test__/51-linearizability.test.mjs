import test from 'ava'
import { randomFrom } from './fixtures/helpers.mjs'
import { DELETE, GET, NONE, SET, violation } from './fixtures/linearizability-checker.mjs'
import { histories } from './fixtures/linearizability-history.mjs'

/** @typedef {import('./fixtures/linearizability-checker.mjs').Operation} Operation */
/** @typedef {import('./fixtures/linearizability-history.mjs').Scene} Scene */

// 12 histories take a second; MOKAPOT_HISTORIES=1000 is what it is to be run with before a release.
const HISTORIES = Number(process.env.MOKAPOT_HISTORIES ?? 12)
const OPERATIONS = 1000 // the most that the checker takes

/** @type {Scene[]} */
const SCENES = [
  { options: { maxBytes: '1mb' }, mayVanish: false },
  { options: { maxBytes: '64mb' }, mayVanish: false },
  { options: { maxBytes: '1mb', max: 4 }, mayVanish: true },
  { options: { maxBytes: '1mb', tti: 3 }, ttl: 4, mayVanish: true },
]

/** @type {(kind: number, value: number, start: number, end: number) => Operation} */
const operation = (kind, value, start, end) => ({ kind, value, start, end })
const get = (/** @type {[number, number, number]} */ ...rest) => operation(GET, ...rest)
const set = (/** @type {[number, number, number]} */ ...rest) => operation(SET, ...rest)
const remove = (/** @type {number} */ start, /** @type {number} */ end) => operation(DELETE, NONE, start, end)

const STRICT = { mayVanish: false }
const LOOSE = { mayVanish: true }

test('the checker finds an order where there is one', (t) => {
  t.is(violation([[], []], STRICT), undefined)
  t.is(
    violation([[get(NONE, 0, 1), set(1, 2, 3), get(1, 4, 5), remove(6, 7), get(NONE, 8, 9)]], STRICT),
    undefined,
  )
  // A get that overlaps a set sees the old value or the new one.
  t.is(
    violation(
      [
        [set(1, 0, 1), set(2, 2, 9)],
        [get(1, 3, 4), get(2, 5, 6)],
      ],
      STRICT,
    ),
    undefined,
  )
  // Two sets that overlap come in either order, but for all readers in the same one.
  t.is(violation([[set(1, 0, 5)], [set(2, 1, 6)], [get(1, 7, 8), get(1, 9, 10)]], STRICT), undefined)
  t.is(violation([[set(1, 0, 5)], [set(2, 1, 6)], [get(2, 7, 8)]], STRICT), undefined)
  // The order of the sets shows long after.
  t.is(
    violation([[set(1, 0, 9)], [set(2, 1, 8)], [get(2, 2, 3), get(1, 4, 5), get(1, 10, 11)]], STRICT),
    undefined,
  )
  t.is(violation([[set(1, 0, 1), get(NONE, 2, 3), get(NONE, 4, 5)]], LOOSE), undefined)
})

test('the checker sees each way in which a read can be wrong', (t) => {
  /** @type {[string, Operation[][], { mayVanish: boolean }][]} */
  const wrong = [
    ['a value that nobody set', [[set(1, 0, 1), get(2, 2, 3)]], LOOSE],
    ['a value before it was set', [[get(1, 0, 1), set(1, 2, 3)]], LOOSE],
    ['a value that was overwritten', [[set(1, 0, 1), set(2, 2, 3)], [get(1, 4, 5)]], LOOSE],
    ['a value that was deleted', [[set(1, 0, 1), remove(2, 3)], [get(1, 4, 5)]], LOOSE],
    ['a value that came back', [[set(1, 0, 9)], [get(1, 1, 2), get(NONE, 3, 4), get(1, 5, 6)]], LOOSE],
    ['a miss without a reason', [[set(1, 0, 1), get(NONE, 2, 3)]], STRICT],
    ['new, then old', [[set(1, 0, 1), set(2, 2, 9)], [get(2, 3, 4)], [get(1, 5, 6)]], LOOSE],
    ['two orders of two sets', [[set(1, 0, 5)], [set(2, 1, 6)], [get(1, 7, 8)], [get(2, 9, 10)]], LOOSE],
  ]
  for (const [what, threads, options] of wrong) t.is(typeof violation(threads, options), 'string', what)
})

for (const refused of [false, true]) {
  test.serial(
    `operations of four threads have an order, with stamps ${refused ? 'asked for' : 'mapped'}`,
    async (t) => {
      /** @type {string[]} */
      const violations = []
      let overlapping = 0
      const count = refused ? Math.ceil(HISTORIES / 4) : HISTORIES
      const options = { count, operations: OPERATIONS, scenes: SCENES, refused }
      await histories(options, (keys, scene, history) => {
        for (const [key, threads] of keys.entries()) {
          const why = violation(threads, scene)
          if (why !== undefined) violations.push(`history ${history}, key ${key}: ${why}`)
          overlapping += overlaps(threads)
        }
      })
      t.log(`${count} histories, ${overlapping} operations overlapped another one on the same key`)
      t.deepEqual(violations, [])
      t.true(overlapping > 0)
    },
  )
}

test.serial('a read that is made stale in a real history is found', async (t) => {
  const random = randomFrom(5)
  let [made, found] = [0, 0]
  const [scene] = SCENES
  await histories({ count: 2, operations: 300, scenes: [/** @type {Scene} */ (scene)] }, (keys) => {
    for (const threads of keys) {
      for (let attempt = 0; attempt < 20; attempt++) {
        const spoilt = spoil(threads, random)
        if (spoilt === undefined) continue
        made++
        if (violation(spoilt, LOOSE) !== undefined) found++
      }
    }
  })
  t.true(made > 100, `${made}`)
  t.is(found, made)
})

test.serial('a near cache that sees no changes is found out', async (t) => {
  let violations = 0
  await histories({ count: 2, operations: 300, scenes: SCENES, broken: true }, (keys, scene) => {
    for (const threads of keys) if (violation(threads, scene) !== undefined) violations++
  })
  t.true(violations > 0)
})

/** How many operations overlap one of another thread. */
function overlaps(/** @type {Operation[][]} */ threads) {
  const all = threads.flatMap((operations, thread) => operations.map((each) => ({ ...each, thread })))
  all.sort((a, b) => a.start - b.start)
  let count = 0
  let [lastEnd, lastThread] = [-1, -1]
  for (const { start, end, thread } of all) {
    if (start < lastEnd && thread !== lastThread) count++
    if (end > lastEnd) [lastEnd, lastThread] = [end, thread]
  }
  return count
}

/**
 * The operations with one get that found something finding instead what had been overwritten before it started, by a set
 * that itself came after the end of the one whose value it finds; undefined if there is no such pair for the get picked.
 *
 * @param {Operation[][]} threads
 * @param {() => number} random
 */
function spoil(threads, random) {
  const thread = Math.floor(random() * threads.length)
  const operations = /** @type {Operation[]} */ (threads[thread])
  const index = Math.floor(random() * operations.length)
  const get = operations[index]
  if (get === undefined || get.kind !== GET) return undefined
  const sets = threads.flat().filter(({ kind, end }) => kind === SET && end < get.start)
  const newest = sets.reduce((latest, { start }) => Math.max(latest, start), -1)
  const old = sets.find(({ end }) => end < newest)
  if (old === undefined) return undefined
  const spoilt = { ...get, value: old.value }
  return threads.map((each, other) => (other === thread ? each.with(index, spoilt) : each))
}

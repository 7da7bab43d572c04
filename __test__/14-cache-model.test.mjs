import assert from 'node:assert/strict'
import test from 'ava'
import fc from 'fast-check'
import { Cache } from '../dist/index.mjs'
import { ManualClock } from './fixtures/cache-for.mjs'
import { BAD_SIZE, Oracle } from './fixtures/cache-oracle.mjs'

/**
 * @typedef {import('./fixtures/cache-oracle.mjs').Operation} Operation
 * @typedef {import('./fixtures/cache-oracle.mjs').Call} Call
 * @typedef {import('./fixtures/cache-oracle.mjs').Value} Value
 * @typedef {import('./fixtures/cache-oracle.mjs').Snapshot} Snapshot
 * @typedef {{ fails: boolean, operation: Operation | undefined }} Trouble what a call of dispose does
 */

/** How many random programs are run. The bar is 10,000; every test run takes some of them. */
const RUNS = Number(process.env.MOKAPOT_MODEL_RUNS ?? 1000)

const { POSITIVE_INFINITY: NEVER } = Number

/** Keys that only a Map tells apart. */
const KEYS = [0, 1, 2, '1', 1n, Number.NaN, null, { an: 'object' }, Symbol('s'), 'ten', 10, 11]

/** A cache, the clock it lives by, and a record of what it tells. */
class Subject {
  clock = new ManualClock()
  /** @type {Trouble[]} */
  troubles = []
  /** @type {Call | undefined} */
  #current

  /** @param {any} options */
  constructor(options) {
    const { max, maxSize, ttl, tti, policy } = options
    const sizing = maxSize === undefined ? {} : { maxSize, sizeCalculation: sizeOf }
    this.clock.time = 0
    /** @type {Cache<any, Value>} */
    this.cache = new Cache({
      ...sizing,
      max,
      ttl,
      tti,
      policy,
      clock: this.clock,
      dispose: (value, key, reason) => this.#dispose(value, key, reason),
    })
  }

  /**
   * Does `operation`, and records what comes of it.
   *
   * @param {Operation} operation
   * @returns {Call}
   */
  perform(operation) {
    const outer = this.#current
    /** @type {Call} */
    const call = { operation, events: [] }
    this.#current = call
    try {
      call.returned = this.#act(operation)
    } catch (error) {
      call.thrown = error
    }
    this.#current = outer
    return call
  }

  /** @returns {Snapshot} */
  get visible() {
    const { size, calculatedSize } = this.cache
    return { entries: [...this.cache], size, calculatedSize }
  }

  /**
   * @param {Value} value
   * @param {any} key
   * @param {string} reason
   */
  #dispose(value, key, reason) {
    const { fails = false, operation } = this.troubles.shift() ?? {}
    const seen = this.visible
    const nested = operation === undefined ? undefined : this.perform(operation)
    const error = fails ? new Error(`dispose failed`) : undefined
    this.#current?.events.push({ key, value, reason, seen, nested, error })
    if (error !== undefined) throw error
  }

  /** @param {Operation} operation */
  #act({ kind, key, keys = [], value, values = [], options, by = 0, max, maxSize }) {
    const { cache } = this
    switch (kind) {
      case 'get':
      case 'peek':
      case 'has':
      case 'info':
      case 'delete':
        return cache[kind](key)
      case 'clear':
      case 'purgeExpired':
        return cache[kind]()
      case 'set':
        assert.equal(cache.set(key, /** @type {Value} */ (value), options), cache)
        return undefined
      case 'memo':
        return cache.memo(key, () => /** @type {Value} */ (value), options)
      case 'getMany':
      case 'deleteMany':
        return cache[kind](keys)
      case 'setMany':
        cache.setMany(
          values.map((each, i) => [keys[i], each]),
          options,
        )
        return undefined
      case 'resize':
        return cache.resize({ max, maxSize })
      case 'reload':
        return cache.load(cache.dump())
      default:
        this.clock.advance(by)
        return undefined
    }
  }
}

/** An operation on both, and the comparison of all that can be seen. */
class Command {
  /**
   * @param {Operation} operation
   * @param {Trouble[]} troubles
   */
  constructor(operation, troubles) {
    this.operation = operation
    this.troubles = troubles
  }

  /** @param {Oracle} oracle */
  check({ limits }) {
    // A kind of limit that a cache was not made with cannot come, and a size needs a limit of sizes.
    const operations = [this.operation, ...this.troubles.flatMap(({ operation }) => operation ?? [])]
    return limits.maxSize !== NEVER || operations.every(needsNoSizes)
  }

  /**
   * @param {Oracle} oracle
   * @param {Subject} subject
   */
  run(oracle, subject) {
    subject.troubles = [...this.troubles]
    const call = subject.perform(this.operation)
    subject.troubles = []
    oracle.follow(call)
    compare(oracle, subject)
  }

  toString() {
    const troubles = this.troubles.length === 0 ? '' : ` with ${fc.stringify(this.troubles)}`
    return fc.stringify(this.operation) + troubles
  }
}

/** @param {Operation} operation */
function needsNoSizes({ options, maxSize }) {
  return options?.size === undefined && maxSize === undefined
}

/** @param {Value} value */
function sizeOf(value) {
  if (value.bad) throw BAD_SIZE
  return value.size
}

/**
 * @param {Oracle} oracle
 * @param {Subject} subject
 */
function compare(oracle, { cache, ...subject }) {
  assert.deepEqual([...cache], oracle.visible.entries)
  const { hitRate, admitted, refused, windowShare, ...stats } = cache.stats()
  assert.ok(refused <= stats.evictions && admitted >= 0 && windowShare > 0 && windowShare <= 1)
  const { size, calculatedSize } = oracle.visible
  assert.deepEqual(stats, { ...oracle.counts, size, calculatedSize })
  assert.equal(cache.size, size)
  assert.ok(cache.size <= cache.max && cache.calculatedSize <= cache.maxSize)
  assert.equal(subject.clock.time, oracle.time)
  for (const [key, entry] of oracle.entries) {
    const remaining = Math.max(0, entry.deadline - oracle.time)
    if (cache.getRemainingTTL(key) !== remaining) assert.equal(cache.getRemainingTTL(key), remaining)
  }
}

// --- Programs --------------------------------------------------------------------------------------------------------

let ids = 0
const key = fc.constantFrom(...KEYS)
const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 9 }) },
  fc.integer({ min: 1, max: 50 }),
)
const value = fc
  .record({ size, bad: fc.boolean().map((bad) => bad && ids % 4 === 0) })
  .map(({ size, bad }) => ({ id: ++ids, size, ...(bad ? { bad } : {}) }))
const span = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(NEVER))
const options = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ ttl: span, tti: span, size }, { requiredKeys: [] }),
)

/** @param {string} kind */
const ofKey = (kind) => fc.record({ kind: fc.constant(kind), key })
/** @param {string} kind */
const alone = (kind) => fc.record({ kind: fc.constant(kind) })
/** @param {string} kind */
const ofKeys = (kind) => fc.record({ kind: fc.constant(kind), keys: fc.array(key, { maxLength: 5 }) })

const set = fc.record({ kind: fc.constant('set'), key, value, options })
const setMany = fc.array(fc.tuple(key, value), { maxLength: 5 }).chain((pairs) =>
  fc.record({
    kind: fc.constant('setMany'),
    keys: fc.constant(pairs.map(([each]) => each)),
    values: fc.constant(pairs.map(([, each]) => each)),
    options,
  }),
)
const resize = fc.record(
  {
    kind: fc.constant('resize'),
    max: fc.integer({ min: 1, max: 9 }),
    maxSize: fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 60 }) },
      fc.constantFrom(2 ** 30, 2 ** 40, 2 ** 53 - 1),
    ),
  },
  { requiredKeys: ['kind'] },
)
const advance = fc.record({ kind: fc.constant('advance'), by: fc.integer({ min: 1, max: 20 }) })

/** All operations, and how often each comes. */
const operation = fc.oneof(
  { weight: 10, arbitrary: set },
  { weight: 6, arbitrary: ofKey('get') },
  { weight: 3, arbitrary: advance },
  { weight: 2, arbitrary: ofKey('delete') },
  { weight: 2, arbitrary: setMany },
  { weight: 1, arbitrary: fc.oneof(ofKey('has'), ofKey('peek'), ofKey('info')) },
  { weight: 1, arbitrary: fc.oneof(ofKeys('getMany'), ofKeys('deleteMany')) },
  { weight: 1, arbitrary: fc.oneof(alone('clear'), alone('purgeExpired'), alone('reload')) },
  { weight: 1, arbitrary: resize },
)

/** What the first calls of `dispose` do: nothing as a rule. */
const troubles = fc.oneof(
  { weight: 2, arbitrary: fc.constant(/** @type {Trouble[]} */ ([])) },
  fc.array(fc.record({ fails: fc.boolean(), operation: fc.option(operation, { nil: undefined }) }), {
    maxLength: 4,
  }),
)

/** What `memo` does comes in two steps, between which `dispose` is called: that is for the other tests. */
const memo = fc.record({ kind: fc.constant('memo'), key, value, options })

const commands = fc.commands(
  [
    fc
      .tuple(operation, troubles)
      .map(([each, trouble]) => new Command(/** @type {any} */ (each), /** @type {any} */ (trouble))),
    memo.map((each) => new Command(/** @type {any} */ (each), [])),
  ],
  { size: 'large', maxCommands: 60 },
)

const duration = fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined })
const settings = fc
  .record({
    policy: fc.constantFrom('tinylfu', 'lru'),
    max: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    maxSize: fc.option(fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(2 ** 40)), { nil: undefined }),
    ttl: duration,
    tti: duration,
  })
  .map((given) => (given.max === undefined && given.maxSize === undefined ? { ...given, max: 5 } : given))

test('a cache does what a Map and a clock say, in any program', (t) => {
  t.timeout(30 * 60_000)
  fc.assert(
    fc.property(settings, commands, (given, program) => {
      /** @type {Subject | undefined} */
      let subject
      const setup = () => {
        const { max = NEVER, maxSize = NEVER, ttl = NEVER, tti = NEVER } = given
        subject = new Subject(given)
        return { model: new Oracle({ max, maxSize, ttl, tti }), real: subject }
      }
      try {
        fc.modelRun(setup, program)
      } finally {
        subject?.cache.close()
      }
    }),
    { numRuns: RUNS, includeErrorInReport: true },
  )
  t.pass()
})

/** Measures a trace: the hits of each contender at each size. */
import { belady, nextUses } from './belady.mjs'
import { bounds } from './bound.mjs'
import { replay } from './replay.mjs'
import { limitsFor } from './sizes.mjs'
import { totals } from './trace.mjs'

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {boolean} ceiling whether it is no cache but what none can exceed
 */

/**
 * @typedef {object} Row
 * @property {number} size
 * @property {number[]} hits ratios, 0 to 1, one for each contender
 * @property {number[] | undefined} weightHits the same by weight
 */

/**
 * @typedef {object} Measured
 * @property {string} trace
 * @property {'entries' | 'weights'} unit of the sizes
 * @property {number} requests
 * @property {number} distinct
 * @property {number} weight of all keys together; 0 without weights
 * @property {number} unlimited the hit ratio of a cache without a limit
 * @property {number | undefined} unlimitedWeight the same by weight
 * @property {Contender[]} contenders
 * @property {Row[]} rows
 */

/** @typedef {Pick<import('./options.mjs').Options, 'sizes' | 'policies' | 'only'>} Plan */

/**
 * @param {import('./trace.mjs').Trace} trace
 * @param {Plan} plan
 * @param {(what: string, done: number) => void} [tick]
 * @returns {Measured}
 */
export function measure(trace, plan, tick = () => {}) {
  const limits = limitsFor(plan.sizes, trace)
  const byWeight = trace.weights !== undefined
  const caches = [
    ...(plan.only.includes('lru-cache') ? ['lru-cache'] : []),
    ...(plan.only.includes('mokapot')
      ? plan.policies.map((policy) => (policy === 'lru' ? 'mokapot lru' : 'mokapot'))
      : []),
  ]
  const ceiling = plan.only.includes('optimum') ? ceilingOf(trace, limits[0].unit) : undefined
  const all = totals(trace)
  const rows = limits.map((limit) => {
    const found = caches.map((name) => {
      const at = `${name} at ${limit.size.toLocaleString('en-US')}`
      return replay(trace, name, limit, (done) => tick(at, done))
    })
    if (ceiling) {
      tick(ceiling.name, 0)
      found.push(ceiling.at(limit.size))
    }
    return {
      size: limit.size,
      hits: found.map(({ hits }) => hits / all.requests),
      weightHits: byWeight ? found.map(({ weightHit }) => weightHit / all.weight) : undefined,
    }
  })
  return {
    trace: trace.name,
    unit: limits[0].unit,
    requests: all.requests,
    distinct: trace.distinct,
    weight: trace.weight,
    unlimited: all.hits / all.requests,
    unlimitedWeight: byWeight ? all.weightHit / all.weight : undefined,
    contenders: [
      ...caches.map((name) => ({ name, ceiling: false })),
      ...(ceiling ? [{ name: ceiling.name, ceiling: true }] : []),
    ],
    rows,
  }
}

/**
 * The optimum where all entries count the same, else an upper bound. Belady's maximum of hits is none of their weights, so
 * it has no ratio by weight.
 *
 * @param {import('./trace.mjs').Trace} trace
 * @param {'entries' | 'weights'} unit
 */
function ceilingOf(trace, unit) {
  if (unit === 'weights') return { name: 'upper bound', at: bounds(trace) }
  const next = nextUses(trace)
  return {
    name: 'optimum',
    at: (/** @type {number} */ size) => ({ hits: belady(next, size), weightHit: Number.NaN }),
  }
}

/** What the numbers of a trace say, in sentences, whichever side they favour. */
import { count, percent, sizeAbout, sizeOf } from './numbers.mjs'

/** @typedef {import('./measure.mjs').Measured} Measured */

/** Ratios closer than this are told as the same. */
const SAME = 0.0005

/** The part of all possible hits at which more room begins to bring little. */
const MOST = 0.9

/** With fewer hits than this at any size the trace asks for nearly every key once. */
const HARDLY = 0.05

/**
 * @param {Measured} measured
 * @returns {string[]}
 */
export function sentences(measured) {
  const lru = curveOf(measured, 'lru-cache')
  const ours = curveOf(measured, 'mokapot') ?? curveOf(measured, 'mokapot lru')
  if (ours === undefined) return []
  const told = []
  if (lru !== undefined) told.push(equalSize(measured, ours, lru))
  if (lru !== undefined && lru.points.length > 1) told.push(overall(ours, lru))
  return [...told, enough(measured, ours)]
}

/** @typedef {{ name: string, points: { size: number, hits: number }[] }} Curve */

/**
 * @param {Measured} measured
 * @param {string} name
 * @returns {Curve | undefined}
 */
export function curveOf({ contenders, rows }, name) {
  const index = contenders.findIndex((contender) => contender.name === name)
  if (index < 0) return undefined
  return { name, points: rows.map(({ size, hits }) => ({ size, hits: hits[index] })) }
}

/**
 * The size at which a curve reaches a ratio, between two sizes that were measured by the logarithm; 0 if it does at the
 * smallest already, Infinity if not at the largest.
 *
 * @param {Curve} curve
 * @param {number} ratio
 */
export function sizeFor({ points }, ratio) {
  const index = points.findIndex(({ hits }) => hits >= ratio)
  if (index < 0) return Number.POSITIVE_INFINITY
  const after = points[index]
  if (index === 0) return after.hits === ratio ? after.size : 0
  const before = points[index - 1]
  const part = (ratio - before.hits) / (after.hits - before.hits)
  return before.size * (after.size / before.size) ** part
}

/**
 * How large the other cache has to be to hit as often, at a size from the middle of those measured.
 *
 * @param {Measured} measured
 * @param {Curve} ours
 * @param {Curve} lru
 */
function equalSize({ unit }, ours, lru) {
  const middle = (ours.points.length - 1) >> 1
  const { size, hits } = ours.points[middle]
  const theirs = lru.points[middle].hits
  const start = `At ${sizeOf(unit, size)} ${ours.name} hits ${percent(hits)} of the requests`
  if (Math.abs(hits - theirs) < SAME) return `${start}, as lru-cache does.`
  const [better, worse, ratio] = hits > theirs ? [ours, lru, hits] : [lru, ours, theirs]
  const beside = `${start} and lru-cache ${percent(theirs)}`
  const other = sizeFor(worse, ratio)
  if (other < Number.POSITIVE_INFINITY) {
    const equal = `${worse.name} needs ${sizeAbout(unit, other)} to hit as often as ${better.name}`
    return `${beside}: ${equal}, ${(other / size).toFixed(1)} times as much room.`
  }
  if (ours.points.length === 1) return `${beside}: ${points((hits - theirs) * 100)} points.`
  const largest = sizeOf(unit, ours.points.at(-1)?.size ?? size)
  return `${beside}, which ${worse.name} does not reach at ${largest} either.`
}

/**
 * @param {Curve} ours
 * @param {Curve} lru
 */
function overall(ours, lru) {
  const gaps = ours.points.map(({ hits }, index) => (hits - lru.points[index].hits) * 100)
  const least = Math.min(...gaps)
  const most = Math.max(...gaps)
  const span = `${points(least)} to ${points(most)} points`
  return `Over the ${gaps.length} sizes the hit ratio of ${ours.name} differs from that of lru-cache by ${span}.`
}

/** @param {number} gap in percentage points */
function points(gap) {
  return `${gap < -0.05 ? '-' : '+'}${Math.abs(gap).toFixed(1)}`
}

/**
 * From where on more room brings little.
 *
 * @param {Measured} measured
 * @param {Curve} ours
 */
function enough({ unit, distinct, weight, unlimited }, ours) {
  if (unlimited < HARDLY) {
    return `Hardly any key is asked for twice: without a limit ${percent(unlimited)} would hit, so no cache helps much.`
  }
  const size = sizeFor(ours, MOST * unlimited)
  const whole = unit === 'entries' ? distinct : weight
  const most = `nine tenths of the hits that are possible (${percent(MOST * unlimited)} of the requests)`
  if (size === 0) {
    return `${ours.name} has ${most} at ${sizeOf(unit, ours.points[0].size)} already, the smallest size measured.`
  }
  if (size < Number.POSITIVE_INFINITY) {
    const part =
      unit === 'entries'
        ? `${percent(size / whole)} of the keys`
        : `${percent(size / whole)} of what all keys weigh`
    return `${ours.name} has ${most} from ${sizeAbout(unit, size)} on, ${part}; more room brings little.`
  }
  const largest = ours.points[ours.points.length - 1]
  const has = `${count((largest.hits / unlimited) * 100)} of 100 hits that are possible`
  return `At ${sizeOf(unit, largest.size)} ${ours.name} has ${has}: more room still brings more.`
}

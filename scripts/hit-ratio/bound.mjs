/**
 * What no cache can exceed where entries have weights: an upper bound, since the optimum itself is NP-hard.
 *
 * To hit, a key must be held from its last request on: that takes its weight for so many requests. In all there is the
 * limit for all requests, so no cache does better than one that may spend that sum on the cheapest hits. This is the
 * bound PFOO-L of D. S. Berger, N. Beckmann and M. Harchol-Balter, "Practical bounds on optimal caching with variable
 * object sizes", POMACS 2 (2), 2018.
 */

/**
 * Prepares the bounds of a trace with weights for any number of sizes.
 *
 * @param {import('./trace.mjs').Trace} trace
 * @returns {(size: number) => { hits: number, weightHit: number }}
 */
export function bounds({ requests, distinct, weights }) {
  if (weights === undefined) throw new TypeError('a bound is for a trace with weights')
  const last = new Float64Array(distinct).fill(-1)
  const costs = new Float64Array(requests.length - distinct)
  // For each distance between two requests of a key, the weight that hits at this distance.
  const weightAt = new Float64Array(requests.length)
  let found = 0
  for (const [time, id] of requests.entries()) {
    if (last[id] >= 0) {
      const distance = time - last[id]
      costs[found++] = distance * weights[id]
      weightAt[distance] += weights[id]
    }
    last[id] = time
  }
  costs.sort()
  return (size) => {
    const budget = size * requests.length
    return { hits: cheapest(costs, budget), weightHit: nearest(weightAt, budget) }
  }
}

/**
 * How many of the costs, smallest first, the budget pays for.
 *
 * @param {Float64Array} costs in ascending order
 * @param {number} budget
 */
function cheapest(costs, budget) {
  let spent = 0
  for (const [index, cost] of costs.entries()) {
    spent += cost
    if (spent > budget) return index
  }
  return costs.length
}

/**
 * The weight of hits that the budget pays for, where each unit of weight costs its distance, a part of an entry too.
 *
 * @param {Float64Array} weightAt
 * @param {number} budget
 */
function nearest(weightAt, budget) {
  let left = budget
  let sum = 0
  for (const [distance, weight] of weightAt.entries()) {
    if (distance * weight > left) return sum + left / distance
    left -= distance * weight
    sum += weight
  }
  return sum
}

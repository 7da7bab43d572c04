/** The axes of a chart: where a value stands, and which values are written beside it. */

/**
 * @typedef {object} Axis
 * @property {(value: number) => number} place
 * @property {number[]} ticks
 */

/** With fewer decades than this the steps between them are written too. */
const FEW_DECADES = 3.5

/**
 * @param {readonly number[]} sizes
 * @param {'entries' | 'weights'} unit
 * @param {readonly [number, number]} ends in pixels
 * @returns {Axis}
 */
export function logAxis(sizes, unit, [start, end]) {
  // A single size stands in the middle.
  const widen = sizes.length === 1 ? 2 : 1
  const low = Math.log(Math.min(...sizes) / widen)
  const high = Math.log(Math.max(...sizes) * widen)
  return {
    place: (size) => start + ((Math.log(size) - low) / (high - low)) * (end - start),
    ticks: unit === 'entries' ? decimalTicks(low, high) : binaryTicks(low, high),
  }
}

/**
 * @param {number} most the largest ratio
 * @param {readonly [number, number]} ends in pixels
 * @returns {Axis}
 */
export function ratioAxis(most, [start, end]) {
  const step = [0.01, 0.02, 0.05, 0.1, 0.2].find((step) => most / step <= 5) ?? 0.2
  const top = Math.min(1, Math.max(step, Math.ceil(most / step - 1e-9) * step))
  return {
    place: (ratio) => start + (ratio / top) * (end - start),
    ticks: Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step),
  }
}

/**
 * @param {number} low
 * @param {number} high logarithms
 */
function decimalTicks(low, high) {
  const steps = (high - low) / Math.LN10 < FEW_DECADES ? [1, 2, 5] : [1]
  const ticks = []
  for (let decade = 1; Math.log(decade) <= high; decade *= 10) {
    for (const step of steps) ticks.push(step * decade)
  }
  return within(ticks, low, high)
}

/**
 * @param {number} low
 * @param {number} high logarithms
 */
function binaryTicks(low, high) {
  const factor = (high - low) / Math.LN2 > 8 ? 4 : 2
  const ticks = []
  for (let tick = 1; Math.log(tick) <= high; tick *= factor) ticks.push(tick)
  return within(ticks, low, high)
}

/**
 * @param {number[]} ticks
 * @param {number} low
 * @param {number} high
 */
function within(ticks, low, high) {
  const inside = ticks.filter((tick) => Math.log(tick) >= low - 1e-9 && Math.log(tick) <= high + 1e-9)
  return inside.length > 0 ? inside : [Math.round(Math.exp((low + high) / 2))]
}

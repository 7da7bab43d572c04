/** Numbers as people read them. */

const UNITS = ['KiB', 'MiB', 'GiB', 'TiB']

/** @param {number} value */
export function count(value) {
  return Math.round(value).toLocaleString('en-US')
}

/**
 * @param {number} ratio
 * @param {number} [digits]
 */
export function percent(ratio, digits = 1) {
  return `${(ratio * 100).toFixed(digits)} %`
}

/**
 * @param {'entries' | 'weights'} unit
 * @param {number} size
 */
export function sizeIn(unit, size) {
  return unit === 'entries' ? count(size) : memory(size)
}

/**
 * A size with its unit, in a sentence.
 *
 * @param {'entries' | 'weights'} unit
 * @param {number} size
 */
export function sizeOf(unit, size) {
  return unit === 'entries' ? `${count(size)} ${Math.round(size) === 1 ? 'entry' : 'entries'}` : memory(size)
}

/**
 * A size that was interpolated, with no more digits than it deserves.
 *
 * @param {'entries' | 'weights'} unit
 * @param {number} size
 */
export function sizeAbout(unit, size) {
  return `about ${unit === 'entries' ? sizeOf(unit, Number(size.toPrecision(2))) : memory(size, 2)}`
}

/**
 * @param {number} bytes
 * @param {number} [digits]
 */
function memory(bytes, digits = 3) {
  if (bytes < 1024) return `${count(bytes)} B`
  let value = bytes
  let unit = -1
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit++
  }
  // toPrecision alone would write 1,020 as 1.0e+3.
  return `${Number.isInteger(value) ? value : Number(value.toPrecision(digits))} ${UNITS[unit]}`
}

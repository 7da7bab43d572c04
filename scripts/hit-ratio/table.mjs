/** The hit ratios of a trace as a table for a terminal, and as JSON. */
import { count, percent, sizeIn } from './numbers.mjs'
import { sentences } from './words.mjs'

/** @typedef {import('./measure.mjs').Measured} Measured */

/**
 * The heading of each column, and its cells row by row.
 *
 * @param {Measured} measured
 * @returns {{ group: string, title: string, cells: string[] }[]}
 */
export function columns({ unit, distinct, weight, contenders, rows }) {
  const whole = unit === 'entries' ? distinct : weight
  const ratios = (/** @type {string} */ group, /** @type {'hits' | 'weightHits'} */ key) =>
    contenders.map(({ name }, index) => ({
      group,
      title: name,
      cells: rows.map((row) => ratio(row[key]?.[index])),
    }))
  return [
    {
      group: '',
      title: unit === 'entries' ? 'entries' : 'size',
      cells: rows.map(({ size }) => sizeIn(unit, size)),
    },
    { group: '', title: 'of all', cells: rows.map(({ size }) => percent(size / whole)) },
    ...ratios('hits, % of requests', 'hits'),
    ...(rows[0].weightHits
      ? ratios('hits, % of weight', 'weightHits').filter(({ cells }) => cells[0] !== '')
      : []),
  ]
}

/**
 * What stands above a table.
 *
 * @param {Measured} measured
 */
export function heading({ requests, distinct, weight, unlimited, unlimitedWeight }) {
  const weighing = weight > 0 ? ` of ${sizeIn('weights', weight)} in all` : ''
  const byWeight = unlimitedWeight === undefined ? '' : `, ${percent(unlimitedWeight)} by weight`
  const keys = `${count(requests)} requests for ${count(distinct)} distinct keys${weighing}`
  return `${keys}; without a limit ${percent(unlimited)} would hit${byWeight}`
}

/** @param {Measured} measured */
export function table(measured) {
  const all = columns(measured)
  const widths = all.map(({ title, cells }) => Math.max(title.length, ...cells.map((cell) => cell.length)))
  const line = (/** @type {(string | undefined)[]} */ cells) =>
    cells.map((cell, index) => (cell ?? '').padStart(widths[index] + (index === 0 ? 2 : 3))).join('')
  const rows = measured.rows.map((_, row) => line(all.map(({ cells }) => cells[row])))
  const lines = [groups(all, widths), line(all.map(({ title }) => title)), ...rows]
  const told = sentences(measured)
  return [
    `${measured.trace}: ${heading(measured)}`,
    '',
    ...lines,
    ...(told.length > 0 ? ['', ...told] : []),
  ].join('\n')
}

/**
 * The numbers for programs: ratios from 0 to 1.
 *
 * @param {readonly Measured[]} all
 */
export function json(all) {
  return JSON.stringify({ traces: all.map(plain) }, null, 2)
}

/** @param {Measured} measured */
function plain({ trace, unit, requests, distinct, weight, unlimited, unlimitedWeight, contenders, rows }) {
  const named = (/** @type {number[] | undefined} */ ratios) =>
    ratios &&
    Object.fromEntries(contenders.map(({ name }, i) => [name, ratios[i]]).filter(([, r]) => !Number.isNaN(r)))
  return {
    trace,
    requests,
    distinctKeys: distinct,
    ...(weight > 0 ? { weight } : {}),
    unlimited: { hitRatio: unlimited, weightHitRatio: unlimitedWeight },
    sizes: rows.map(({ size, hits, weightHits }) => ({
      [unit === 'entries' ? 'max' : 'maxSize']: size,
      hitRatio: named(hits),
      weightHitRatio: named(weightHits),
    })),
  }
}

/**
 * The line above the titles: the name of each group, at its right end.
 *
 * @param {ReturnType<typeof columns>} all
 * @param {readonly number[]} widths
 */
function groups(all, widths) {
  let text = ''
  let end = 0
  for (const [index, { group }] of all.entries()) {
    end += widths[index] + (index === 0 ? 2 : 3)
    if (group !== '' && group !== all[index + 1]?.group) text += group.padStart(end - text.length)
  }
  return text
}

/** @param {number | undefined} value */
function ratio(value) {
  return value === undefined || Number.isNaN(value) ? '' : (value * 100).toFixed(2)
}

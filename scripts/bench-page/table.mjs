/** Figures in Markdown: a row for each rival, a column for each measurement. */

/**
 * As many digits as tell something, thousands apart.
 *
 * @param {number} value
 */
export function figure(value) {
  const digits = value === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** @param {import('./results.mjs').Part} part */
export function table({ figures }) {
  const columns = [...new Set(Object.values(figures).flatMap((each) => Object.keys(each)))]
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.join(' | ')} |`
  return [
    line(['', ...columns]),
    `|---|${'---:|'.repeat(columns.length)}`,
    ...Object.entries(figures).map(([rival, each]) =>
      line([rival, ...columns.map((name) => (each[name] === undefined ? '' : figure(each[name])))]),
    ),
  ].join('\n')
}

/** A page that needs nothing else: for each trace the curves, what they say, and the table. */
import { svg } from './chart.mjs'
import { escaped } from './markup.mjs'
import { columns, heading } from './table.mjs'
import { sentences } from './words.mjs'

/** @typedef {import('./measure.mjs').Measured} Measured */

const STYLE = `
:root{color-scheme:light dark;--ink:#24292f;--faint:#57606a;--ground:#ffffff;--line:#d8dee4}
@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--faint:#9da7b3;--ground:#0d1117;--line:#2b323b}}
body{font:16px/1.5 system-ui,"Segoe UI",Helvetica,Arial,sans-serif;color:var(--ink);background:var(--ground);max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem} h2{font-size:1.2rem;margin-top:3rem;overflow-wrap:anywhere}
svg{max-width:100%;height:auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{text-align:right;padding:.25rem .75rem;border-bottom:1px solid var(--line);white-space:nowrap}
th{font-weight:600} thead th[colspan]{color:var(--faint);font-weight:400}
.faint{color:var(--faint)}
`

/**
 * @param {readonly Measured[]} all
 * @returns {string}
 */
export function page(all) {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(`Hit ratios: ${all.map(({ trace }) => trace).join(', ')}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Hit ratios over the size of the cache</h1>
<p class="faint">Each request is a get, and a set if it misses. ${escaped(aboutCeilings(all))}</p>
${all.map(section).join('\n')}
</body>
</html>
`
}

/**
 * @param {Measured} measured
 * @param {number} index
 */
function section(measured, index) {
  return `<section>
<h2>${escaped(measured.trace)}</h2>
<p>${escaped(heading(measured))}.</p>
${svg([measured], `trace-${index + 1}`)}<ul>
${sentences(measured)
  .map((sentence) => `<li>${escaped(sentence)}</li>`)
  .join('\n')}
</ul>
<div class="wide" tabindex="0" role="region" aria-label="${escaped(`Hit ratios of ${measured.trace}`)}">
${table(measured)}
</div>
</section>`
}

/** @param {Measured} measured */
function table(measured) {
  const all = columns(measured)
  const names = [...new Set(all.map(({ group }) => group))]
  const groups = names.map((name) => {
    const span = all.filter(({ group }) => group === name).length
    return name === '' ? `<td colspan="${span}"></td>` : `<th colspan="${span}" scope="colgroup">${name}</th>`
  })
  const titles = all.map(({ title }) => `<th scope="col">${escaped(title)}</th>`)
  const rows = measured.rows.map((_, row) => {
    const cells = all.map(({ cells }, column) =>
      column === 0 ? `<th scope="row">${cells[row]}</th>` : `<td>${cells[row]}</td>`,
    )
    return `<tr>${cells.join('')}</tr>`
  })
  return `<table>
<thead><tr>${groups.join('')}</tr><tr>${titles.join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`
}

/** @param {readonly Measured[]} all */
function aboutCeilings(all) {
  const names = new Set(all.flatMap(({ contenders }) => contenders.map(({ name }) => name)))
  return [
    names.has('optimum') ? "The optimum (Belady's) knows the future; no cache reaches it." : '',
    names.has('upper bound')
      ? 'The upper bound (PFOO-L) is one that no cache can exceed; the true optimum by weight lies below it.'
      : '',
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

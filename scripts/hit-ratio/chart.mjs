/** The hit ratios of traces as curves over the size, drawn as SVG that needs nothing else. */
import { logAxis, ratioAxis } from './axes.mjs'
import { at, escaped } from './markup.mjs'
import { percent, sizeIn, sizeOf } from './numbers.mjs'
import { heading } from './table.mjs'
import { sentences } from './words.mjs'

/** @typedef {import('./measure.mjs').Measured} Measured */

const WIDTH = 720
const HEIGHT = 400
/** What the curves leave free, for what is written around them. */
const PLOT = { left: 64, right: 696, top: 92, bottom: 342 }

/** What is drawn later lies above. */
const LAYERS = ['ceiling', 'lru-cache', 'mokapot-lru', 'mokapot']

/** A longer name of a trace is cut at its beginning, where a path says least. */
const LONGEST_NAME = 70

/**
 * Colours that stand 3:1 against either ground, and differ for colour-blind eyes; the dash and the mark tell the curves
 * apart without any.
 */
const STYLE = `
.chart text{font:13px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#24292f}
.chart .name{font-size:16px;font-weight:600}
.chart .faint{fill:#57606a}
.chart .ground{fill:#ffffff}
.chart .grid{stroke:#d8dee4;stroke-width:1}
.chart .limit{stroke:#8c959f;stroke-width:1;stroke-dasharray:1 4;stroke-linecap:round}
.chart polyline{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}
.chart .lru-cache{stroke:#0969da} .chart .lru-cache.mark{fill:#ffffff}
.chart .mokapot{stroke:#bc4c00} .chart .mokapot.mark{fill:#bc4c00}
.chart .mokapot-lru{stroke:#8250df;stroke-dasharray:2 5} .chart .mokapot-lru.mark{fill:#8250df;stroke-dasharray:none}
.chart .ceiling{stroke:#57606a;stroke-width:1.5;stroke-dasharray:7 5} .chart .ceiling.mark{fill:none;stroke:none}
.chart .mark{stroke-width:2}
@media (prefers-color-scheme:dark){
.chart text{fill:#e6edf3}
.chart .faint{fill:#9da7b3}
.chart .ground{fill:#0d1117}
.chart .grid{stroke:#2b323b}
.chart .limit{stroke:#768390}
.chart .lru-cache{stroke:#58a6ff} .chart .lru-cache.mark{fill:#0d1117}
.chart .mokapot{stroke:#ff9b50} .chart .mokapot.mark{fill:#ff9b50}
.chart .mokapot-lru{stroke:#c297ff} .chart .mokapot-lru.mark{fill:#c297ff}
.chart .ceiling{stroke:#9da7b3}
}
`

/**
 * A document with a chart for each trace, one below the other, and two for one with weights: by request and by weight.
 *
 * @param {readonly Measured[]} all
 * @param {string} [id] tells documents apart that stand on one page
 * @returns {string}
 */
export function svg(all, id = 'hit-ratio') {
  const panels = all.flatMap((measured) =>
    measured.rows[0].weightHits === undefined
      ? [panel(measured, 'hits')]
      : [panel(measured, 'hits'), panel(measured, 'weightHits')],
  )
  const height = panels.length * HEIGHT
  const placed = panels.map(
    (content, index) => `<g transform="translate(0 ${index * HEIGHT})">${content}</g>`,
  )
  const names = all.map(({ trace }) => trace).join(', ')
  const told = all.map(
    (measured) => `${measured.trace}: ${heading(measured)}. ${sentences(measured).join(' ')}`,
  )
  return `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-title ${id}-desc">
<title id="${id}-title">${escaped(`Hit ratio over the size of the cache: ${names}`)}</title>
<desc id="${id}-desc">${escaped(told.join('\n'))}</desc>
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${height}"/>
${placed.join('\n')}
</svg>
`
}

/**
 * @param {Measured} measured
 * @param {'hits' | 'weightHits'} key
 */
function panel(measured, key) {
  const { trace, unit, contenders, rows } = measured
  const unlimited = (key === 'hits' ? measured.unlimited : measured.unlimitedWeight) ?? 0
  const ratios = rows.flatMap((row) => row[key] ?? []).filter((ratio) => !Number.isNaN(ratio))
  const sizes = rows.map(({ size }) => size)
  const x = logAxis(sizes, unit, [PLOT.left + 12, PLOT.right - 12])
  const y = ratioAxis(Math.max(...ratios, unlimited), [PLOT.bottom, PLOT.top])
  const shown = contenders.flatMap(({ name, ceiling }, index) => {
    const points = rows.map((row) => ({ size: row.size, ratio: row[key]?.[index] ?? Number.NaN }))
    return Number.isNaN(points[0].ratio)
      ? []
      : [{ name, style: ceiling ? 'ceiling' : name.replace(' ', '-'), points }]
  })
  const what = key === 'hits' ? 'of the requests hit' : 'of the weight hit'
  return [
    text(PLOT.left, 28, short(trace), 'class="name"'),
    legend(shown),
    ...y.ticks.map((ratio) => {
      const height = at(y.place(ratio))
      const line = `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${height}" y2="${height}"/>`
      return line + text(PLOT.left - 10, y.place(ratio) + 4.5, percent(ratio, 0), 'text-anchor="end"')
    }),
    text(PLOT.left, PLOT.top - 12, what, 'class="faint"'),
    ...x.ticks.map((size) => {
      const place = at(x.place(size))
      const line = `<line class="grid" x1="${place}" x2="${place}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 6}"/>`
      return line + text(x.place(size), PLOT.bottom + 22, sizeIn(unit, size), 'text-anchor="middle"')
    }),
    text(
      PLOT.right,
      PLOT.bottom + 44,
      unit === 'entries' ? 'entries' : 'size',
      'class="faint" text-anchor="end"',
    ),
    `<line class="limit" x1="${PLOT.left}" x2="${PLOT.right}" y1="${at(y.place(unlimited))}" y2="${at(y.place(unlimited))}"/>`,
    text(
      PLOT.right,
      PLOT.top - 12,
      `dotted: without a limit, ${percent(unlimited)}`,
      'class="faint" text-anchor="end"',
    ),
    ...[...shown]
      .sort((a, b) => LAYERS.indexOf(a.style) - LAYERS.indexOf(b.style))
      .map(({ name, style, points }) => {
        const path = points.map(({ size, ratio }) => `${at(x.place(size))},${at(y.place(ratio))}`).join(' ')
        const marks = points.map(({ size, ratio }) =>
          mark(
            style,
            x.place(size),
            y.place(ratio),
            `${name} at ${sizeOf(unit, size)}: ${percent(ratio, 2)}`,
          ),
        )
        return `<polyline class="${style}" points="${path}"/>${marks.join('')}`
      }),
  ].join('\n')
}

/** @param {readonly { name: string, style: string }[]} shown */
function legend(shown) {
  let left = PLOT.left
  const parts = []
  for (const { name, style } of shown) {
    parts.push(
      `<polyline class="${style}" points="${left},50 ${left + 30},50"/>${mark(style, left + 15, 50)}`,
    )
    parts.push(text(left + 38, 54.5, name))
    left += 38 + name.length * 7.5 + 24
  }
  return parts.join('')
}

/**
 * A square for lru-cache, a circle for mokapot, a smaller one for its LRU; a ceiling has none, yet tells its numbers.
 *
 * @param {string} style
 * @param {number} x
 * @param {number} y
 * @param {string} [tip] shown where the pointer rests
 */
function mark(style, x, y, tip) {
  const title = tip === undefined ? '' : `<title>${escaped(tip)}</title>`
  if (style === 'lru-cache') {
    return `<rect class="${style} mark" x="${at(x - 3.5)}" y="${at(y - 3.5)}" width="7" height="7">${title}</rect>`
  }
  const radius = style === 'mokapot' ? 4 : 2.5
  return `<circle class="${style} mark" cx="${at(x)}" cy="${at(y)}" r="${radius}">${title}</circle>`
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} [attributes]
 */
function text(x, y, content, attributes) {
  return `<text x="${at(x)}" y="${at(y)}"${attributes ? ` ${attributes}` : ''}>${escaped(content)}</text>`
}

/** @param {string} name */
function short(name) {
  return name.length > LONGEST_NAME ? `…${name.slice(1 - LONGEST_NAME)}` : name
}

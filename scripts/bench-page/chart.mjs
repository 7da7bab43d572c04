/** Figures as horizontal bars, drawn as SVG that needs nothing else. */
import { at, escaped } from '../hit-ratio/markup.mjs'
import { figure } from './table.mjs'

const WIDTH = 720
const LEFT = 190
const RIGHT = 640
const ROW = 20
const HEAD = 40
const GAP = 16
const TITLE = 44

/** Where the largest figure is so many times the smallest, each step of the scale is ten times the one before. */
const WIDE = 40

/** Colours stand 3:1 against either ground. */
const STYLE = `
.bench text{font:12px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#24292f}
.bench .name{font-size:16px;font-weight:600}
.bench .head{font-size:13px;font-weight:600}
.bench .faint{fill:#57606a}
.bench .ground{fill:#ffffff}
.bench .own{fill:#bc4c00}
.bench .other{fill:#6e7781}
@media (prefers-color-scheme:dark){
.bench text{fill:#e6edf3}
.bench .faint{fill:#9da7b3}
.bench .ground{fill:#0d1117}
.bench .own{fill:#ff9b50}
.bench .other{fill:#8b949e}
}
`

/** The rivals that are ours. */
const OWN = /^(mokapot|Cache|SharedCache|addon)\b/

/**
 * A panel for each measurement, the rivals in their order.
 *
 * @param {string} id tells documents apart that stand on one page
 * @param {string} title
 * @param {import('./results.mjs').Part} part
 * @param {readonly string[]} measurements
 */
export function chart(id, title, part, measurements) {
  let top = TITLE
  const panels = measurements.map((name) => {
    const panel = draw(name, part, top)
    top += panel.height + GAP
    return panel.content
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" class="bench" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-labelledby="${id}-title">
<title id="${id}-title">${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="ground" width="${WIDTH}" height="${top}"/>
<text class="name" x="16" y="28">${escaped(title)}</text>
${panels.join('\n')}
</svg>
`
}

/**
 * @param {string} name of the measurement
 * @param {import('./results.mjs').Part} part
 * @param {number} top
 */
function draw(name, part, top) {
  const rows = Object.entries(part.figures).flatMap(([rival, { [name]: value }]) =>
    value === undefined ? [] : [{ rival, value }],
  )
  const values = rows.map(({ value }) => value)
  const most = Math.max(...values)
  const least = Math.min(...values.filter((value) => value > 0), most)
  const isWide = most / least > WIDE
  // On a logarithmic scale the smallest figure has a short bar still.
  const base = Math.log(least / 2)
  const share = (/** @type {number} */ value) => {
    if (value <= 0) return 0
    return isWide ? (Math.log(value) - base) / (Math.log(most) - base) : value / most
  }
  const unit = part.unit === 'as each row says' ? '' : `, ${part.unit}`
  const scale = isWide ? '; logarithmic scale' : ''
  const content = [
    `<text class="head" x="16" y="${top + 18}">${escaped(name)}<tspan class="faint" font-weight="400">${escaped(unit + scale)}</tspan></text>`,
    ...rows.map(({ rival, value }, index) => {
      const middle = top + HEAD + index * ROW
      const width = Math.max(1, share(value) * (RIGHT - LEFT))
      return [
        `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escaped(rival)}</text>`,
        `<rect class="${OWN.test(rival) ? 'own' : 'other'}" x="${LEFT}" y="${middle - 7}" width="${at(width)}" height="14"/>`,
        `<text x="${at(LEFT + width + 6)}" y="${middle + 4}">${figure(value)}</text>`,
      ].join('')
    }),
  ].join('\n')
  return { content, height: HEAD + rows.length * ROW - ROW / 2 }
}

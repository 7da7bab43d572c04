/** docs/benchmarks.md and its charts, made from the results and nothing else. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHAPTERS } from './chapters.mjs'
import { chart } from './chart.mjs'
import { resultsOf } from './results.mjs'
import { table } from './table.mjs'

/** Where the charts stand, seen from docs. */
const IMAGES = 'images/benchmarks'

/**
 * Writes the page.
 *
 * @param {string} root of the project
 */
export function writePage(root) {
  const { text, charts } = page(join(root, 'benchmark', 'results'))
  const images = join(root, 'docs', IMAGES)
  mkdirSync(images, { recursive: true })
  for (const name of readdirSync(images)) if (!charts.has(name)) rmSync(join(images, name))
  for (const [name, content] of charts) writeFileSync(join(images, name), content)
  writeFileSync(join(root, 'docs', 'benchmarks.md'), text)
}

/**
 * The page's text, and the charts by the names of their files.
 *
 * @param {string} folder of the results
 */
export function page(folder) {
  /** @type {Map<string, string>} */
  const charts = new Map()
  const chapters = CHAPTERS.flatMap((chapter) => {
    const parts = resultsOf(folder, chapter.benchmark)
    return Object.keys(parts).length === 0 ? [] : [written(chapter, parts, charts)]
  })
  const text = `# Benchmarks

<!-- Made by \`npm run bench\` from benchmark/results. Do not edit. -->

Every figure and every chart here comes from a file in \`benchmark/results\`, as \`npm run bench\` wrote it. Each rival runs in
processes of its own, in turn with the others; the figures are medians. Take them as ratios: on a shared machine they move by
a tenth and more between runs. Lower is better, unless it is a share of hits. Under each table stands what we set out to reach, also
where we did not.

\`npm run bench NAME\` measures one of them on your machine, \`npm run bench\` all of them (an hour or two), and both write this page anew.

${chapters.join('\n')}`
  return { text, charts }
}

/**
 * @param {import('./chapters.mjs').Chapter} chapter
 * @param {Record<string, import('./results.mjs').Part>} parts
 * @param {Map<string, string>} charts
 */
function written({ benchmark, question, text, charts: wanted }, parts, charts) {
  const sections = Object.entries(parts).map(([name, part]) => {
    const drawn = wanted.filter((each) => each.part === name)
    const images = drawn.map(({ measurements }, index) => {
      const file = `${[benchmark, name, index || '']
        .join(' ')
        .trim()
        .replaceAll(/[^\w]+/g, '-')}.svg`
      const title = name === '' ? benchmark : `${benchmark}: ${name}`
      charts.set(file, chart(file.replace('.svg', ''), title, part, measurements))
      return `![${measurements.join(', ')}: the figures of the table below as bars](${IMAGES}/${file})\n\n`
    })
    const { unit, rounds, node, platform } = part
    const about = `${unit === 'as each row says' ? '' : `${unit[0]?.toUpperCase()}${unit.slice(1)}. `}${rounds === 1 ? 'One process' : `Medians of ${rounds} processes`}, Node ${node.slice(1)}, ${platform}.`
    const bars = part.bars.map(({ met, what }) => `- ${met ? 'met' : '**missed**'}: ${what}`)
    const heading = name === '' ? '' : `### ${name}\n\n`
    return `${heading}${images.join('')}${table(part)}\n\n${about}\n${bars.length > 0 ? `\n${bars.join('\n')}\n` : ''}`
  })
  return `## ${question}\n\n${text} (\`npm run bench ${benchmark}\`)\n\n${sections.join('\n')}`
}

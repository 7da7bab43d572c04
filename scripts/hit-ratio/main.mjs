/** Reads each trace, measures it, and tells the outcome in the forms that were asked for. */
import { writeFileSync } from 'node:fs'
import { Stop } from '../prepare.mjs'
import { svg } from './chart.mjs'
import { title } from './lines.mjs'
import { measure } from './measure.mjs'
import { count } from './numbers.mjs'
import { page } from './page.mjs'
import { Progress } from './progress.mjs'
import { readTrace } from './readers.mjs'
import { json, table } from './table.mjs'

/** @param {import('./options.mjs').Options} options */
export async function hitRatio(options) {
  const progress = new Progress()
  const all = []
  for (const name of options.traces) {
    const trace = await readTrace(name, options, (requests) =>
      progress.show(() => `reading ${title(name)}: ${count(requests)} requests`),
    )
    const total = count(trace.requests.length)
    const measured = measure(trace, options, (what, done) =>
      progress.show(() => `replaying ${title(name)}, ${what}: ${count(done)} of ${total} requests`),
    )
    progress.clear()
    if (!options.json) process.stdout.write(`${all.length > 0 ? '\n' : ''}${table(measured)}\n`)
    all.push(measured)
  }
  if (options.json) process.stdout.write(`${json(all)}\n`)
  if (options.svg !== undefined) write(options.svg, svg(all))
  if (options.html !== undefined) write(options.html, page(all))
}

/**
 * @param {string} file
 * @param {string} text
 */
function write(file, text) {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new Stop(`${file} could not be written: ${/** @type {NodeJS.ErrnoException} */ (error).code}.`)
  }
}

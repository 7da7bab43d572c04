/**
 * Runs all benchmarks, or benchmark/NAME.mts with the arguments that follow, keeps their results in benchmark/results and
 * makes docs/benchmarks.md of them. `list` names them.
 *
 * The modules that benchmarks share begin with an underscore.
 */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { writePage } from './bench-page/page.mjs'
import { main, prepare, root, run, Stop } from './prepare.mjs'

await main(async () => {
  const [name = 'all', ...args] = process.argv.slice(2)
  const known = benchmarks()
  if (name === 'list') return console.log(list(known))
  if (name !== 'all' && !known.has(name)) {
    throw new Stop(`There is no benchmark ${name}; there are:\n${list(known)}`)
  }
  await prepare()
  for (const [each, file] of known) {
    if (name !== 'all' && name !== each) continue
    console.log(`\n== ${each}`)
    const { code } = await run(process.execPath, ['--import', 'tsx', `benchmark/${file}`, '--save', ...args])
    if (code !== 0) throw new Stop(`The benchmark ${each} failed.`, code)
    writePage(root)
  }
})

/** @returns {Map<string, string>} name to file */
function benchmarks() {
  const files = readdirSync(join(root, 'benchmark')).sort()
  const runnable = files.filter((file) => /^[^_].*(?<!\.d)\.m?ts$/.test(file))
  return new Map(runnable.map((file) => [file.replace(/\.m?ts$/, ''), file]))
}

/** @param {Map<string, string>} known */
function list(known) {
  return [...known.keys()].map((name) => `  ${name}`).join('\n')
}

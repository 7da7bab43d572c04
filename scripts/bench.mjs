/**
 * Runs benchmark/NAME.ts (or .mts), with the arguments that follow; `all` runs one after another, no name lists them.
 *
 * The modules that benchmarks share stand in folders of benchmark/ or begin with an underscore.
 */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, prepare, root, run, Stop } from './prepare.mjs'

await main(async () => {
  const [name, ...args] = process.argv.slice(2)
  const known = benchmarks()
  if (name === undefined) {
    console.log(
      known.size > 0 ? `Run one with \`npm run bench NAME\`, or all:\n${list(known)}` : 'There are none yet.',
    )
    return
  }
  if (name !== 'all' && !known.has(name)) {
    throw new Stop(`There is no benchmark ${name}; there are:\n${list(known)}`)
  }
  await prepare()
  for (const [each, file] of known) {
    if (name !== 'all' && name !== each) continue
    if (name === 'all') console.log(`\n== ${each}`)
    const { code } = await run(process.execPath, ['--import', 'tsx', `benchmark/${file}`, ...args])
    if (code !== 0) throw new Stop(`The benchmark ${each} failed.`, code)
  }
})

/** @returns {Map<string, string>} name to file */
function benchmarks() {
  const directory = join(root, 'benchmark')
  const files = existsSync(directory) ? readdirSync(directory).sort() : []
  const runnable = files.filter((file) => /^[^_].*(?<!\.d)\.m?ts$/.test(file))
  return new Map(runnable.map((file) => [file.replace(/\.m?ts$/, ''), file]))
}

/** @param {Map<string, string>} known */
function list(known) {
  return [...known.keys()].map((name) => `  ${name}`).join('\n')
}

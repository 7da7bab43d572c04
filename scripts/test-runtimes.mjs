/**
 * The tests on other runtimes and in other circumstances: the whole suite on each supported Node, the suites for all
 * runtimes on Bun and Deno, and the suites for all runtimes on this Node with compaction forced, with little memory, and with fake
 * timers. Runtimes are fetched from npm into `.runtimes/`. The last lines are a table of what passed and failed.
 *
 * With binaries for other systems in `npm/` (`npm run build:all`) they also run on musl, on 64-bit ARM under qemu-user, and
 * on Windows under wine, each where it is installed; Node for musl comes from PyPI.
 *
 * `--only node24,deno` runs some of them, by the names of the table.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bin, main, prepare, root, Stop } from './prepare.mjs'
import { SUITES } from './runtimes/list.mjs'
import { chosen, commandOf, countSuite, runIt } from './runtimes/use.mjs'

/** @typedef {import('./runtimes/list.mjs').Runtime} Runtime */

await main(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const runtimes = chosen(values.only, ({ foreign }) => {
    const binary = foreign && join(foreign.platform.folder, foreign.platform.file)
    if (binary === undefined || existsSync(join(root, binary))) return undefined
    return `there is no ${binary}, which \`npm run build:all\` makes`
  })
  await prepare()
  const rows = []
  for (const runtime of runtimes) rows.push(...(await test(runtime)))
  console.table(rows)
  if (rows.some(({ failed }) => failed > 0)) throw new Stop('Not everything passed.')
})

/** @param {Runtime} runtime */
async function test(runtime) {
  const { command, first, version } = commandOf(runtime)
  const platform = runtime.foreign?.platform
  const env = {
    ...runtime.env,
    ...(platform && { NAPI_RS_NATIVE_LIBRARY_PATH: join(root, platform.folder, platform.file) }),
  }
  const rows = []
  for (const suite of runtime.suites ? SUITES : ['ava']) {
    console.log(`\n== ${runtime.name}, ${version}: ${suite}`)
    const file = suite === 'ava' ? bin('ava') : join(root, '__test__', 'runtimes', `${suite}.mjs`)
    const { code, stdout } = await runIt(command, [...first, ...(runtime.args ?? []), file], env)
    const [passed, failed] = suite === 'ava' ? countAva(stdout) : countSuite(stdout)
    rows.push({
      runtime: runtime.name,
      version,
      suite,
      passed,
      failed: code !== 0 && failed === 0 ? 1 : failed,
    })
  }
  return rows
}

/** @param {string} output @returns {[passed: number, failed: number]} */
function countAva(output) {
  const count = (/** @type {RegExp} */ line) => output.match(line)?.length ?? 0
  return [count(/^ {2}✔ /gm), count(/^ {2}✘ /gm)]
}

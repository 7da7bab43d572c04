/** Builds what is needed and runs the demo with the arguments passed on; `--help` tells them. */

import { Refusal, readOptions } from '../examples/demo/options.mjs'
import { main, prepare } from './prepare.mjs'

await main(async () => {
  if (needsBuild(process.argv.slice(2))) await prepare()
  // npm runs a script in the project's root, but a file is named from where the user stands.
  if (process.env.npm_lifecycle_event === 'demo' && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
  await import('../examples/demo/main.mjs')
})

/**
 * What the demo answers with its help or a refusal needs no build.
 *
 * @param {readonly string[]} args
 */
function needsBuild(args) {
  try {
    return readOptions(args) !== 'help'
  } catch (error) {
    if (error instanceof Refusal) return false
    throw error
  }
}

/** Builds what is needed and tells the hit ratios that mokapot would have on given traces; `--help` tells the flags. */

import { HELP, readOptions } from './hit-ratio/options.mjs'
import { main, prepare } from './prepare.mjs'

// Who reads with `head` has seen enough.
process.stdout.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

await main(async () => {
  const options = readOptions(process.argv.slice(2))
  if (options === 'help') return console.log(HELP)
  // What a build says would stand before the JSON.
  if (options.json) console.log = console.error
  await prepare()
  // npm runs a script in the project's root, but a file is named from where the user stands.
  if (process.env.npm_lifecycle_event === 'hit-ratio' && process.env.INIT_CWD) {
    process.chdir(process.env.INIT_CWD)
  }
  const { hitRatio } = await import('./hit-ratio/main.mjs')
  await hitRatio(options)
})

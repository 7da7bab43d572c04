/** Builds what is needed and runs the demo; its arguments are passed on. */

import { main, prepare, run, Stop } from './prepare.mjs'

await main(async () => {
  await prepare()
  const { code } = await run(process.execPath, ['examples/demo/main.mjs', ...process.argv.slice(2)])
  if (code !== 0) throw new Stop('The demo failed.', code)
})

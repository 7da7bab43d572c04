/** Does one stress run in this process: `node one.mjs NAME SEED SCALE [strict]`. The exit code tells whether all held. */

import { Broken } from './common.mjs'
import { RUNS } from './runs.mjs'

const [name = '', seed, scale, strict] = process.argv.slice(2)
const { run } = await RUNS[name]()
try {
  await run({
    seed: Number(seed),
    scale: Number(scale),
    strict: strict === 'strict',
    log: (line) => console.log(`  ${line}`),
  })
} catch (error) {
  console.log(error instanceof Broken ? `  broken: ${error.message}` : error)
  // At once: what hangs would keep the process alive.
  process.exit(1)
}

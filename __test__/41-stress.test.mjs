import test from 'ava'
import { RUNS } from '../scripts/stress/runs.mjs'
import { runNode } from './fixtures/run-node.mjs'

// The short form of `npm run stress`, each a process of its own: what must hold always, without bars of time and memory,
// which want a machine of their own.

/** How much of each is done. @type {Record<string, number>} */
const SCALES = {
  terminate: 0.016,
  reload: 0.02,
  exits: 0.05,
  processes: 0.025,
  churn: 0.002,
  hostile: 0.01,
  leak: 0.001,
  flood: 0.04,
  clock: 0.1,
}

for (const name of Object.keys(RUNS)) {
  test.serial(`a short stress run passes: ${name}`, async (t) => {
    const patience = 240_000
    t.timeout(patience + 10_000)
    const seed = Date.now() % 2 ** 31
    const { code, signal, stdout, stderr } = await runNode('../../scripts/stress/one.mjs', {
      args: [name, String(seed), String(SCALES[name])],
      patience,
    })
    const told = `seed ${seed}, ${signal ?? code}\n${stdout}${stderr}`
    t.log(told)
    t.is(code, 0, told)
  })
}

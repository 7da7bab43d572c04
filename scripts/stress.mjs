/**
 * Random trouble for minutes: threads and processes that end at any moment, callbacks that throw and re-enter, keys that
 * collide, and whether memory stays flat. Each run is a process of its own, so that a crash is seen as one.
 *
 * `--only terminate,leak` does some; `--seed N` repeats what was printed; `--scale 0.1` does a tenth of it; `--node FILE`
 * runs another Node, such as one that `npm run test:runtimes` has fetched; `--lenient` reports figures of time and memory
 * without holding them to their bars. What comes after `--` goes to Node.
 */

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { main, prepare, root, Stop } from './prepare.mjs'
import { RUNS } from './stress/runs.mjs'

/** A run that has not ended by then hangs; milliseconds, for the full scale. */
const PATIENCE = 60 * 60_000

await main(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: 'string' },
      seed: { type: 'string' },
      scale: { type: 'string', default: '1' },
      node: { type: 'string', default: process.execPath },
      lenient: { type: 'boolean', default: false },
    },
  })
  const names = values.only?.split(',') ?? Object.keys(RUNS)
  const unknown = names.find((name) => !Object.hasOwn(RUNS, name))
  if (unknown !== undefined)
    throw new Stop(`There is no ${unknown}; there are ${Object.keys(RUNS).join(', ')}.`)
  const seed = number('seed', values.seed ?? String(Date.now() % 2 ** 31), 0)
  const scale = number('scale', values.scale, Number.MIN_VALUE)
  await prepare()
  console.log(`seed ${seed}`)
  const failed = []
  for (const name of names) {
    const { about } = await RUNS[name]()
    console.log(`\n== ${name}: ${about}`)
    const began = performance.now()
    const args = [name, String(seed), String(scale), ...(values.lenient ? [] : ['strict'])]
    const outcome = await runOne(values.node, positionals, args, PATIENCE * Math.max(1, scale))
    if (outcome !== 'passed') failed.push(name)
    console.log(`== ${name}: ${outcome}, ${((performance.now() - began) / 1000).toFixed(1)} s`)
  }
  console.log(`\n${names.length - failed.length} passed, ${failed.length} failed`)
  if (failed.length > 0)
    throw new Stop(`To repeat: npm run stress -- --seed ${seed} --only ${failed.join(',')}`)
})

/**
 * @param {string} name
 * @param {string} text
 * @param {number} least
 */
function number(name, text, least) {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < least) {
    throw new Stop(`--${name} must be a number, got ${text}`)
  }
  return value
}

/**
 * @param {string} node
 * @param {readonly string[]} nodeArgs
 * @param {readonly string[]} args
 * @param {number} patience
 * @returns {Promise<string>} how it ended
 */
function runOne(node, nodeArgs, args, patience) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [...nodeArgs, join(root, 'scripts', 'stress', 'one.mjs'), ...args], {
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout: patience,
      killSignal: 'SIGKILL',
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (signal !== null) resolve(`ended by ${signal}`)
      else resolve(code === 0 ? 'passed' : `failed with ${code}`)
    })
  })
}

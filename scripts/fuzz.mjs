/**
 * Runs the fuzzers of fuzz/, one after the other: `-- --seconds 600` says how long each (60 by default), `-- --runs 1e7`
 * after how many inputs to end before that, `-- store wire` which. What they find is kept in fuzz/artifacts, and run again by `cargo +nightly fuzz run TARGET FILE`.
 */

import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkNightly, step } from './nightly.mjs'
import { checkRust, main, root, Stop } from './prepare.mjs'

/** Those whose code under test has `unsafe` blocks are built with AddressSanitizer; the others run faster without. */
const SANITIZERS = new Map([['store', 'address']])

await main(async () => {
  const { targets, seconds, runs } = readArguments(process.argv.slice(2))
  checkRust()
  checkNightly([])
  if (spawnSync('cargo', ['+nightly', 'fuzz', '--version'], { cwd: root }).status !== 0) {
    throw new Stop('The fuzzers are run by cargo-fuzz: run `cargo install cargo-fuzz`.')
  }
  for (const target of targets) {
    const sanitizer = SANITIZERS.get(target) ?? 'none'
    mkdirSync(join(root, 'fuzz/corpus', target), { recursive: true })
    const options = [`-max_total_time=${seconds}`, `-runs=${runs}`, '-max_len=4096', '-print_final_stats=1']
    const args = [
      '+nightly',
      'fuzz',
      'run',
      '-s',
      sanitizer,
      target,
      `fuzz/corpus/${target}`,
      `fuzz/seeds/${target}`,
    ]
    await step(target, 'cargo', [...args, '--', ...options], { RUSTFLAGS: '--cfg system_allocator' })
  }
})

/** @param {string[]} args */
function readArguments(args) {
  const known = readdirSync(join(root, 'fuzz/targets')).map((file) => file.replace(/\.rs$/, ''))
  const seconds = numberOf('--seconds', args) ?? 60
  const runs = numberOf('--runs', args) ?? -1
  const unknown = args.find((name) => !known.includes(name))
  if (unknown !== undefined) throw new Stop(`There is no fuzzer ${unknown}: known are ${known.join(', ')}.`)
  return { targets: args.length > 0 ? args : known, seconds, runs }
}

/**
 * The number after an option, both of which it takes out of `args`.
 *
 * @param {string} option
 * @param {string[]} args
 */
function numberOf(option, args) {
  const at = args.indexOf(option)
  if (at < 0) return undefined
  const value = Number(args.splice(at, 2)[1])
  if (!(value >= 1)) throw new Stop(`${option} wants a number from 1 on.`)
  return value
}

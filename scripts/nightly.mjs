/**
 * What the checks share that need a nightly Rust: sanitizers, Miri, fuzzers.
 */

import { spawnSync } from 'node:child_process'
import { root, run, Stop } from './prepare.mjs'

/** The only target that all of them know. */
export const TARGET = 'x86_64-unknown-linux-gnu'

/**
 * Looks for a nightly toolchain with the components that are asked for.
 *
 * @param {readonly string[]} components
 */
export function checkNightly(components) {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Stop('This check runs on Linux x64 only.')
  const add = `rustup toolchain install nightly ${components.map((name) => `-c ${name}`).join(' ')}`.trim()
  if (spawnSync('cargo', ['+nightly', '--version'], { cwd: root }).status !== 0) {
    throw new Stop(`This check needs a nightly Rust: run \`${add}\`.`)
  }
}

/**
 * Runs a command with variables added to its environment, and stops when it fails.
 *
 * @param {string} name
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 */
export async function step(name, command, args, env) {
  console.log(`\n== ${name}`)
  Object.assign(process.env, env)
  const { code } = await run(command, args)
  if (code !== 0) throw new Stop(`${name} failed.`, code)
}

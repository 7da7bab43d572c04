/**
 * Builds the addon for every platform on one Linux machine, without Docker, into `npm/`, and checks each. One that fails
 * stops no other; the last lines are a table of what was made and what was not, with the reason.
 *
 * `npm run build:all -- linux-arm64-gnu darwin-arm64` builds some. What is published is built by the workflow, each binary on
 * the system it is for where there is one.
 */

import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { faultsOf } from './binaries/check.mjs'
import { wayFor } from './build-all/targets.mjs'
import { addTarget, prepareTools } from './build-all/tools.mjs'
import { platforms } from './platforms.mjs'
import { main, root, Stop } from './prepare.mjs'

/** @typedef {import('./platforms.mjs').Platform} Platform */

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const unknown = positionals.find((name) => !platforms.some((platform) => platform.name === name))
  if (unknown !== undefined) {
    throw new Stop(
      `There is no platform ${unknown}; there are ${platforms.map(({ name }) => name).join(', ')}.`,
    )
  }
  if (process.platform !== 'linux') throw new Stop('Cross-building is set up for Linux only.')
  const env = { ...process.env, ...(await prepareTools()) }
  const rows = []
  for (const platform of platforms) {
    if (positionals.length > 0 && !positionals.includes(platform.name)) continue
    console.log(`\n== ${platform.name}`)
    const started = performance.now()
    const failed = await build(platform, env).catch((error) => {
      if (error instanceof Stop) return error.message
      throw error
    })
    rows.push({
      platform: platform.name,
      target: wayFor(platform).target,
      bytes: failed === undefined ? statSync(join(root, platform.folder, platform.file)).size : undefined,
      seconds: Math.round((performance.now() - started) / 1000),
      result: failed ?? 'made and checked',
    })
  }
  console.table(rows)
  const notes = new Set(rows.map(({ platform }) => noteOf(platform)).filter((note) => note !== undefined))
  for (const note of notes) console.log(`Windows: ${note}.`)
  const missing = rows.filter(({ bytes }) => bytes === undefined)
  if (missing.length > 0) throw new Stop(`${missing.length} of ${rows.length} binaries were not made.`)
})

/**
 * Builds, checks and puts into place; why it failed is thrown.
 *
 * @param {Platform} platform
 * @param {NodeJS.ProcessEnv} env
 */
async function build(platform, env) {
  const { target, suffix = '', library } = wayFor(platform)
  await addTarget(target)
  // Node-API's functions are found at load, so nothing of Node is linked; --lib leaves out what only tests need. Cargo
  // optimises at link time only where no library for Rust is made beside the addon; without, zig's linkers for macOS and
  // Windows also export, and so keep, every function that this does not make private.
  const kind = ['rustc', '--crate-type=cdylib', '--lib']
  const args = [...kind, '--release', '--locked', '--target', `${target}${suffix}`]
  const { status } = spawnSync('cargo-zigbuild', args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) throw new Stop('cargo failed, see above')
  const built = join(targetFolder(env), target, 'release', library)
  const faults = faultsOf(readFileSync(built), platform)
  if (faults.length > 0) throw new Stop(faults.join('; '))
  // Beside its place and moved: a process that has the old one loaded keeps it.
  const file = join(root, platform.folder, platform.file)
  copyFileSync(built, `${file}.part`)
  renameSync(`${file}.part`, file)
  return undefined
}

/** @param {NodeJS.ProcessEnv} env */
function targetFolder(env) {
  const { stdout } = spawnSync('cargo', ['metadata', '--no-deps', '--format-version=1'], { cwd: root, env })
  return JSON.parse(String(stdout)).target_directory
}

/** @param {string} name */
function noteOf(name) {
  const platform = platforms.find((one) => one.name === name)
  return platform && wayFor(platform).differs
}

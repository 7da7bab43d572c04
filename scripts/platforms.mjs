/**
 * The platforms that have a package with a binary of their own. package.json lists them for the napi command, as Rust
 * targets; this says what npm calls them.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { addonName, root } from './prepare.mjs'

/**
 * @typedef {object} Platform
 * @property {string} name As the generated loader has it: `linux-x64-musl`.
 * @property {string} target As Rust has it: `x86_64-unknown-linux-musl`.
 * @property {'linux' | 'darwin' | 'win32'} os
 * @property {'x64' | 'arm64'} cpu
 * @property {'glibc' | 'musl' | undefined} libc Only Linux has several.
 * @property {string} package
 * @property {string} file Name of the addon.
 * @property {string} folder Where the package lies, from the root.
 */

/** package.json of the main package. */
export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** @type {readonly Platform[]} */
export const platforms = manifest.napi.targets.map(parse)

/** The one that this machine is, if it is one of them. */
export function here() {
  return platforms.find(({ file }) => file === addonName())
}

/**
 * @param {string} target
 * @returns {Platform}
 */
function parse(target) {
  const [machine, vendor, system, abi] = target.split('-')
  const cpu = machine === 'aarch64' ? 'arm64' : 'x64'
  const os = vendor === 'apple' ? 'darwin' : system === 'windows' ? 'win32' : 'linux'
  const name = [os, cpu, ...(abi === undefined ? [] : [abi])].join('-')
  return {
    name,
    target,
    os,
    cpu,
    libc: os === 'linux' ? (abi === 'gnu' ? 'glibc' : 'musl') : undefined,
    package: `${manifest.name}-${name}`,
    file: `${manifest.napi.binaryName}.${name}.node`,
    folder: `npm/${name}`,
  }
}

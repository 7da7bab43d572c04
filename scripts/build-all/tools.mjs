/**
 * What cross-building takes beside Rust: zig, which compiles C and links for any system, and cargo-zigbuild, which has
 * cargo use it. Both come from PyPI into `.cross/` unless they are installed.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { checkRust, root, run, Stop } from '../prepare.mjs'

const FOLDER = join(root, '.cross')

/** Pinned, since a new zig may link otherwise. */
const PACKAGES = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.0']

/**
 * mimalloc learns that threads end from tables that only Microsoft's pragmas fill; it prints its date, against which zig
 * warns, and fails.
 */
const ON_WINDOWS = '-fms-extensions -Wno-date-time'

/**
 * Finds or fetches the tools.
 *
 * @returns {Promise<Record<string, string>>} what a build needs in its environment
 */
export async function prepareTools() {
  checkRust()
  const bin = join(FOLDER, 'venv', 'bin')
  if (!has('cargo-zigbuild') && !existsSync(join(bin, 'cargo-zigbuild'))) {
    console.log(`Fetching ${PACKAGES.join(' and ')} ...`)
    await need('python3', ['-m', 'venv', join(FOLDER, 'venv')])
    await need(join(bin, 'pip'), ['install', '--quiet', ...PACKAGES])
  }
  const headers = emptyHeaders()
  return {
    PATH: [bin, process.env.PATH].join(delimiter),
    LIBNODE_PATH: emptyNodeLibrary(),
    // jemalloc's objects are compiled once and not again for an archive that nothing links, and no includes are listed
    // for later builds in a folder that is thrown away: a third of the runs of zig are left.
    MAKEFLAGS: [process.env.MAKEFLAGS, 'C_OBJS= CC_MM='].filter(Boolean).join(' '),
    // The oldest that Node 20 runs on; zig takes a later one of itself.
    MACOSX_DEPLOYMENT_TARGET: '11.0',
    // Not CFLAGS, which jemalloc's makefile leaves out when it asks what a file includes.
    X86_64_APPLE_DARWIN_CPPFLAGS: headers,
    AARCH64_APPLE_DARWIN_CPPFLAGS: headers,
    CFLAGS_x86_64_pc_windows_gnullvm: ON_WINDOWS,
    CFLAGS_aarch64_pc_windows_gnullvm: ON_WINDOWS,
  }
}

/**
 * Installs the standard library of a target, by rustup where Rust came from it.
 *
 * @param {string} target
 */
export async function addTarget(target) {
  if (!has('rustup')) return
  const { code } = await run('rustup', ['target', 'add', target])
  if (code !== 0) throw new Stop(`rustup has no standard library for ${target}`)
}

/**
 * A folder with an import library of Node that is empty: napi-build asks for one for Windows without Microsoft's tools,
 * although the addon looks all of Node's functions up when it is loaded.
 */
function emptyNodeLibrary() {
  const folder = join(FOLDER, 'libnode')
  mkdirSync(folder, { recursive: true })
  for (const name of ['libnode.dll', 'libnode.a']) writeFileSync(join(folder, name), '!<arch>\n')
  return folder
}

/** The flag for a folder with the header that jemalloc includes and zig's set for macOS lacks; nothing in it is used. */
function emptyHeaders() {
  const folder = join(FOLDER, 'include')
  mkdirSync(join(folder, 'sys'), { recursive: true })
  writeFileSync(join(folder, 'sys', 'syscall.h'), '')
  return `-idirafter ${folder}`
}

/** @param {string} command */
function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
async function need(command, args) {
  const { code } = await run(command, args).catch(() => ({ code: 1 }))
  if (code !== 0)
    throw new Stop(`${command} ${args.join(' ')} failed; cross-building takes python3, venv and PyPI.`)
}

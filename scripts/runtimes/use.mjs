/** Chooses, fetches and runs the runtimes of the list. */

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { isAtLeast, root, Stop } from '../prepare.mjs'
import { MIN_MUSL, NODE_WHEEL, RUNTIMES, STORE } from './list.mjs'
import { completeWine } from './wine.mjs'

/** @typedef {import('./list.mjs').Runtime} Runtime */
/** @typedef {import('./list.mjs').Foreign} Foreign */

/** A suite that has not ended by then hangs; milliseconds. */
const PATIENCE = 30 * 60_000

/**
 * Those of the runtimes that can be had here. What was asked for by name and cannot is an error; else it is said.
 *
 * @param {string | undefined} only Names with commas between them.
 * @param {(runtime: Runtime) => string | undefined} missing What else a runtime lacks.
 */
export function chosen(only, missing = () => undefined) {
  const names = only?.split(',')
  const unknown = names?.find((name) => !RUNTIMES.some((runtime) => runtime.name === name))
  if (unknown !== undefined) {
    throw new Stop(`There is no ${unknown}; there are ${RUNTIMES.map(({ name }) => name).join(', ')}.`)
  }
  return RUNTIMES.filter((runtime) => {
    if (names !== undefined && !names.includes(runtime.name)) return false
    if (isFetched(runtime) && (process.platform !== 'linux' || process.arch !== 'x64')) {
      console.log(`${runtime.name} is fetched for Linux on x64 only, and left out here.`)
      return false
    }
    const reason = missing(runtime) ?? (runtime.foreign && missingFor(runtime.foreign))
    if (reason === undefined) return true
    if (names !== undefined) throw new Stop(`${runtime.name} cannot be tested: ${reason}.`)
    console.log(`${runtime.name} is left out: ${reason}.`)
    return false
  })
}

/**
 * The command that starts a runtime, with the arguments that always come first, and its version.
 *
 * @param {Runtime} runtime
 */
export function commandOf(runtime) {
  const executable = isFetched(runtime) ? fetched(runtime) : process.execPath
  const runner = runtime.foreign?.runner
  const [command, ...first] = runner === undefined ? [executable] : [runner, executable]
  const printed = execFileSync(command, [...first, '--version'], {
    env: { ...process.env, ...runtime.env },
    encoding: 'utf8',
  })
  // Its first start has made wine's folder.
  if (runtime.env?.WINEPREFIX !== undefined) completeWine(runtime.env.WINEPREFIX)
  return { command, first, version: printed.trim().split('\n', 1)[0] ?? '' }
}

/**
 * What is not here that runs the programs of a foreign system.
 *
 * @param {Foreign} foreign
 */
function missingFor({ runner, musl, needs }) {
  if (runner !== undefined && spawnSync(runner, ['--version'], { stdio: 'ignore' }).error) {
    return `it takes ${needs}`
  }
  if (musl === undefined) return undefined
  // A loader that is started alone tells its version, among its errors.
  const [command = musl, ...args] = runner === undefined ? [musl] : [runner, musl]
  const { stderr } = spawnSync(command, args, { encoding: 'utf8' })
  const [, version] = /^Version ([\d.]+)/m.exec(stderr ?? '') ?? []
  return version !== undefined && isAtLeast(version, MIN_MUSL) ? undefined : `it takes ${needs}`
}

/** @param {Runtime} runtime */
function isFetched({ spec, wheel }) {
  return spec !== undefined || wheel !== undefined
}

/**
 * The file of a runtime, fetched if it is not there yet.
 *
 * @param {Runtime} runtime
 */
function fetched({ name, spec, wheel, file = '' }) {
  const directory = join(STORE, name)
  if (existsSync(join(directory, file))) return join(directory, file)
  console.log(`Fetching ${spec ?? `${NODE_WHEEL} for ${wheel}`} ...`)
  // Unpacked beside its place and moved: a fetch that was broken off leaves nothing that looks whole.
  const part = `${directory}.part`
  rmSync(part, { recursive: true, force: true })
  mkdirSync(part, { recursive: true })
  if (spec !== undefined) fetchPackage(spec, part)
  else fetchWheel(String(wheel), part)
  chmodSync(join(part, file), 0o755)
  rmSync(directory, { recursive: true, force: true })
  renameSync(part, directory)
  return join(directory, file)
}

/**
 * @param {string} spec
 * @param {string} folder
 */
function fetchPackage(spec, folder) {
  const packed = execFileSync('npm', ['pack', '--silent', spec], { cwd: folder, encoding: 'utf8' })
  const archive = packed.trim().split('\n').at(-1) ?? ''
  execFileSync('tar', ['xzf', archive, '--strip-components=1'], { cwd: folder })
  rmSync(join(folder, archive))
}

/**
 * @param {string} wheel
 * @param {string} folder
 */
function fetchWheel(wheel, folder) {
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:']
  execFileSync('python3', [...pip, `--platform=${wheel}`, NODE_WHEEL], { cwd: folder, stdio: 'inherit' })
  const archive = readdirSync(folder).find((name) => name.endsWith('.whl')) ?? ''
  execFileSync('python3', ['-m', 'zipfile', '-e', archive, '.'], { cwd: folder })
  rmSync(join(folder, archive))
}

/**
 * Runs a command with its output shown as it comes, or once it is over where it goes through a file: Node under wine cannot
 * write to a pipe.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Record<string, string>} [env]
 * @param {string} [cwd]
 * @returns {Promise<{ code: number, stdout: string }>}
 */
export function runIt(command, args, env, cwd = root) {
  const path = command === 'wine' ? join(STORE, 'output.txt') : undefined
  const file = path === undefined ? undefined : openSync(path, 'w')
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', file ?? 'pipe', file ?? 'inherit'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      stdout += text
      process.stdout.write(text)
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (file !== undefined) closeSync(file)
      if (path !== undefined) {
        stdout = readFileSync(path, 'utf8')
        process.stdout.write(stdout)
      }
      resolve({ code: code ?? 1, stdout: stripVTControlCharacters(stdout) })
    })
  })
}

/** @param {string} output @returns {[passed: number, failed: number]} */
export function countSuite(output) {
  const [, passed = 0, failed = 1] = /^(\d+) passed, (\d+) failed\r?$/m.exec(output) ?? []
  return [Number(passed), Number(failed)]
}

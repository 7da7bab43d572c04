/**
 * What every script needs before it starts: a fit Node, a Rust toolchain, the dependencies, an up-to-date build.
 *
 * Only Node's own modules are imported here, because nothing else is installed yet on a fresh clone.
 */

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

const MIN_NODE = [20, 19]
const MIN_RUST = [1, 88]

/** Ends a script with one sentence and an exit code, no stack trace. */
export class Stop extends Error {
  /**
   * @param {string} message
   * @param {number} [exitCode]
   */
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Runs a script's main function; a Stop becomes its message and exit code.
 *
 * @param {() => Promise<void>} body
 */
export async function main(body) {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof Stop)) throw error
    console.error(error.message)
    process.exitCode = error.exitCode
  }
}

/**
 * Runs a command in the project's root, or in `cwd`, with its output shown as it comes. Resolves with the exit code, and
 * with what the command wrote to its standard output when `capture` is set.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ capture?: boolean, cwd?: string }} [options]
 * @returns {Promise<{ code: number, stdout: string }>}
 */
export function run(command, args, { capture = false, cwd = root } = {}) {
  const env = { ...process.env }
  if (capture && process.stdout.isTTY) {
    // A pipe stands between the command and the terminal, which would otherwise cost the colours.
    env.FORCE_COLOR ??= '1'
    env.CARGO_TERM_COLOR ??= 'always'
  }
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: [capture ? 'ignore' : 'inherit', capture ? 'pipe' : 'inherit', 'inherit'],
    })
    /** @type {Buffer[]} */
    const chunks = []
    child.stdout?.on('data', (/** @type {Buffer} */ chunk) => {
      chunks.push(chunk)
      process.stdout.write(chunk)
    })
    child.on('error', failed)
    // 'close' and not 'exit': the pipe may still hold output when the process is gone.
    child.on('close', (code, signal) => {
      if (signal) console.error(`${command} was ended by ${signal}`)
      done({ code: code ?? 1, stdout: Buffer.concat(chunks).toString() })
    })
  })
}

/**
 * The arguments that run an installed package's command with this very Node, on any system and without a shell.
 *
 * @param {string} packageName
 * @param {string} [command]
 * @returns {string}
 */
export function bin(packageName, command = packageName) {
  const directory = join(root, 'node_modules', packageName)
  const { bin: paths } = readJson(join(directory, 'package.json'))
  return join(directory, typeof paths === 'string' ? paths : paths[command])
}

export function checkNode() {
  if (!isAtLeast(process.versions.node, MIN_NODE)) {
    throw new Stop(`mokapot needs Node ${MIN_NODE.join('.')} or newer, this is ${process.versions.node}.`)
  }
}

/**
 * Looks for Cargo and for those of its components that are asked for.
 *
 * @param {{ components?: readonly ('fmt' | 'clippy')[] }} [options]
 */
export function checkRust({ components = [] } = {}) {
  const version = versionOf(['--version'])
  const wanted = `Rust ${MIN_RUST.join('.')} or newer`
  if (version === undefined) {
    throw new Stop(
      `Building mokapot needs ${wanted}, and no cargo was found: install it from https://rustup.rs, then open a new terminal.`,
    )
  }
  if (!isAtLeast(version, MIN_RUST)) {
    throw new Stop(`Building mokapot needs ${wanted}, this is ${version}: run \`rustup update stable\`.`)
  }
  const missing = components.filter((name) => versionOf([name, '--version']) === undefined)
  if (missing.length > 0) {
    const names = missing.map((name) => (name === 'fmt' ? 'rustfmt' : name)).join(' ')
    throw new Stop(
      `The tests check style with ${names}, which this Rust lacks: run \`rustup component add ${names}\`.`,
    )
  }
}

/**
 * Installs the dependencies, of the project or of a tool that has a package of its own, unless node_modules already is
 * what package-lock.json says.
 *
 * @param {string} [directory]
 */
export async function install(directory = root) {
  if (isInstalled(directory)) return
  console.log('Installing dependencies ...')
  // The log level is set so that `npm --silent` around this script does not hide why an installation failed.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  const { code } = npm?.endsWith('.js')
    ? await run(process.execPath, [npm, ...args], { cwd: directory })
    : await run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, { cwd: directory })
  if (code !== 0) throw new Stop('The dependencies could not be installed.', code)
}

/** Builds the addon if it is missing or older than any of its sources. */
export async function buildNative() {
  const outputs = ['index.js', 'index.d.ts', addonName()]
  if (isCurrent(outputs, ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs', '.cargo'])) return
  checkRust()
  console.log('Building the addon (a release build, about a minute the first time) ...')
  await build(outputs, [bin('@napi-rs/cli', 'napi'), 'build', '--platform', '--release'], 'The addon')
}

/** Compiles lib/ to dist/ if dist/ is missing or older than any of its sources. */
export async function buildTypeScript() {
  const outputs = ['dist/index.js', 'dist/index.d.ts', 'dist/index.mjs', 'dist/index.d.mts']
  if (isCurrent(outputs, ['lib', 'tsconfig.json'])) return
  console.log('Building dist/ ...')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  await build(outputs, [bin('typescript', 'tsc')], 'lib/')
}

/** Everything that using the package from a checkout takes. */
export async function prepare() {
  checkNode()
  await install()
  await buildNative()
  await buildTypeScript()
}

/**
 * @param {readonly string[]} outputs
 * @param {readonly string[]} args
 * @param {string} what
 */
async function build(outputs, args, what) {
  const started = new Date()
  const { code } = await run(process.execPath, args)
  if (code !== 0) throw new Stop(`${what} did not build.`, code)
  for (const output of outputs) {
    const path = join(root, output)
    if (!existsSync(path)) throw new Stop(`${what} did not build: there is no ${output}.`)
    // As old as the sources it was made from: what was edited during the build is newer and builds again.
    utimesSync(path, started, started)
  }
}

/**
 * @param {readonly string[]} outputs
 * @param {readonly string[]} inputs
 */
function isCurrent(outputs, inputs) {
  const made = outputs.map((output) => join(root, output))
  if (!made.every((path) => existsSync(path))) return false
  const oldest = Math.min(...made.map((path) => statSync(path).mtimeMs))
  return inputs.every((input) => newest(join(root, input)) <= oldest)
}

/**
 * The latest change in a file or a tree; a directory counts too, since its time moves when a file in it is deleted.
 *
 * @param {string} path
 * @returns {number}
 */
function newest(path) {
  if (!existsSync(path)) return 0
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

/** The file that the generated loader looks for on this machine. */
export function addonName() {
  const abi =
    process.platform === 'linux'
      ? isGlibc()
        ? '-gnu'
        : '-musl'
      : process.platform === 'win32'
        ? '-msvc'
        : ''
  return `mokapot.${process.platform}-${process.arch}${abi}.node`
}

function isGlibc() {
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report.getReport())
  return report.header?.glibcVersionRuntime !== undefined
}

/** @param {string} directory */
function isInstalled(directory) {
  // npm notes in this file what it has put into node_modules.
  const note = join(directory, 'node_modules', '.package-lock.json')
  if (!existsSync(note)) return false
  const wanted = packagesOf(join(directory, 'package-lock.json'))
  const present = packagesOf(note)
  return (
    Object.keys(present).every((path) => present[path]?.version === wanted[path]?.version) &&
    Object.keys(wanted).every((path) => path === '' || path in present || wanted[path]?.optional)
  )
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesOf(path) {
  return readJson(path).packages ?? {}
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** @param {readonly string[]} args */
function versionOf(args) {
  const { status, stdout } = spawnSync('cargo', args, { cwd: root, encoding: 'utf8' })
  return status === 0 ? (/\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '') : undefined
}

/**
 * @param {string} version
 * @param {readonly number[]} minimum
 */
export function isAtLeast(version, minimum) {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10))
  for (const [index, least] of minimum.entries()) {
    const part = parts[index] ?? 0
    if (part !== least) return part > least
  }
  return true
}

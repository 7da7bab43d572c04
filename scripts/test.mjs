/**
 * All checks, from style to workers. Stops at the first that fails, with its exit code; the last line is always the
 * count, `N passed, N failed`, in which a failed step without tests of its own counts as one.
 */

import { performance } from 'node:perf_hooks'
import { stripVTControlCharacters } from 'node:util'
import { checkReference } from './docs.mjs'
import { lintWorkflows } from './lint-workflows.mjs'
import { bin, buildNative, buildTypeScript, checkNode, checkRust, install, run, Stop } from './prepare.mjs'

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Promise<void>} act Throws if the step fails.
 */

// With the profile of the tests, so that what both build is built once.
const clippy = ['clippy', '--all-targets', '--profile', 'test']
const denyWarnings = ['--', '-D', 'warnings']

/** @type {readonly Step[]} */
const steps = [
  { name: 'prerequisites', act: prerequisites },
  { name: 'cargo fmt', act: () => cargo('fmt', '--check') },
  { name: 'clippy, engine alone', act: () => cargo(...clippy, '--no-default-features', ...denyWarnings) },
  { name: 'clippy', act: () => cargo(...clippy, ...denyWarnings) },
  { name: 'biome', act: () => node('@biomejs/biome', 'biome', 'ci', '--error-on-warnings') },
  { name: 'actionlint', act: () => withTool('actionlint', lintWorkflows) },
  { name: 'build', act: build },
  { name: 'types of lib', act: () => node('typescript', 'tsc', '--noEmit') },
  { name: 'types of the rest', act: () => node('typescript', 'tsc', '-p', 'tsconfig.check.json') },
  { name: 'types as users meet them', act: typesOfUsers },
  { name: 'API reference', act: () => withTool('TypeDoc', checkReference) },
  { name: 'cargo test', act: cargoTest },
  { name: 'ava', act: ava },
]

/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 }

try {
  for (const step of steps) await runStep(step)
  if (total.passed + total.failed === 0) {
    total.failed = 1
    throw new Stop('Not a single test ran.')
  }
} catch (error) {
  console.error(error instanceof Stop ? `\n${error.message}` : error)
  process.exitCode = error instanceof Stop ? error.exitCode : 1
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : ''
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`)

/** @param {Step} step */
async function runStep({ name, act }) {
  console.log(`\n== ${name}`)
  const started = performance.now()
  const failedBefore = total.failed
  try {
    await act()
  } catch (error) {
    if (total.failed === failedBefore) total.failed += 1
    throw error
  } finally {
    console.log(`== ${name}: ${((performance.now() - started) / 1000).toFixed(1)} s`)
  }
}

async function prerequisites() {
  checkNode()
  checkRust({ components: ['fmt', 'clippy'] })
  await install()
}

async function build() {
  await buildNative()
  await buildTypeScript()
}

/** @param {readonly string[]} args */
async function cargo(...args) {
  check(`cargo ${args[0]}`, (await run('cargo', args)).code)
}

/**
 * @param {string} packageName
 * @param {string} command
 * @param {readonly string[]} args
 */
async function node(packageName, command, ...args) {
  check(command, (await run(process.execPath, [bin(packageName, command), ...args])).code)
}

/**
 * A check with a tool that a machine may lack and not be able to fetch: that is a test less, which the last line tells too.
 *
 * @param {string} tool
 * @param {() => Promise<boolean>} act Answers whether there was the tool; throws for what it found.
 */
async function withTool(tool, act) {
  if (await act()) {
    total.passed += 1
    return
  }
  total.skipped += 1
  console.log(`SKIPPED: there is no ${tool} here, and it could not be fetched.`)
}

/** What compiles, and what must not, for those who use the package: over dist/, as Node and as bundlers resolve it. */
async function typesOfUsers() {
  for (const resolution of ['node16', 'bundler'])
    await node('typescript', 'tsc', '-p', `__test__/types/tsconfig.${resolution}.json`)
}

/** The engine's own tests, with no Node in sight. */
async function cargoTest() {
  // Without --no-fail-fast a failure in one test binary would keep the others from being run and counted.
  const { code, stdout } = await run('cargo', ['test', '--no-default-features', '--no-fail-fast'], {
    capture: true,
  })
  finish('cargo test', code, countCargo(stdout))
}

async function ava() {
  const { code, stdout } = await run(process.execPath, [bin('ava')], { capture: true })
  finish('ava', code, countAva(stdout))
}

/**
 * Sums the line with which every test binary ends: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
 *
 * @param {string} output
 * @returns {Counts}
 */
function countCargo(output) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  const result = /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;/gm
  for (const [, passed, failed, ignored] of stripVTControlCharacters(output).matchAll(result)) {
    counts.passed += Number(passed)
    counts.failed += Number(failed)
    counts.skipped += Number(ignored)
  }
  return counts
}

/**
 * Reads the summary below AVA's last rule, lines such as `1 test failed` or `1 uncaught exception`. What it leaves out
 * stands above the rule: the ticks of the tests that passed beside a failure, and the files that crashed.
 *
 * @param {string} output
 * @returns {Counts}
 */
function countAva(output) {
  const plain = stripVTControlCharacters(output)
  const summary = plain.slice(plain.lastIndexOf('\n  ─'))
  const counts = {
    passed: matches(plain, /^ {2}[✔√] /gm),
    failed: matches(plain, /^ {2}[✘×] .+ exited due to \w+$/gm),
    skipped: 0,
  }
  for (const [, number, what = ''] of summary.matchAll(/^ {2}(\d+) (.+)$/gm)) {
    if (/^tests? (skipped|todo)/.test(what)) counts.skipped += Number(number)
    else if (/^(tests? failed|uncaught|unhandled)/.test(what)) counts.failed += Number(number)
  }
  return counts
}

/**
 * @param {string} text
 * @param {RegExp} pattern
 */
function matches(text, pattern) {
  return text.match(pattern)?.length ?? 0
}

/**
 * Takes a test run into the total before its exit code is judged.
 *
 * @param {string} name
 * @param {number} code
 * @param {Counts} counts
 */
function finish(name, code, counts) {
  total.passed += counts.passed
  total.failed += counts.failed
  total.skipped += counts.skipped
  check(name, code)
  if (counts.failed > 0) throw new Stop(`${name} reported failures.`)
}

/**
 * @param {string} name
 * @param {number} code
 */
function check(name, code) {
  if (code !== 0) throw new Stop(`${name} failed with exit code ${code}.`, code)
}

/**
 * What loading the package takes in a process that has loaded nothing else, beside lru-cache: with `import` and with
 * `require`, each in fresh Node processes without a TypeScript loader in the way. mokapot is loaded from the tarballs that
 * are published. The files are in the system's cache.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { binaryHere, pack } from '../scripts/pack.mjs'
import { type Bar, benchmark, type Figures, median } from './_harness.mjs'

/** How many processes each figure of a round is the median of. */
const PROCESSES = 5

const root = fileURLToPath(new URL('..', import.meta.url))

/** A folder whose node_modules has both: made by the first process, inherited by those it starts. */
process.env.MOKAPOT_IMPORT_PROJECT ??= makeProject()
const project = process.env.MOKAPOT_IMPORT_PROJECT

function makeProject(): string {
  const made = mkdtempSync(join(tmpdir(), 'mokapot-import-'))
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  const modules = join(made, 'node_modules')
  for (const tarball of pack(binaryHere(), made)) {
    const folder = join(modules, basename(tarball).replace(/-\d.*$/, ''))
    mkdirSync(folder, { recursive: true })
    execFileSync('tar', ['xzf', tarball, '-C', folder, '--strip-components=1'])
  }
  symlinkSync(join(root, 'node_modules', 'lru-cache'), join(modules, 'lru-cache'), 'junction')
  return made
}

/** The ways to load a package: what a process runs that prints how many nanoseconds it took. */
const WAYS: Record<string, (name: string) => string[]> = {
  import: (name) => [
    '--input-type=module',
    '-e',
    `const start = process.hrtime.bigint(); await import('${name}'); console.log(String(process.hrtime.bigint() - start))`,
  ],
  require: (name) => [
    '--input-type=commonjs',
    '-e',
    `const start = process.hrtime.bigint(); require('${name}'); console.log(String(process.hrtime.bigint() - start))`,
  ],
}

function measure(name: string): Figures {
  const { NODE_OPTIONS: _, ...env } = process.env
  return Object.fromEntries(
    Object.entries(WAYS).map(([way, code]) => {
      const times = Array.from({ length: PROCESSES }, () =>
        Number(execFileSync(process.execPath, code(name), { cwd: project, env, encoding: 'utf8' })),
      )
      return [way, median(times)]
    }),
  )
}

const BARS: Bar[] = Object.keys(WAYS).map((measurement) => ({
  measurement,
  rival: 'mokapot',
  against: 'lru-cache',
  times: 1.5,
}))

await benchmark(
  fileURLToPath(import.meta.url),
  { mokapot: () => measure('mokapot'), 'lru-cache': () => measure('lru-cache') },
  BARS,
)

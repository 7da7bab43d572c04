/**
 * What loading the package takes in a process that has loaded nothing else, beside lru-cache: with `import` and with
 * `require`, each in fresh Node processes without a TypeScript loader in the way. The files are in the system's cache.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Bar, benchmark, type Figures, median } from './_harness.mjs'

/** How many processes each figure of a round is the median of. */
const PROCESSES = 5

const root = fileURLToPath(new URL('..', import.meta.url))

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
        Number(execFileSync(process.execPath, code(name), { cwd: root, env, encoding: 'utf8' })),
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

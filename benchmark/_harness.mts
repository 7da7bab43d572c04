/**
 * The harness of all benchmarks: each rival in processes of its own, several of each, in turn; medians; a table.
 *
 * A benchmark file calls `benchmark` with its rivals. Run as it is, it starts itself once for each rival and round with
 * the rival's name as argument; so started, it measures that rival alone and prints its figures as JSON.
 */
import { spawnSync } from 'node:child_process'

/** Figures of one process: nanoseconds an operation, by the name of what was measured. */
export type Figures = Record<string, number>

/** Something to measure, in a process of its own. */
export type Rival = () => Figures | Promise<Figures>

/** How long one measurement runs, in milliseconds. */
const SPAN = 300

/** How many processes each rival gets unless `--rounds` says otherwise. */
const ROUNDS = 5

/**
 * Nanoseconds that one call of `operation` takes, called with 0, 1, 2, … so often that it takes {@link SPAN}; the best of
 * three such runs after a warm-up, since what disturbs a run only ever makes it longer.
 */
export function nanoseconds(operation: (index: number) => unknown): number {
  const batch = 10_000
  const run = (span: number): number => {
    const start = process.hrtime.bigint()
    let count = 0
    let spent = 0
    while (spent < span * 1e6) {
      for (let i = 0; i < batch; i++) sink = operation(count + i)
      count += batch
      spent = Number(process.hrtime.bigint() - start)
    }
    return spent / count
  }
  run(SPAN / 2)
  return Math.min(run(SPAN / 3), run(SPAN / 3), run(SPAN / 3))
}

/** Keeps the results of what is measured, so that none of it can be left out. */
export let sink: unknown

/** Measures all rivals and prints a table of medians, each also as a multiple of the first rival named in `base`. */
export async function benchmark(
  file: string,
  rivals: Record<string, Rival>,
  base: Record<string, string>,
): Promise<void> {
  const chosen = process.argv.indexOf('--rival')
  if (chosen !== -1) {
    const rival = rivals[process.argv[chosen + 1] ?? '']
    if (rival === undefined) throw new Error(`no such rival: ${process.argv[chosen + 1]}`)
    process.stdout.write(JSON.stringify(await rival()))
    return
  }
  const at = process.argv.indexOf('--rounds')
  const rounds = at === -1 ? ROUNDS : Number(process.argv[at + 1])
  const runs = new Map<string, Figures[]>(Object.keys(rivals).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, figures] of runs) {
      process.stderr.write(`\rround ${round + 1} of ${rounds}: ${name.padEnd(24)}`)
      figures.push(runAlone(file, name))
    }
  }
  process.stderr.write('\r'.padEnd(60) + '\r')
  printTable(new Map([...runs].map(([name, figures]) => [name, medians(figures)])), base, rounds)
}

function runAlone(file: string, rival: string): Figures {
  const args = ['--expose-gc', '--import', 'tsx', file, '--rival', rival]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${rival} failed: ${stderr}`)
  return JSON.parse(stdout)
}

function medians(runs: Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] as number))]))
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

/** One row a measurement, one column a rival; the ratio is to the rival that `base` names for the row. */
function printTable(rivals: Map<string, Figures>, base: Record<string, string>, rounds: number): void {
  console.log(`ns an operation, medians of ${rounds} processes, Node ${process.version}`)
  for (const name of new Set([...rivals.values()].flatMap(Object.keys))) {
    const against = rivals.get(base[name] ?? '')?.[name]
    console.log(`\n${name}`)
    for (const [rival, figures] of rivals) {
      const figure = figures[name]
      if (figure === undefined) continue
      const ratio = against === undefined ? '' : `${(figure / against).toFixed(2)} x ${base[name]}`
      console.log(`  ${rival.padEnd(20)} ${figure.toFixed(0).padStart(8)}   ${ratio}`)
    }
  }
}

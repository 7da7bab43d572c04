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

/** How long one measurement runs, in milliseconds: after a warm-up, in how many runs. */
const WARM_UP = 150
const RUN = 25
const RUNS = 12

/** How many processes each rival gets unless `--rounds` says otherwise. */
const ROUNDS = 5

/**
 * Nanoseconds that one call of `operation` takes, called with 0, 1, 2, …; the best of {@link RUNS} runs after
 * a warm-up, since what disturbs a run only ever makes it longer.
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
  run(WARM_UP)
  return Math.min(...Array.from({ length: RUNS }, () => run(RUN)))
}

/**
 * As {@link nanoseconds}, for operations that end later: `batch` starts `count` of them from `first` on and resolves when
 * all have ended. How many there are is bounded by `batches`, since what waits for another process may take its time.
 */
export async function nanosecondsAwaited(
  batch: (first: number, count: number) => Promise<unknown>,
  count: number,
  batches: number,
): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i <= batches; i++) {
    const start = process.hrtime.bigint()
    await batch(i * count, count)
    const spent = Number(process.hrtime.bigint() - start)
    if (i > 0) best = Math.min(best, spent / count) // the first warms up
  }
  return best
}

/** Keeps the results of what is measured, so that none of it can be left out. */
export let sink: unknown

/** How a measurement is to come out: `rival` takes at most so many times what `against` takes, or so many ns more. */
export interface Bar {
  measurement: string
  rival: string
  against: string
  times?: number
  more?: number
}

/**
 * Measures all rivals and prints a table of medians, and after it whether the bars are met. `args` go to their processes,
 * for a file that has several tables.
 */
export async function benchmark(
  file: string,
  rivals: Record<string, Rival>,
  bars: readonly Bar[] = [],
  args: readonly string[] = [],
): Promise<void> {
  const chosen = argument('--rival')
  if (chosen !== undefined) {
    const rival = rivals[chosen]
    if (rival === undefined) throw new Error(`no such rival: ${chosen}`)
    process.stdout.write(JSON.stringify(await rival()))
    return
  }
  const { results, rounds } = measureAll(file, Object.keys(rivals), args)
  console.log(`ns an operation, medians of ${rounds} processes, Node ${process.version}`)
  printTable(results)
  for (const bar of bars) printBar(results, bar)
}

/** The medians of each rival, measured in turn in processes of its own. */
function measureAll(
  file: string,
  names: string[],
  args: readonly string[],
): { results: Map<string, Figures>; rounds: number } {
  const rounds = Number(argument('--rounds') ?? ROUNDS)
  const runs = new Map<string, Figures[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, figures] of runs) {
      process.stderr.write(`\rround ${round + 1} of ${rounds}: ${name.padEnd(24)}`)
      figures.push(runAlone(file, name, args))
    }
  }
  process.stderr.write(`${'\r'.padEnd(60)}\r`)
  return { results: new Map([...runs].map(([name, figures]) => [name, medians(figures)])), rounds }
}

/** The value that follows an option on the command line. */
export function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}

function runAlone(file: string, rival: string, args: readonly string[]): Figures {
  const all = ['--expose-gc', '--import', 'tsx', file, '--rival', rival, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${rival} failed: ${stderr}`)
  return JSON.parse(stdout)
}

export function medians(runs: Figures[]): Figures {
  const names = Object.keys(runs[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(runs.map((run) => run[name] as number))]))
}

export function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] as number
}

/** One row a measurement, one line a rival. */
function printTable(rivals: Map<string, Figures>): void {
  for (const name of new Set([...rivals.values()].flatMap(Object.keys))) {
    console.log(`\n${name}`)
    for (const [rival, { [name]: figure }] of rivals) {
      if (figure !== undefined) console.log(`  ${rival.padEnd(22)} ${figure.toFixed(0).padStart(8)}`)
    }
  }
  console.log()
}

/** Whether a bar is met; nothing where one of the two was not measured. */
function printBar(rivals: Map<string, Figures>, { measurement, rival, against, times, more }: Bar): void {
  const own = rivals.get(rival)?.[measurement]
  const other = rivals.get(against)?.[measurement]
  if (own === undefined || other === undefined) return
  const print = (met: boolean, how: string): void =>
    console.log(`${met ? 'met   ' : 'MISSED'} ${measurement}: ${rival} ${how}`)
  if (times !== undefined) {
    const digits = times < 0.1 ? 4 : 2
    const ratio = `${(own / other).toFixed(digits)} x ${against}, bar ${times.toFixed(digits)}`
    print(own / other <= times, ratio)
  }
  if (more !== undefined) {
    print(own - other <= more, `${(own - other).toFixed(0)} ns over ${against}, bar ${more}`)
  }
}

/**
 * The harness of all benchmarks: each rival in processes of its own, several of each, in turn; medians; a table.
 *
 * A benchmark file calls `benchmark` with its rivals. Run as it is, it starts itself once for each rival and round with
 * the rival's name as argument; so started, it measures that rival alone and prints its figures as JSON.
 */
import { spawnSync } from 'node:child_process'
import { type Figures, type Outcome, save } from './_results.mjs'

export type { Figures } from './_results.mjs'

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

/** As {@link nanosecondsAwaited}, for an operation that is awaited before the next begins: five batches of 2,000. */
export function oneByOne(operation: (index: number) => Promise<unknown>): Promise<number> {
  const batch = async (first: number, count: number): Promise<void> => {
    for (let i = first; i < first + count; i++) await operation(i)
  }
  return nanosecondsAwaited(batch, 2000, 5)
}

/** Keeps the results of what is measured, so that none of it can be left out. */
export let sink: unknown

/** How a measurement is to come out: `rival` has at most so many times what `against` has, or so many ns more, or so many. */
export type Bar = { measurement: string; rival: string } & (
  | { against: string; times: number }
  | { against: string; more: number }
  | { most: number }
)

/** What else a benchmark says of itself. */
export interface About {
  /** What the figures count. */
  unit?: string
  /** Arguments for its processes, for a file that has several tables. */
  args?: readonly string[]
  /** The name of the table, where there are several. */
  part?: string
  /** Flags for Node. */
  flags?: readonly string[]
  /** How many processes each rival gets unless `--rounds` says otherwise. */
  rounds?: number
  /** Adds figures that follow from those of several rivals. */
  derive?: (results: Map<string, Figures>) => void
}

/** Measures all rivals and prints a table of medians, and after it whether the bars are met. */
export async function benchmark(
  file: string,
  rivals: Record<string, Rival>,
  bars: readonly Bar[] = [],
  { unit = 'ns an operation', args = [], part = '', flags = [], rounds: usual = ROUNDS, derive }: About = {},
): Promise<void> {
  const chosen = argument('--rival')
  if (chosen !== undefined) {
    const rival = rivals[chosen]
    if (rival === undefined) throw new Error(`no such rival: ${chosen}`)
    process.stdout.write(JSON.stringify(await rival()))
    return
  }
  const rounds = Number(argument('--rounds') ?? usual)
  const runs = measureAll(file, Object.keys(rivals), rounds, args, flags)
  const results = new Map([...runs].map(([name, figures]) => [name, medians(figures)]))
  derive?.(results)
  console.log(`${unit}, medians of ${rounds} processes, Node ${process.version}`)
  printTable(results)
  const outcomes = bars.flatMap((bar) => outcomeOf(results, bar))
  printOutcomes(outcomes)
  save(file, part, { unit, rounds, figures: Object.fromEntries(results), bars: outcomes })
}

/** The figures of each rival, measured in turn in processes of its own. */
function measureAll(
  file: string,
  names: string[],
  rounds: number,
  args: readonly string[],
  flags: readonly string[],
): Map<string, Figures[]> {
  const runs = new Map<string, Figures[]>(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, figures] of runs) {
      process.stderr.write(`\rround ${round + 1} of ${rounds}: ${name.padEnd(24)}`)
      figures.push(runAlone(file, ['--rival', name, ...args], flags))
    }
  }
  process.stderr.write(`${'\r'.padEnd(60)}\r`)
  return runs
}

/** The value that follows an option on the command line. */
export function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name)
  return at === -1 ? undefined : process.argv[at + 1]
}

/** The figures that a benchmark file prints as JSON when it is run with these arguments, in a process of its own. */
export function runAlone(file: string, args: readonly string[], flags: readonly string[] = []): Figures {
  const all = ['--expose-gc', ...flags, '--import', 'tsx', file, ...args]
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, all, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} failed (${signal ?? status}): ${stderr}`)
  return JSON.parse(stdout)
}

/** The medians of each figure. */
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
      if (figure !== undefined) console.log(`  ${rival.padEnd(26)} ${printed(figure).padStart(9)}`)
    }
  }
  console.log()
}

/** A figure with as many digits as tell something. */
function printed(figure: number): string {
  return figure.toFixed(figure === 0 || figure >= 100 ? 0 : figure >= 10 ? 1 : 2)
}

/** Whether a bar is met; nothing where one of the two was not measured. */
function outcomeOf(rivals: Map<string, Figures>, bar: Bar): Outcome[] {
  const { measurement, rival } = bar
  const own = rivals.get(rival)?.[measurement]
  if (own === undefined) return []
  const outcome = (met: boolean, how: string): Outcome[] => [{ met, what: `${measurement}: ${rival} ${how}` }]
  if ('most' in bar) return outcome(own <= bar.most, `${printed(own)}, bar ${bar.most}`)
  const { against } = bar
  const other = rivals.get(against)?.[measurement]
  if (other === undefined) return []
  if ('more' in bar) {
    return outcome(own - other <= bar.more, `${(own - other).toFixed(0)} ns over ${against}, bar ${bar.more}`)
  }
  const { times } = bar
  const digits = times < 0.1 ? 4 : 2
  const how = `${(own / other).toFixed(digits)} x ${against}, bar ${times.toFixed(digits)}`
  return outcome(own / other <= times, how)
}

/** One line for each bar. */
export function printOutcomes(outcomes: readonly Outcome[]): void {
  for (const { met, what } of outcomes) console.log(`${met ? 'met   ' : 'MISSED'} ${what}`)
}

/**
 * The results that are kept: one JSON file a benchmark in benchmark/results, from which scripts/bench-page makes
 * docs/benchmarks.md and its charts.
 *
 * They are kept where `--save` is given, as `npm run bench` does. A run of one part leaves the other parts as they were.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Figures of one process, by the name of what was measured. */
export type Figures = Record<string, number>

/** Whether a bar was met. */
export interface Outcome {
  met: boolean
  what: string
}

/** One table. */
export interface Part {
  /** What the figures count. */
  unit: string
  /** Of how many processes each figure is the median. */
  rounds: number
  /** By rival, by measurement. */
  figures: Record<string, Figures>
  bars: Outcome[]
}

/** A part of a file: each may come from another run. */
interface Kept extends Part {
  node: string
  platform: string
}

const FOLDER = fileURLToPath(new URL('results', import.meta.url))

/** Keeps a table under the benchmark's name, if that is wanted. */
export function save(file: string, part: string, table: Part): void {
  if (!process.argv.includes('--save')) return
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${basename(file).replace(/\.m?ts$/, '')}.json`)
  const parts: Record<string, Kept> = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  const platform = `${process.platform} ${process.arch}, ${cpus().length} processors, ${Math.round(totalmem() / 2 ** 30)} GiB`
  parts[part] = { node: process.version, platform, ...rounded(table) }
  writeFileSync(path, `${JSON.stringify(parts, null, 2)}\n`)
}

/** Four digits are more than a figure is worth. */
function rounded(table: Part): Part {
  const figures = Object.entries(table.figures).map(([rival, each]) => [
    rival,
    Object.fromEntries(Object.entries(each).map(([name, figure]) => [name, Number(figure.toPrecision(4))])),
  ])
  return { ...table, figures: Object.fromEntries(figures) }
}

/** The outcome of the rounds, as a table and in words. */

/** @typedef {import('./round.mjs').Result & { title: string }} Round */

/** Ratios within this of one another are told as the same: two runs differ by as much. */
const NOISE = 0.05

/** With fewer requests the 99th percentile is a matter of the one or two slowest. */
const ENOUGH = 1_000

/**
 * @param {readonly Round[]} rounds
 * @param {number} limit
 */
export function table(rounds, limit) {
  /** @type {[string, (round: Round) => string][]} */
  const rows = [
    ['', ({ title }) => title],
    ['requests', ({ requests }) => count(requests)],
    ['cache hits', ({ hits }) => count(hits)],
    ['renders', ({ renders }) => count(renders)],
    ['hit ratio', ({ hits, requests }) => percent(hits / requests)],
    ['HTML rendered', ({ renderedBytes }) => size(renderedBytes)],
    ['latency, p50', ({ p50 }) => milliseconds(p50)],
    ['latency, p99', ({ p99 }) => milliseconds(p99)],
    ['time for all requests', ({ seconds }) => `${seconds.toFixed(1)} s`],
    ['CPU time of all threads', ({ cpuSeconds }) => `${cpuSeconds.toFixed(1)} s`],
    [`bytes held, of ${count(limit)} ¹`, ({ bytes }) => count(bytes)],
    ['pages held (distinct)', ({ entries, distinct }) => `${count(entries)} (${count(distinct)})`],
    ["workers' heaps and buffers ²", ({ v8Bytes }) => size(v8Bytes)],
    ['RSS of the process (before) ²', ({ rss, rssBefore }) => `${size(rss)} (${size(rssBefore)})`],
  ]
  const cells = rows.map(([name, cell]) => [name, ...rounds.map(cell)])
  const widths = [0, ...rounds].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column] + 3)))
      .join('')
      .trimEnd(),
  )
  lines.splice(1, 0, '-'.repeat(widths.reduce((sum, width) => sum + width + 3, -3)))
  return `${lines.join('\n')}

¹ as each cache counts: lru-cache here HTML and key, SharedCache its own overhead per entry too
² after a forced garbage collection in every thread; most of the RSS is Node with three threads`
}

/**
 * What the numbers say, whichever side they favour.
 *
 * @param {readonly Round[]} rounds the first is what the second is compared with
 */
export function summary([first, second]) {
  const ratios = `${percent(second.hits / second.requests)} against ${percent(first.hits / first.requests)}`
  const renders = `${capitalised(second.title)} rendered ${rendersAgainst(first, second)}, a hit ratio of ${ratios}.`
  const times =
    second.requests < ENOUGH
      ? 'So few requests say little about time.'
      : `Its requests took ${change(first.p50, second.p50)} at the median and ` +
        `${change(first.p99, second.p99)} at the 99th percentile, and ${change(first.cpuSeconds, second.cpuSeconds, 'CPU time')} in all.`
  return `${renders}\n${times}`
}

/**
 * @param {Round} first
 * @param {Round} second
 */
function rendersAgainst(first, second) {
  const saved = first.renders - second.renders
  if (saved === 0) return `exactly as often as ${first.title}`
  const part = percent(Math.abs(saved) / first.renders)
  return `${count(second.renders)} times instead of ${count(first.renders)} (${part} ${saved > 0 ? 'less' : 'more'})`
}

/**
 * @param {number} before
 * @param {number} after
 * @param {string} [what]
 */
function change(before, after, what = 'time') {
  const ratio = after / before
  if (Math.abs(ratio - 1) <= NOISE) return `about the same ${what}`
  return ratio < 1 ? `${percent(1 - ratio)} less ${what}` : `${percent(ratio - 1)} more ${what}`
}

/** @param {string} text */
function capitalised(text) {
  return text[0].toUpperCase() + text.slice(1)
}

/** @param {number} value */
export function count(value) {
  return value.toLocaleString('en-US')
}

/** @param {number} bytes */
export function size(bytes) {
  const mebibytes = bytes / 2 ** 20
  return mebibytes >= 1 ? `${mebibytes.toFixed(1)} MiB` : `${(bytes / 1024).toFixed(1)} KiB`
}

/** @param {number} part */
function percent(part) {
  return `${(part * 100).toFixed(1)} %`
}

/** @param {number} value */
function milliseconds(value) {
  return `${value.toFixed(2)} ms`
}

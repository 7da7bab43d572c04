/**
 * The worst single call through what ends a million entries at once: clear, mass expiry and close.
 *
 * Each case runs in processes of its own. Before the event and after it, gets and sets are timed one by one; the event's
 * own call counts too. After `close` the calls go to another cache. What is found before the event is what the machine
 * and the garbage collector do by themselves.
 *
 * Options: --entries N (1,000,000), --rounds N (3), --case NAME (part of a case's name).
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type Policy, SharedCache } from '../dist/index.js'
import { advance } from '../dist/testing.js'
import { argument, type Figures, medians } from './_harness.mjs'

/** The worst single call that is good enough, in milliseconds. */
const BAR = 20
/** How long calls are timed before the event, and after it, in milliseconds. */
const BEFORE = 2000
const AFTER = 4000
const HOUR = 3600e3

const entries = Number(argument('--entries') ?? 1e6)

const CASES = ['tinylfu', 'lru'].flatMap((policy) => [
  `${policy} clear`,
  `${policy} clear, with ttl`,
  `${policy} expiry`,
  `${policy} close`,
  `${policy} close, with ttl`,
])

const chosen = argument('--alone')
if (chosen === undefined) runAll()
else process.stdout.write(JSON.stringify(runOne(chosen)))

function runOne(name: string): Figures {
  const [policy, event] = name.split(/,? /) as [Policy, string]
  const ttl = event === 'expiry' || name.endsWith('ttl') ? HOUR : undefined
  const cache = new SharedCache<string, string>({ maxBytes: '1gb', policy, ttl })
  for (let i = 0; i < entries; i++) cache.set(`key ${i}`, `value ${i}`)
  const held = cache.size
  const after = event === 'close' ? new SharedCache<string, string>({ maxBytes: '64mb', policy, ttl }) : cache
  const before = worstCall(cache, BEFORE)
  const call = timed(() => {
    if (event === 'clear') cache.clear()
    else if (event === 'close') cache.close()
    else advance(HOUR + 1)
  })
  const worst = Math.max(call, worstCall(after, AFTER))
  return { held, before, call, worst }
}

/** The longest of the gets and sets of that time, in milliseconds: old keys are read, few are written. */
function worstCall(cache: SharedCache<string, string>, span: number): number {
  let worst = 0
  const end = performance.now() + span
  for (let i = 0; performance.now() < end; i++) {
    const old = `key ${(i * 7919) % entries}`
    const fresh = `new ${i % 1000}`
    worst = Math.max(
      worst,
      timed(() => cache.set(fresh, 'value')),
      timed(() => cache.get(old)),
    )
  }
  return worst
}

function timed(call: () => unknown): number {
  const start = performance.now()
  call()
  return performance.now() - start
}

function runAll(): void {
  const rounds = Number(argument('--rounds') ?? 3)
  console.log(`worst single call in ms, medians of ${rounds} processes, Node ${process.version}`)
  console.log('case                      entries   before   the call   from it on   each process')
  for (const name of CASES) {
    if (!name.includes(argument('--case') ?? '')) continue
    const runs = Array.from({ length: rounds }, () => runAlone(name))
    const { held, before, call, worst } = medians(runs) as Record<string, number>
    const figures = [before, call, worst].map((figure) => figure!.toFixed(2))
    const [first, second, third] = figures as [string, string, string]
    const each = runs.map((run) => run.worst!.toFixed(1)).join(' ')
    console.log(
      name.padEnd(24),
      String(held).padStart(8),
      first.padStart(8),
      second.padStart(10),
      third.padStart(12),
      `  ${each}`,
      worst! <= BAR ? '  met' : '  MISSED',
    )
  }
}

function runAlone(name: string): Figures {
  const args = ['--import', 'tsx', fileURLToPath(import.meta.url), '--alone', name, '--entries', `${entries}`]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}

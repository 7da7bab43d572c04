/**
 * The worst single call through what ends a million entries at once: clear, mass expiry and close.
 *
 * Each case runs in processes of its own. Before the event and after it, gets and sets are timed one by one; the event's
 * own call counts too. After `close` the calls go to another cache. What is found before the event is what the machine
 * and the garbage collector do by themselves.
 *
 * On a busy machine most of a long call is the wait for a processor; Linux tells how long that was, and the last column
 * is without it.
 *
 * Options: --entries N (1,000,000), --rounds N (3), --case NAME (part of a case's name).
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Policy, SharedCache } from '../dist/index.js'
import { advance } from '../dist/testing.js'
import { argument, medians, runAlone } from './_harness.mjs'
import { type Figures, type Outcome, save } from './_results.mjs'

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
  const before = worstCall(cache, BEFORE).worst
  const call = timed(() => {
    if (event === 'clear') cache.clear()
    else if (event === 'close') cache.close()
    else advance(HOUR + 1)
  })
  const later = worstCall(after, AFTER)
  return { held, before, call, worst: Math.max(call, later.worst), running: Math.max(call, later.running) }
}

/**
 * The longest of the gets and sets of that time, in milliseconds, and the longest without what it waited for a processor:
 * old keys are read, few are written.
 */
function worstCall(cache: SharedCache<string, string>, span: number): { worst: number; running: number } {
  let worst = 0
  let running = 0
  let waited = waitedForProcessor()
  let looked = performance.now()
  const end = looked + span
  for (let i = 0; performance.now() < end; i++) {
    const old = `key ${(i * 7919) % entries}`
    const fresh = `new ${i % 1000}`
    for (const call of [() => cache.set(fresh, 'value'), () => cache.get(old)]) {
      const took = timed(call)
      worst = Math.max(worst, took)
      if (took > running || performance.now() - looked > 1) {
        const before = waited
        waited = waitedForProcessor()
        looked = performance.now()
        running = Math.max(running, took - (waited - before))
      }
    }
  }
  return { worst, running }
}

/** How long this thread has waited for a processor so far, in milliseconds; 0 where the system does not tell. */
function waitedForProcessor(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

function timed(call: () => unknown): number {
  const start = performance.now()
  call()
  return performance.now() - start
}

function runAll(): void {
  const rounds = Number(argument('--rounds') ?? 3)
  console.log(`worst single call in ms, medians of ${rounds} processes, Node ${process.version}`)
  console.log('case                      entries   before   the call   from it on   running   each process')
  const figures: Record<string, Figures> = {}
  const bars: Outcome[] = []
  for (const name of CASES) {
    if (!name.includes(argument('--case') ?? '')) continue
    const alone = ['--alone', name, '--entries', `${entries}`]
    const runs = Array.from({ length: rounds }, () => runAlone(fileURLToPath(import.meta.url), alone))
    const { held, before, call, worst, running } = medians(runs) as Record<string, number>
    const shown = [before, call, worst, running].map((figure) => figure!.toFixed(2))
    const [first, second, third, fourth] = shown as [string, string, string, string]
    const each = runs.map((run) => run.running!.toFixed(1)).join(' ')
    console.log(
      name.padEnd(24),
      String(held).padStart(8),
      first.padStart(8),
      second.padStart(10),
      third.padStart(12),
      fourth.padStart(9),
      `  ${each}`,
      worst! <= BAR ? '  met' : '  MISSED',
    )
    figures[name] = { before: before!, 'the call': call!, 'from it on': worst!, 'without waits': running! }
    bars.push({ met: worst! <= BAR, what: `${name}: ${third} ms, bar ${BAR}` })
  }
  save(import.meta.filename, '', { unit: 'ms, the longest single call', rounds, figures, bars })
}

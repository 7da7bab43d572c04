import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const MAIN = fileURLToPath(new URL('../examples/demo/main.mjs', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'mokapot-demo-'))

test.after.always(() => rmSync(directory, { recursive: true, force: true }))

// One after another: each run has several busy threads of its own.
test.serial('the demo counts every request once, in both rounds, within the limit', async (t) => {
  const { code, stdout, stderr } = await demo('--quick', '--requests', '200')
  t.is(code, 0, stderr)
  const { limit, lru, shared } = tableOf(stdout)
  for (const round of [lru, shared]) {
    t.is(round.requests, 200)
    t.is(round.hits + round.renders, 200)
    t.true(round.hits > 0 && round.renders > 0)
    t.true(round.bytes > 0 && round.bytes <= limit)
  }
  t.regex(stdout, /One SharedCache rendered .+ hit ratio of [\d.]+ % against [\d.]+ %\./)
})

test.serial('the demo asks in the order of a log with one key a line', async (t) => {
  const log = write('keys.txt', ['/a', '', '/b', '/c with a blank', '/a', '/b', '/a'])
  const { code, stdout, stderr } = await demo('--quick', '--log', log)
  t.is(code, 0, stderr)
  t.regex(stdout, /6 a round, as in .+, one key a line, 3 distinct/)
  const { shared } = tableOf(stdout)
  // Two workers may both miss a page that they are asked for at once.
  t.is(shared.hits + shared.renders, 6)
  t.true(shared.renders >= 3)
})

test.serial('the demo asks in the order of a common log, for what was read', async (t) => {
  const log = write('access.log', [
    '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /index.html HTTP/1.0" 200 2326',
    '::1 - frank [10/Oct/2000:13:55:37 -0700] "GET /a?b=1 HTTP/1.1" 200 12 "-" "Mozilla/5.0 [en]"',
    '::1 - - [10/Oct/2000:13:55:38 -0700] "POST /form HTTP/1.1" 200 12',
    '::1 - - [10/Oct/2000:13:55:39 -0700] "-" 408 -',
    '::1 - - [10/Oct/2000:13:55:40 -0700] "GET /index.html HTTP/1.1" 200 2326',
  ])
  const { code, stdout, stderr } = await demo('--quick', '--log', log)
  t.is(code, 0, stderr)
  t.regex(stdout, /3 a round, as in .+, common log format, 2 distinct, 2 lines .+ left out/)
  const { shared } = tableOf(stdout)
  t.is(shared.hits + shared.renders, 3)
})

for (const [what, args, sentence] of /** @type {[string, string[], RegExp][]} */ ([
  ['an unknown flag', ['--fast'], /^Unknown option '--fast'; --help tells the flags\.\n$/],
  ['an argument', ['fast'], /^Unexpected argument 'fast'; --help tells the flags\.\n$/],
  [
    'a number of requests that is none',
    ['--requests', '1.5'],
    /^--requests takes an integer .+ not '1\.5'\.\n$/,
  ],
  ['a flag without its value', ['--log'], /^Option '--log <value>' argument missing; --help .+\.\n$/],
  ['a log that does not exist', ['--log', 'no-such-file'], /^--log .+: there is no such file\.\n$/],
  ['a log that is a directory', ['--log', directory], /^--log .+ is a directory, not a file\.\n$/],
  ['an empty log', ['--log', write('empty', [])], /^--log .+ has no requests\.\n$/],
  ['a log that is not text', ['--log', write('binary', ['a\0b'])], /^--log .+ is not a text file\.\n$/],
])) {
  test.serial(`the demo refuses ${what} with one sentence`, async (t) => {
    const { code, stdout, stderr } = await demo(...args)
    t.is(code, 1)
    t.is(stdout, '')
    t.regex(stderr, sentence)
  })
}

test.serial('the demo tells its flags', async (t) => {
  const { code, stdout } = await demo('--help')
  t.is(code, 0)
  for (const flag of ['--quick', '--log', '--requests', '--seed']) t.true(stdout.includes(flag))
})

/**
 * @param {string} name
 * @param {readonly string[]} lines
 */
function write(name, lines) {
  const file = join(directory, name)
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  return file
}

/**
 * @param {readonly string[]} args
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
function demo(...args) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [MAIN, ...args])
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    child.on('error', failed)
    child.on('close', (code) => done({ code, stdout, stderr }))
  })
}

/**
 * Reads the table by the names of its rows; the first column of numbers is lru-cache's, the second SharedCache's.
 *
 * @param {string} output
 */
function tableOf(output) {
  const [, limit] = /bytes held, of ([\d,]+)/.exec(output) ?? []
  /** @param {0 | 1} column */
  const round = (column) => ({
    requests: cell('requests', column),
    hits: cell('cache hits', column),
    renders: cell('renders', column),
    bytes: cell(`bytes held, of ${limit} ¹`, column),
  })
  return { limit: number(limit), lru: round(0), shared: round(1) }

  /**
   * @param {string} name
   * @param {0 | 1} column
   */
  function cell(name, column) {
    const line = output.split('\n').find((each) => each.startsWith(`${name}   `))
    return number(line?.slice(name.length).trim().split(/\s+/)[column])
  }
}

/** @param {string | undefined} text */
function number(text) {
  return Number(text?.replaceAll(',', '') ?? Number.NaN)
}

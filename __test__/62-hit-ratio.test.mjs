import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import test from 'ava'
import { belady, nextUses } from '../scripts/hit-ratio/belady.mjs'
import { bounds } from '../scripts/hit-ratio/bound.mjs'
import { svg } from '../scripts/hit-ratio/chart.mjs'
import { KINDS, randomFrom } from '../scripts/hit-ratio/made.mjs'
import { measure } from '../scripts/hit-ratio/measure.mjs'
import { readOptions } from '../scripts/hit-ratio/options.mjs'
import { page } from '../scripts/hit-ratio/page.mjs'
import { Progress } from '../scripts/hit-ratio/progress.mjs'
import { readTrace } from '../scripts/hit-ratio/readers.mjs'
import { replay } from '../scripts/hit-ratio/replay.mjs'
import { limitsFor, readSizes } from '../scripts/hit-ratio/sizes.mjs'
import { json, table } from '../scripts/hit-ratio/table.mjs'
import { TraceBuilder } from '../scripts/hit-ratio/trace.mjs'
import { sentences, sizeFor } from '../scripts/hit-ratio/words.mjs'

const SCRIPT = fileURLToPath(new URL('../scripts/hit-ratio.mjs', import.meta.url))
const EVERYTHING = {
  sizes: undefined,
  policies: ['tinylfu', 'lru'],
  only: ['lru-cache', 'mokapot', 'optimum'],
}
const directory = mkdtempSync(join(tmpdir(), 'mokapot-hit-ratio-'))

test.after.always(() => rmSync(directory, { recursive: true, force: true }))

// Reading

for (const [what, name, content] of /** @type {[string, string, string | Buffer][]} */ ([
  ['a list of keys', 'list.txt', 'a\nb\n\na\nc\n'],
  ['a list from Windows, with a byte order mark', 'windows.txt', '\ufeffa\r\nb\r\n  \r\na\r\nc'],
  ['a list in gzip', 'list.gz', gzipSync('a\nb\na\nc\n')],
  ['a list in brotli', 'list.txt.br', brotliCompressSync('a\nb\na\nc\n')],
  ['CSV with one column and no header', 'one.csv', 'a\nb\na\nc\n'],
  ['CSV with a column called key', 'key.csv', 'time,key\n1,a\n2,b\n3,a\n4,c\n'],
  ['TSV in gzip with a column called key', 'key.tsv.gz', gzipSync('time\tkey\n1\ta\n2\tb\n3\ta\n4\tc\n')],
])) {
  test(`${what} is read`, async (t) => {
    const trace = await readTrace(write(name, content))
    t.deepEqual([...trace.requests], [0, 1, 0, 2])
    t.is(trace.distinct, 3)
    t.is(trace.weights, undefined)
  })
}

for (const [what, content, columns] of /** @type {[string, string, { key: string, weight?: string }][]} */ ([
  ['by name', 'url,bytes\n/a,10\n/b,20\n/a,10\n', { key: 'url', weight: 'bytes' }],
  ['by number, under a header', 'url,bytes\n/a,10\n/b,20\n/a,10\n', { key: '1', weight: '2' }],
  ['by number, without a header', '10,/a\n20,/b\n10,/a\n', { key: '2', weight: '1' }],
  ['between semicolons', 'bytes;url\n10;/a\n20;/b\n10;/a\n', { key: 'url', weight: 'bytes' }],
  ['in quotes', '"url","bytes"\n"/a","10"\n/b,20\n"/a",10\n', { key: 'url', weight: 'bytes' }],
  [
    'of weights that differ, of which the largest counts',
    'u,b\n/a,0\n/b,19.5\n/a,10\n',
    { key: 'u', weight: 'b' },
  ],
])) {
  test(`columns are found ${what}`, async (t) => {
    const trace = await readTrace(write(`${what.replaceAll(' ', '-')}.csv`, content), columns)
    t.deepEqual([...trace.requests], [0, 1, 0])
    t.deepEqual([...(trace.weights ?? [])], [10, 20])
    t.is(trace.weight, 30)
  })
}

test('quotes hold delimiters, quotes and line feeds', async (t) => {
  const quoted = write('quoted.csv', 'id,key\n1,"a,b"\n2,"say ""a"""\n3,"two\nlines"\n4,"a,b"\n')
  t.deepEqual([...(await readTrace(quoted)).requests], [0, 1, 2, 0])
})

test('keys that differ in bytes that are no UTF-8 stay apart, and names of columns are UTF-8', async (t) => {
  const bytes = write('bytes.txt', Buffer.from([0xfe, 10, 0xfd, 10, 0xfe, 10]))
  t.deepEqual([...(await readTrace(bytes)).requests], [0, 1, 0])
  const named = write('named.csv', 'größe,schlüssel\n1,a\n2,b\n')
  t.is((await readTrace(named, { key: 'schlüssel', weight: 'größe' })).weight, 3)
})

test('a text of many chunks is read whole, and progress is told', async (t) => {
  const keys = Array.from({ length: 200_000 }, (_, i) => `a key that is no short one ${i % 70_000}`)
  /** @type {number[]} */
  const told = []
  const trace = await readTrace(write('many.gz', gzipSync(keys.join('\n'))), {}, (n) => told.push(n))
  t.is(trace.requests.length, 200_000)
  t.is(trace.distinct, 70_000)
  t.true(trace.requests.every((id, index) => id === index % 70_000))
  t.deepEqual(told, [65_536, 131_072, 196_608])
})

for (const [
  what,
  name,
  content,
  columns,
  sentence,
] of /** @type {[string, string, string | Buffer, {}, RegExp][]} */ ([
  ['a file of nothing', 'empty.txt', '\n \n', {}, /^There are no keys in .+empty\.txt\.$/],
  [
    'what is no text',
    'binary.txt',
    Buffer.from([97, 10, 0, 1, 10]),
    {},
    /^Line 2 of .+ has a NUL byte, .+\.$/,
  ],
  ['UTF-16', 'wide.txt', Buffer.from('\ufeffa', 'utf16le'), {}, /^Line 1 of .+ UTF-16: save it as UTF-8\.$/],
  [
    'an endless line',
    'long.txt',
    'a\n'.concat('x'.repeat(2 ** 21)),
    {},
    /^Line 2 of .+ longer than 1 MiB\.$/,
  ],
  ['what is no gzip', 'bad.gz', 'a\nb\n', {}, /^.+bad\.gz could not be read: it is not what its ending says/],
  ['half a gzip', 'half.gz', gzipSync('a\n'.repeat(999)).subarray(0, 20), {}, /data ends too early\.$/],
  [
    'what is no brotli',
    'bad.br',
    Buffer.alloc(99, 255),
    {},
    /could not be read: it is not what its ending says/,
  ],
  [
    'many columns and no --key',
    'which.csv',
    'a,b\n1,2\n',
    {},
    /^Which column .+ --key; its first line has 2: a, b\.$/,
  ],
  [
    'a column there is not',
    'none.csv',
    'a,b\n1,2\n',
    { key: 'c' },
    /has no column c, which --key asks for; .+: a, b\.$/,
  ],
  ['a number there is not', 'third.csv', 'a,b\n1,2\n', { key: '3' }, /has no column 3, which --key asks for/],
  [
    'a short line',
    'short.csv',
    'a,b\n1,2\n3\n',
    { key: 'b' },
    /^Line 3 of .+ has 1 fields, and the keys are in column 2\.$/,
  ],
  ['an empty key', 'void.csv', 'a,b\n1,2\n,2\n', { key: 'a' }, /^Line 3 of .+ has an empty key\.$/],
  [
    'a weight that is none',
    'w.csv',
    'a,b\n1,2\n3,-\n',
    { key: 'a', weight: 'b' },
    /^Line 3 .+ the weight '-', which/,
  ],
  [
    'a negative weight',
    'n.csv',
    'a,b\n1,-2\n',
    { key: 'a', weight: 'b' },
    /^Line 2 .+ the weight '-2', which/,
  ],
  ['a missing weight', 'm.csv', 'a,b\n1,2\n3\n', { key: 'a', weight: 'b' }, /^Line 3 .+ has no weight\.$/],
  ['an open quote', 'open.csv', 'key\n"a\nb\n', {}, /^Line 2 of .+ opens a quote that is never closed\.$/],
])) {
  test(`${what} is refused in one sentence`, async (t) => {
    const error = await t.throwsAsync(readTrace(write(name, content), columns))
    t.regex(error.message, sentence)
  })
}

test('what cannot be opened, or is not made, is refused in one sentence', async (t) => {
  const missing = await t.throwsAsync(readTrace(join(directory, 'missing')))
  t.regex(missing.message, /missing could not be read: there is no such file\.$/)
  const folder = await t.throwsAsync(readTrace(directory))
  t.regex(folder.message, /could not be read: it is a directory\.$/)
  t.regex(
    (await t.throwsAsync(readTrace('made:up'))).message,
    /^There is no made:up; there are made:zipf, .+\.$/,
  )
  const setting = await t.throwsAsync(readTrace('made:zipf,keys=0'))
  t.regex(setting.message, /has 'keys=0', where keys=N, requests=N or seed=N can stand\.$/)
})

test('made traces are the same for the same seed and as long as asked for', async (t) => {
  for (const kind of KINDS) {
    const name = `made:${kind},keys=300,requests=5001`
    const [first, again, other] = await Promise.all(
      [name, name, `${name},seed=2`].map((each) => readTrace(each)),
    )
    t.is(first.requests.length, 5001)
    t.deepEqual(first.requests, again.requests)
    if (kind !== 'loop') t.notDeepEqual(first.requests, other.requests)
  }
})

// Measuring

test('Belady finds what trying everything finds', (t) => {
  const random = randomFrom(7)
  for (let round = 0; round < 300; round++) {
    const length = 1 + Math.floor(random() * 11)
    const keys = Array.from({ length }, () => String(Math.floor(random() * 5)))
    const trace = traceOf(keys)
    const size = 1 + Math.floor(random() * 4)
    t.is(belady(nextUses(trace), size), bestOf(keys, size), `${keys} at ${size}`)
  }
})

test('the upper bound is not below the best that there is by weight', (t) => {
  const random = randomFrom(8)
  for (let round = 0; round < 200; round++) {
    const keys = Array.from({ length: 10 }, () => Math.floor(random() * 5))
    const weights = Array.from({ length: 5 }, () => 1 + Math.floor(random() * 4))
    const trace = traceOf(
      keys.map(String),
      keys.map((key) => weights[key]),
    )
    const size = 1 + Math.floor(random() * 6)
    const bound = bounds(trace)(size)
    const weighs = (/** @type {string} */ key) => weights[Number(key)]
    t.true(bound.hits >= bestOf(keys.map(String), size, weighs))
    t.true(bound.weightHit >= bestOf(keys.map(String), size, weighs, weighs) - 1e-9)
  }
})

test("lru-cache and mokapot's LRU hit as often as a plain model, by entries and by weight", async (t) => {
  const plain = await readTrace('made:recent,keys=500,requests=20000')
  const weights = Float64Array.from({ length: plain.distinct }, (_, id) => 1 + ((id * 7) % 13))
  const trace = { ...plain, weights, weight: weights.reduce((sum, weight) => sum + weight) }
  for (const [unit, size] of /** @type {['entries' | 'weights', number][]} */ ([
    ['entries', 1],
    ['entries', 100],
    ['weights', 700],
  ])) {
    const expected = modelOfLru(trace, unit, size)
    t.deepEqual(replay(trace, 'lru-cache', { unit, size }), expected)
    t.deepEqual(replay(trace, 'mokapot lru', { unit, size }), expected)
  }
})

test('a cache for which all keys are few hits all that is possible', async (t) => {
  const trace = await readTrace('made:zipf,keys=200,requests=5000')
  for (const name of ['lru-cache', 'mokapot', 'mokapot lru']) {
    t.is(replay(trace, name, { unit: 'entries', size: 1_000_000_000 }).hits, 5000 - trace.distinct)
  }
})

test('mokapot hits more than lru-cache on loops and scans, and is not above the optimum', async (t) => {
  for (const kind of ['zipf', 'loop', 'scan']) {
    const trace = await readTrace(`made:${kind},keys=3000,requests=60000`)
    const { rows } = measure(trace, {
      ...EVERYTHING,
      sizes: readSizes('--sizes', '300,1k'),
      policies: ['tinylfu'],
    })
    for (const { size, hits } of rows) {
      const [lru, mokapot, optimum] = hits
      t.true(mokapot >= lru - 0.01, `${kind} at ${size}: ${mokapot} against ${lru}`)
      t.true(mokapot <= optimum && lru <= optimum)
    }
  }
})

// Sizes

test('sizes are read in entries, in weights and as shares', (t) => {
  const trace = { ...traceOf(['a', 'b', 'c', 'd']), weight: 2 ** 21, weights: new Float64Array(4) }
  const sizes = (/** @type {'--sizes' | '--max-size'} */ flag, /** @type {string} */ text) =>
    limitsFor(readSizes(flag, text), trace).map(({ size }) => size)
  t.deepEqual(sizes('--sizes', '10k, 100,1.5k,1M,100'), [100, 1500, 10_000, 1_000_000])
  t.deepEqual(sizes('--sizes', '50%,0.1%'), [1, 2])
  t.deepEqual(sizes('--max-size', '16mb,64kb,512,50%'), [512, 2 ** 16, 2 ** 20, 2 ** 24])
  for (const bad of ['', '0', '-1', '1kb', '0%', '101%', '1,,2', '1e3', 'x']) {
    t.throws(
      () => readSizes('--sizes', bad),
      { message: /^--sizes takes sizes such as .+, not '.*'\.$/ },
      bad,
    )
  }
})

test('without sizes they reach from a thousandth to half of the keys, or of what they weigh', async (t) => {
  const trace = await readTrace('made:loop,keys=20000,requests=20000')
  const expected = [20, 40, 100, 200, 400, 1000, 2000, 4000, 10_000]
  const sizes = limitsFor(undefined, trace).map(({ size }) => size)
  t.deepEqual(sizes, expected)
  const weighed = { ...trace, weight: 40_000, weights: new Float64Array(20_000).fill(2) }
  t.deepEqual(limitsFor(undefined, weighed)[0], { unit: 'weights', size: 40 })
  t.deepEqual(limitsFor(undefined, traceOf(['a', 'b'])), [{ unit: 'entries', size: 1 }])
  t.throws(() => limitsFor(readSizes('--max-size', '1kb'), trace), { message: /has none: .+ --weight\.$/ })
})

// Telling

test('the table, the words and the JSON of a made trace are as they were', async (t) => {
  const trace = await readTrace('made:scan,keys=2000,requests=20000')
  const plan = { ...EVERYTHING, policies: ['lru'], sizes: readSizes('--sizes', '100,1k') }
  const measured = measure(trace, plan)
  t.is(
    table(measured),
    `made:scan,keys=2000,requests=20000: 20,000 requests for 6,886 distinct keys; without a limit 65.6 % would hit

                                   hits, % of requests
  entries   of all   lru-cache   mokapot lru   optimum
      100    1.5 %       21.18         21.18     39.88
    1,000   14.5 %       45.17         45.17     63.78

At 100 entries mokapot lru hits 21.2 % of the requests, as lru-cache does.
Over the 2 sizes the hit ratio of mokapot lru differs from that of lru-cache by +0.0 to +0.0 points.
At 1,000 entries mokapot lru has 69 of 100 hits that are possible: more room still brings more.`,
  )
  t.deepEqual(JSON.parse(json([measured])), {
    traces: [
      {
        trace: trace.name,
        requests: 20_000,
        distinctKeys: 6886,
        unlimited: { hitRatio: 0.6557 },
        sizes: [
          { max: 100, hitRatio: { 'lru-cache': 0.2118, 'mokapot lru': 0.2118, optimum: 0.3988 } },
          { max: 1000, hitRatio: { 'lru-cache': 0.45175, 'mokapot lru': 0.45175, optimum: 0.6378 } },
        ],
      },
    ],
  })
})

test('sizes between those measured are interpolated by the logarithm', (t) => {
  const curve = {
    name: 'x',
    points: [
      { size: 10, hits: 0.1 },
      { size: 1000, hits: 0.3 },
      { size: 2000, hits: 0.3 },
    ],
  }
  t.true(Math.abs(sizeFor(curve, 0.2) - 100) < 1e-9)
  t.is(sizeFor(curve, 0.1), 10)
  t.is(sizeFor(curve, 0.3), 1000)
  t.is(sizeFor(curve, 0.05), 0)
  t.is(sizeFor(curve, 0.31), Number.POSITIVE_INFINITY)
})

test('the words favour whichever side the numbers favour', (t) => {
  const better = sentences(measuredAs([0.1, 0.2, 0.4], [0.2, 0.3, 0.4]))
  t.regex(better[0], /lru-cache needs about 320 entries to hit as often as mokapot, 3\.2 times/)
  t.is(
    better[1],
    'Over the 3 sizes the hit ratio of mokapot differs from that of lru-cache by +0.0 to +10.0 points.',
  )
  t.regex(
    better[2],
    /^At 1,000 entries mokapot has 80 of 100 hits that are possible: more room still brings more\.$/,
  )
  const worse = sentences(measuredAs([0.2, 0.3, 0.5], [0.1, 0.2, 0.46]))
  t.regex(worse[0], /: mokapot needs about 240 entries to hit as often as lru-cache, 2\.4 times/)
  const most =
    'mokapot has nine tenths of the hits that are possible (45.0 % of the requests) from about 920 entries on'
  t.is(worse[2], `${most}, 45.8 % of the keys; more room brings little.`)
  t.regex(sentences(measuredAs([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]))[0], /, as lru-cache does\.$/)
  t.regex(
    sentences(measuredAs([0, 0, 0], [0.1, 0.2, 0.3]))[0],
    /which lru-cache does not reach at 1,000 entries either/,
  )
  const none = { ...measuredAs([0, 0, 0.01], [0, 0, 0.01]), unlimited: 0.01 }
  t.regex(sentences(none)[2], /^Hardly any key is asked for twice: .+ so no cache helps much\.$/)
})

test('the drawing is well-formed, has a title and a description, and needs nothing else', async (t) => {
  const list = await readTrace('made:zipf,keys=200,requests=3000')
  const weighed = { ...list, weight: 10 * list.distinct, weights: new Float64Array(list.distinct).fill(10) }
  const name = `<"a" & 'b'>\u0007${'/long'.repeat(20)}`
  const all = [list, { ...list, name }, weighed].map((trace) => measure(trace, EVERYTHING))
  const one = measure(list, { ...EVERYTHING, only: ['mokapot'], sizes: readSizes('--sizes', '7') })
  for (const drawing of [svg(all), svg([one])]) {
    assertWellFormed(t, drawing)
    t.notRegex(drawing, /NaN|Infinity|undefined|<script|url\(|href/)
    t.regex(drawing, /role="img" aria-labelledby="hit-ratio-title hit-ratio-desc"/)
    t.regex(drawing, /<title id="hit-ratio-title">Hit ratio over the size/)
    t.regex(drawing, /<desc id="hit-ratio-desc">.*3,000 requests/)
    t.regex(drawing, /prefers-color-scheme:dark/)
  }
  // Two charts for the one with weights.
  t.is(svg(all).match(/class="name"/g)?.length, 4)
  t.is(svg(all).match(/<polyline class="mokapot" points="[\d., ]+"/g)?.length, 2 * 4)
})

test('the page holds a chart and a table for each trace, with ids that are its own', async (t) => {
  const trace = await readTrace('made:zipf,keys=200,requests=3000')
  const plan = { ...EVERYTHING, sizes: readSizes('--sizes', '10,50') }
  const html = page([measure(trace, plan), measure({ ...trace, name: '<b>' }, plan)])
  t.is(html.match(/<svg /g)?.length, 2)
  t.is(html.match(/<tr>/g)?.length, 2 * 4)
  const ids = [...html.matchAll(/ id="([^"]+)"/g)].map((match) => match[1])
  t.is(new Set(ids).size, ids.length)
  t.notRegex(html, /<b>|<script|https?:(?!\/\/www\.w3\.org\/2000\/svg)|NaN|undefined/)
  assertWellFormed(t, html.replace(/<!doctype html>|<meta [^>]*>/g, ''))
})

test('progress is silent at first, then a line now and then', (t) => {
  /** @type {string[]} */
  const written = []
  let now = 0
  const progress = new Progress({ write: (text) => written.push(text) }, { now: () => now })
  for (now = 0; now <= 12_000; now += 1000) progress.show(() => `at ${now}`)
  progress.clear()
  t.deepEqual(written, ['at 5000\n', 'at 10000\n'])
})

test('progress on a terminal is one line, no longer than it, which is taken away at the end', (t) => {
  let screen = ''
  let now = 0
  const to = { isTTY: true, columns: 10, write: (/** @type {string} */ text) => (screen += text) }
  const progress = new Progress(to, { now: () => now })
  for (now = 0; now <= 250; now += 50) progress.show(() => `after ${now} milliseconds`)
  progress.clear()
  t.is(screen, '\r\x1b[Kafter 100\r\x1b[Kafter 200\r\x1b[K')
})

// The command

test('the command reads its standard input and writes the table, the drawing and the page', async (t) => {
  const [chart, html] = [join(directory, 'out.svg'), join(directory, 'out.html')]
  const input = 'url,bytes\n'.concat('/a,100\n/b,2000\n/a,100\n/c,300\n'.repeat(50))
  const flags = [
    '-',
    '--key',
    'url',
    '--weight',
    'bytes',
    '--max-size',
    '1kb,2kb',
    '--svg',
    chart,
    '--html',
    html,
  ]
  const { code, stdout, stderr } = await command(flags, input)
  t.is(code, 0, stderr)
  // What took five seconds, on a machine as busy as that, is told on the way.
  t.is(stderr.replaceAll(/^(reading|replaying) .*\n/gm, ''), '')
  t.regex(stdout, /200 requests for 3 distinct keys of 2\.34 KiB in all; without a limit 98\.5 % would hit/)
  t.regex(stdout, /^ +1 KiB +42\.7 % +74\.00 +74\.00 +81\.50 +19\.68 /m)
  t.regex(readFileSync(chart, 'utf8'), /^<svg /)
  t.regex(readFileSync(html, 'utf8'), /^<!doctype html>/)
})

test('the command prints JSON, and nothing else, when asked to', async (t) => {
  const flags = ['made:loop,keys=100,requests=1000', '--sizes', '10%', '--policy', 'tinylfu,lru', '--json']
  const { code, stdout } = await command(flags)
  t.is(code, 0)
  const [trace] = JSON.parse(stdout).traces
  t.is(trace.distinctKeys, 100)
  t.is(trace.unlimited.hitRatio, 0.9)
  t.is(trace.sizes[0].max, 10)
  t.deepEqual(Object.keys(trace.sizes[0].hitRatio), ['lru-cache', 'mokapot', 'mokapot lru', 'optimum'])
})

for (const [what, flags, sentence] of /** @type {[string, string[], RegExp][]} */ ([
  ['an unknown flag', ['--fast'], /^Unknown option '--fast'; --help tells the flags\.\n$/],
  [
    'a flag without its value',
    ['--sizes'],
    /^Option '--sizes <value>' argument missing; --help tells the flags\.\n$/,
  ],
  ['a size that is none', ['--sizes', 'big'], /^--sizes takes sizes such as .+, not 'big'\.\n$/],
  [
    'two kinds of sizes',
    ['--sizes', '1', '--max-size', '1'],
    /^--sizes counts entries .+: give one of them\.\n$/,
  ],
  ['a policy that is none', ['--policy', 'arc'], /^--policy takes tinylfu, lru, .+, not 'arc'\.\n$/],
  ['a contender that is none', ['--only', 'redis'], /^--only takes .+, not 'redis'\.\n$/],
  [
    'a column without a name',
    ['--key', ''],
    /^--key takes the name of a column or its number from 1, not ''\.\n$/,
  ],
  ['two standard inputs', ['-', '-'], /^The standard input can be read once\.\n$/],
  ['a trace there is not', [join(directory, 'nowhere')], /could not be read: there is no such file\.\n$/],
])) {
  test(`the command refuses ${what} in one sentence`, async (t) => {
    const { code, stdout, stderr } = await command(flags)
    t.is(code, 1)
    t.is(stdout, '')
    t.regex(stderr, sentence)
  })
}

test('the help tells each flag', async (t) => {
  const { code, stdout } = await command(['--help'])
  t.is(code, 0)
  for (const flag of [
    'key',
    'weight',
    'sizes',
    'max-size',
    'policy',
    'only',
    'svg',
    'html',
    'json',
    'help',
  ]) {
    t.regex(stdout, new RegExp(`^ {2}--${flag} `, 'm'))
  }
  t.true(stdout.split('\n').every((line) => line.length <= 110))
  t.deepEqual(readOptions(['-h']), 'help')
})

/**
 * @param {string} name
 * @param {string | Buffer} content
 */
function write(name, content) {
  const file = join(directory, name)
  writeFileSync(file, content)
  return file
}

/**
 * @param {readonly string[]} keys
 * @param {readonly number[]} [weights] of each request
 */
function traceOf(keys, weights) {
  const builder = new TraceBuilder()
  for (const [index, key] of keys.entries()) builder.add(key, weights?.[index])
  return builder.build('test')
}

/**
 * The most hits, or the most that they are worth, by trying all that a cache could hold after each request.
 *
 * @param {readonly string[]} keys
 * @param {number} size
 * @param {(key: string) => number} weighs
 * @param {(key: string) => number} worth
 */
function bestOf(keys, size, weighs = () => 1, worth = () => 1) {
  /** @type {Map<string, number>} what can be held, to the best so far */
  let states = new Map([['', 0]])
  for (const key of keys) {
    /** @type {typeof states} */
    const next = new Map()
    for (const [state, best] of states) {
      const now = best + (state.includes(key) ? worth(key) : 0)
      for (const held of subsets([...new Set([...state, key])].sort())) {
        if (held.reduce((sum, each) => sum + weighs(each), 0) > size) continue
        const name = held.join('')
        next.set(name, Math.max(next.get(name) ?? 0, now))
      }
    }
    states = next
  }
  return Math.max(...states.values())
}

/**
 * @param {readonly string[]} items
 * @returns {string[][]}
 */
function subsets([first, ...rest]) {
  if (first === undefined) return [[]]
  const without = subsets(rest)
  return without.concat(without.map((each) => [first, ...each]))
}

/**
 * An LRU of a Map, which keeps its keys in the order in which they were put in.
 *
 * @param {import('../scripts/hit-ratio/trace.mjs').Trace} trace
 * @param {'entries' | 'weights'} unit
 * @param {number} size
 */
function modelOfLru({ requests, weights }, unit, size) {
  const held = new Map()
  const result = { hits: 0, weightHit: 0 }
  let used = 0
  for (const id of requests) {
    const weight = weights?.[id] ?? 0
    const takes = unit === 'entries' ? 1 : weight
    if (held.delete(id)) {
      result.hits++
      result.weightHit += weight
    } else used += takes
    held.set(id, takes)
    for (const [oldest, freed] of held) {
      if (used <= size) break
      held.delete(oldest)
      used -= freed
    }
  }
  return result
}

/**
 * @param {readonly number[]} lru
 * @param {readonly number[]} mokapot
 * @returns {import('../scripts/hit-ratio/measure.mjs').Measured}
 */
function measuredAs(lru, mokapot) {
  return {
    trace: 'x',
    unit: 'entries',
    requests: 1000,
    distinct: 2000,
    weight: 0,
    unlimited: 0.5,
    unlimitedWeight: undefined,
    contenders: [
      { name: 'lru-cache', ceiling: false },
      { name: 'mokapot', ceiling: false },
    ],
    rows: [10, 100, 1000].map((size, i) => ({ size, hits: [lru[i], mokapot[i]], weightHits: undefined })),
  }
}

/**
 * That tags close in order, attributes are in quotes, and nothing else stands where markup would.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {string} text
 */
function assertWellFormed(t, text) {
  /** @type {string[]} */
  const open = []
  const tag = /<(\/?)([a-z0-9]+)(?: [a-zA-Z0-9-]+="[^"<]*")*(\/?)>/g
  for (const [, closing, name, empty] of text.matchAll(tag)) {
    if (closing) t.is(open.pop(), name)
    else if (!empty) open.push(name)
  }
  t.deepEqual(open, [])
  const between = text.replace(tag, '')
  t.notRegex(between, /[<>]/)
  t.notRegex(text, /&(?!(amp|lt|gt|quot);)/)
  t.false(text.includes('\u0007'))
}

/**
 * @param {readonly string[]} flags
 * @param {string} [input]
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
function command(flags, input = '') {
  const { npm_lifecycle_event: _, ...env } = process.env
  const child = spawn(process.execPath, [SCRIPT, ...flags], { env })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk) => (stdout += chunk))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  // A command that refuses its flags does not read.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr })))
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { CHAPTERS } from '../scripts/bench-page/chapters.mjs'
import { page } from '../scripts/bench-page/page.mjs'
import { figure, table } from '../scripts/bench-page/table.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const made = page(join(root, 'benchmark', 'results'))
const IMAGES = join(root, 'docs', 'images', 'benchmarks')

test('the page of benchmarks is what their results make', (t) => {
  t.is(readFileSync(join(root, 'docs', 'benchmarks.md'), 'utf8'), made.text)
})

test('its charts are too, and there are no others', (t) => {
  t.deepEqual(readdirSync(IMAGES).sort(), [...made.charts.keys()].sort())
  for (const [name, content] of made.charts) t.is(readFileSync(join(IMAGES, name), 'utf8'), content, name)
})

test('every benchmark has its chapter and has results', (t) => {
  const files = readdirSync(join(root, 'benchmark')).filter((file) => /^[^_].*\.mts$/.test(file))
  const chapters = CHAPTERS.map(({ benchmark }) => `${benchmark}.mts`)
  t.deepEqual(files.sort(), chapters.toSorted())
  for (const { benchmark, question } of CHAPTERS) t.true(made.text.includes(question), benchmark)
})

test('every chart that is wanted was drawn', (t) => {
  t.is(made.charts.size, CHAPTERS.flatMap(({ charts }) => charts).length)
})

test('a figure has as many digits as tell something', (t) => {
  t.deepEqual([0, 0.123, 9.87, 12.34, 123.4, 12_345.6].map(figure), [
    '0',
    '0.12',
    '9.87',
    '12.3',
    '123',
    '12,346',
  ])
})

test('a table leaves empty what was not measured', (t) => {
  const part = { unit: 'ms', rounds: 1, node: 'v20.0.0', platform: 'linux', bars: [] }
  t.is(
    table({ ...part, figures: { one: { get: 1, set: 200 }, other: { set: 3 } } }),
    '|  | get | set |\n|---|---:|---:|\n| one | 1.00 | 200 |\n| other |  | 3.00 |',
  )
})

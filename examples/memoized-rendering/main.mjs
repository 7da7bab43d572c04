/**
 * `cached()` around a pure function that takes its time: Markdown to HTML, with the code in it highlighted.
 *
 * The documents are chapters of this project's own docs. Each is asked for several times, first from the function itself,
 * then from the memoized one.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { cached } from 'mokapot'
import { calls, render } from './render.mjs'

const ROUNDS = 10
const DOCUMENTS = 4

const renderOnce = cached(render, {
  // Pages differ much in size, so the limit is on what they take together, here in characters.
  maxSize: 16 * 1024 * 1024,
  sizeCalculation: (html) => html.length,
  // Without `key` the text itself would be part of the key: just as right, but read whole at each call. A name and a
  // version that changes with the text say the same in a few bytes. The theme changes what comes out, so it is in.
  key: (document, theme) => [document.name, document.version, theme],
})

const folder = new URL('../../docs/', import.meta.url)
/** @type {import('./render.mjs').Document[]} */
const documents = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .slice(0, DOCUMENTS)
  .map((name) => ({ name, version: 1, text: readFileSync(new URL(name, folder), 'utf8') }))

// Once without looking at the time, or the first to run would pay for the compiler.
for (const document of documents) render(document, 'light')
const plain = measure('each time', render)
const memoized = measure('cached', renderOnce)
const same = plain.pages.every((html, index) => html === memoized.pages[index])
console.log(`the same pages: ${same ? 'yes' : 'no'}, ${(plain.ms / memoized.ms).toFixed(0)} times as fast`)

// A change of the text comes with another version, which is another key. The old page leaves when room is needed.
const edited = { ...documents[0], version: 2, text: '# Edited' }
console.log(
  `after an edit: ${renderOnce(edited, 'light').includes('Edited') ? 'the new text' : 'the old text'}`,
)

// Options count by content, whatever object they come in, so each theme is rendered once.
const before = calls()
for (const theme of /** @type {const} */ (['light', 'dark', 'light', 'dark'])) renderOnce(documents[1], theme)
console.log(`two themes, asked for twice each: ${calls() - before} more render`)

const { hits, misses, size } = renderOnce.stats()
console.log(`stats: ${hits} hits, ${misses} misses, ${size} pages held`)

/**
 * @param {string} what
 * @param {typeof render} fn
 */
function measure(what, fn) {
  /** @type {string[]} */
  const pages = []
  const callsBefore = calls()
  const start = performance.now()
  for (let round = 0; round < ROUNDS; round++) {
    for (const document of documents) pages.push(fn(document, 'light'))
  }
  const ms = performance.now() - start
  console.log(`${what}: ${pages.length} pages, ${calls() - callsBefore} renders, ${ms.toFixed(1)} ms`)
  return { ms, pages }
}

/** A child process: finds the documents and renders each once, so that sizes and right answers are known. */
import { hash } from 'node:crypto'
import { answer } from './child.mjs'
import { findDocuments } from './documents.mjs'
import { Refusal } from './options.mjs'
import { render } from './render.mjs'

const FEWEST = 20
const PROGRESS_EVERY = 25

/** @typedef {import('./documents.mjs').Source & { htmlBytes: number, digest: string }} Document */

/** @typedef {{ documents: Document[], found: number, left: string }} Survey */

answer(async (/** @type {{ most: number }} */ { most }, onProgress) => {
  const { documents: sources, found, left } = findDocuments(most)
  if (sources.length < FEWEST) {
    throw new Refusal(
      `There are only ${sources.length} Markdown documents under node_modules, too few for a site: run \`npm ci\`.`,
    )
  }
  const documents = sources.map((source, index) => {
    const html = render(source.file)
    const done = index + 1
    if (done % PROGRESS_EVERY === 0 || done === sources.length) onProgress(done, sources.length)
    return { ...source, htmlBytes: html.byteLength, digest: hash('sha1', html) }
  })
  return { documents, found, left }
})

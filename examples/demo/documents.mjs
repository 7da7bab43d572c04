/** The documents of the demo: the Markdown files that lie under node_modules. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** Shorter ones are stubs, longer ones change logs and snapshots that nobody reads as one page. */
const SHORTEST = 500
const LONGEST = 128 * 1024

/**
 * @typedef {object} Source
 * @property {string} path Below node_modules, with slashes.
 * @property {string} file
 */

/**
 * At most `most` documents, the same ones in the same order for the same installation, and why others were left out.
 *
 * @param {number} most
 * @returns {{ documents: Source[], found: number, left: string }}
 */
export function findDocuments(most) {
  const found = markdownBelow(MODULES).sort((a, b) => (a.path < b.path ? -1 : 1))
  const left = { short: 0, long: 0, duplicate: 0, 'beyond the cap': 0 }
  const seen = new Set()
  const distinct = found.filter(({ file }) => {
    const text = readFileSync(file)
    const digest = createHash('sha1').update(text).digest('hex')
    const reason =
      text.length < SHORTEST
        ? 'short'
        : text.length > LONGEST
          ? 'long'
          : seen.has(digest)
            ? 'duplicate'
            : undefined
    if (reason) left[reason] += 1
    seen.add(digest)
    return reason === undefined
  })
  const documents = spread(distinct, most)
  left['beyond the cap'] = distinct.length - documents.length
  const reasons = Object.entries(left).filter(([, count]) => count > 0)
  return {
    documents,
    found: found.length,
    left: reasons.map(([reason, count]) => `${count} ${reason}`).join(', '),
  }
}

/**
 * Up to `most` of the items, evenly from the whole list.
 *
 * @template T
 * @param {readonly T[]} items
 * @param {number} most
 */
export function spread(items, most) {
  const count = Math.min(most, items.length)
  return Array.from({ length: count }, (_, index) => items[Math.floor((index * items.length) / count)])
}

/**
 * @param {string} directory
 * @returns {Source[]}
 */
function markdownBelow(directory) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name.startsWith('.')) return []
    const file = join(directory, entry.name)
    if (entry.isDirectory()) return markdownBelow(file)
    if (!entry.isFile() || !/\.md$/i.test(entry.name)) return []
    return [{ path: relative(MODULES, file).split(sep).join('/'), file }]
  })
}

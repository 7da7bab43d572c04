/** A registry on this machine alone, which has the tarballs of one folder and nothing else. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

/**
 * The package.json in a tarball.
 *
 * @param {string} path
 */
export function manifestIn(path) {
  return JSON.parse(execFileSync('tar', ['-xzOf', path, 'package/package.json'], { encoding: 'utf8' }))
}

/**
 * Serves the tarballs of a folder until it is closed.
 *
 * @param {string} folder
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serve(folder) {
  /** What is answered, by its path. @type {Map<string, string | Buffer>} */
  const answers = new Map()
  const server = createServer(({ url = '' }, response) => {
    const answer = answers.get(url)
    response.statusCode = answer === undefined ? 404 : 200
    response.setHeader('content-type', typeof answer === 'string' ? 'application/json' : 'application/gzip')
    response.end(answer ?? '{}')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.tgz'))) {
    const tarball = readFileSync(join(folder, file))
    const manifest = manifestIn(join(folder, file))
    const { name, version } = manifest
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const versions = { [version]: { ...manifest, dist: { tarball: `${url}/-/${file}`, integrity } } }
    answers.set(`/${name}`, JSON.stringify({ name, 'dist-tags': { latest: version }, versions }))
    answers.set(`/-/${file}`, tarball)
  }
  return { url, close: () => server.close() }
}

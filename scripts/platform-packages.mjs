/**
 * Writes package.json and README.md of each platform's package into `npm/`, from the main package.json: after a change
 * there, such as the version. `--check` only tells whether they are up to date.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { manifest, platforms } from './platforms.mjs'
import { main, root, Stop } from './prepare.mjs'

/** How every package is published. */
export const PUBLISH = { access: 'public', provenance: true }

/** What stands in the tarball of every package beside its own files. */
export const NOTICES = ['LICENSE', 'THIRD-PARTY-NOTICES.md']

if (process.argv[1] === import.meta.filename) await main(write)

async function write() {
  const { values } = parseArgs({ options: { check: { type: 'boolean' } } })
  for (const platform of platforms) {
    for (const [name, content] of Object.entries(filesOf(platform))) {
      const path = join(root, platform.folder, name)
      if (!values.check) {
        mkdirSync(join(root, platform.folder), { recursive: true })
        writeFileSync(path, content)
      } else if (readOrNothing(path) !== content) {
        throw new Stop(`${platform.folder}/${name} is out of date: \`npm run packages\` writes it.`)
      }
    }
  }
}

/**
 * The files of a platform's package that are committed, by their names.
 *
 * @param {import('./platforms.mjs').Platform} platform
 * @returns {Record<string, string>}
 */
export function filesOf({ name, target, os, cpu, libc, package: packageName, file }) {
  const { version, description, license, author, keywords, engines, repository, homepage, bugs } = manifest
  const packageJson = {
    name: packageName,
    version,
    description: `The binary of ${manifest.name} for ${name}. ${description}`,
    license,
    author,
    ...(repository && { repository: { ...repository, directory: `npm/${name}` } }),
    homepage,
    bugs,
    keywords,
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    main: file,
    files: [file, ...NOTICES],
    publishConfig: PUBLISH,
  }
  return {
    'package.json': `${JSON.stringify(packageJson, null, 2)}\n`,
    'README.md': `# ${packageName}

The binary of \`${manifest.name}\` for \`${target}\`. Install \`${manifest.name}\` itself, which brings the one that fits the machine.
`,
  }
}

/** @param {string} path */
function readOrNothing(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/**
 * Publishes the tarballs that `npm run pack:all` made in `.packages/`: the platforms' first, the main package last, so that
 * who installs it finds what it needs. What the registry has already is left out, so a release that broke off is run again.
 *
 * It takes npm's trusted publishing, which has no token: outside of the workflow only `-- --dry-run` works.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { manifest, platforms } from './platforms.mjs'
import { isAtLeast, main, root, Stop } from './prepare.mjs'
import { manifestIn } from './runtimes/registry.mjs'

/** The first npm that knows trusted publishing. */
const MIN_NPM = [11, 5, 1]

const FOLDER = join(root, '.packages')

if (process.argv[1] === import.meta.filename) await main(release)

async function release() {
  const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean' } } })
  const isDry = values['dry-run'] ?? false
  const version = npm(['--version'])
  if (!isAtLeast(version, MIN_NPM))
    throw new Stop(`A release needs npm ${MIN_NPM.join('.')}, this is ${version}.`)
  if (!isDry) checkTag(process.env.GITHUB_REF)
  const order = orderOf(existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  const fault = repositoryFault(order.map(({ file }) => manifestIn(join(FOLDER, file))))
  if (fault !== undefined && !isDry) throw new Stop(fault)
  if (fault !== undefined) console.log(`A release would stop here. ${fault}`)
  for (const { name, file } of order) {
    if (!isDry && isPublished(name)) {
      console.log(`${name}@${manifest.version} is published already.`)
      continue
    }
    // Who asks for no version gets no prerelease.
    const tag = manifest.version.includes('-') ? 'next' : 'latest'
    const flags = isDry ? ['--dry-run'] : ['--provenance']
    console.log(npm(['publish', join(FOLDER, file), '--access=public', `--tag=${tag}`, ...flags]))
  }
}

/**
 * The packages in the order to publish them in; all must be there, and nothing else.
 *
 * @param {readonly string[]} files
 */
export function orderOf(files) {
  const names = [...platforms.map((platform) => platform.package), manifest.name]
  const order = names.map((name) => ({ name, file: `${name}-${manifest.version}.tgz` }))
  const missing = order.filter(({ file }) => !files.includes(file)).map(({ file }) => file)
  if (missing.length > 0)
    throw new Stop(`.packages/ lacks ${missing.join(', ')}: \`npm run pack:all\` makes them.`)
  const strange = files.filter((file) => !order.some((one) => one.file === file))
  if (strange.length > 0)
    throw new Stop(`.packages/ has ${strange.join(', ')}, which ${manifest.version} does not.`)
  return order
}

/**
 * A tag that names another version than package.json was set by mistake.
 *
 * @param {string | undefined} ref
 */
export function checkTag(ref) {
  const wanted = `refs/tags/v${manifest.version}`
  if (ref !== wanted)
    throw new Stop(`A release of ${manifest.version} is made by ${wanted}, this is ${ref ?? 'no tag'}.`)
}

/**
 * What to do where a package does not say which repository it comes from: npm refuses provenance for it.
 *
 * @param {readonly { name: string, repository?: { url?: string | undefined } | undefined }[]} packed The package.json of
 *   each tarball.
 */
export function repositoryFault(packed) {
  const names = packed.filter(({ repository }) => !repository?.url).map(({ name }) => name)
  if (names.length === 0) return undefined
  return `The package.json of ${names.join(', ')} names no repository, and npm refuses provenance without one: run \`npm pkg set repository.type=git repository.url=git+https://HOST/OWNER/NAME.git\`, then \`npm run pack:all\` again.`
}

/** @param {string} name */
function isPublished(name) {
  try {
    return npm(['view', `${name}@${manifest.version}`, 'version']) !== ''
  } catch {
    // A package that was never published is an error; if it is the network, publishing says so.
    return false
  }
}

/** @param {readonly string[]} args */
function npm(args) {
  /** @type {import('node:child_process').ExecFileSyncOptionsWithStringEncoding} */
  const options = { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }
  const path = process.env.npm_execpath
  const output = path?.endsWith('npm-cli.js')
    ? execFileSync(process.execPath, [path, ...args], options)
    : execFileSync('npm', args, { ...options, shell: process.platform === 'win32' })
  return output.trim()
}

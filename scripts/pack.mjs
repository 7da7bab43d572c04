/**
 * Makes the tarballs that are published, in `.packages/`: one of each platform with its binary out of `npm/`, and the main
 * one, whose package.json names them as optional dependencies. They are added here and not in the committed package.json,
 * because `npm ci` could not find what is not published yet.
 *
 * Every platform's binary must be there. `-- --available` takes those that are, `-- --here` this machine's alone, as
 * `npm run build` made it; `--out FOLDER` puts the tarballs elsewhere.
 */

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildSync } from 'esbuild'
import { filesOf, NOTICES, PUBLISH } from './platform-packages.mjs'
import { here, manifest, platforms } from './platforms.mjs'
import { main, root, Stop } from './prepare.mjs'

/** @typedef {import('./platforms.mjs').Platform} Platform */

/** What only a checkout needs of package.json. */
const OWN = ['scripts', 'devDependencies', 'overrides', 'allowScripts', 'napi']

/** The modules that users import. */
const ENTRIES = ['index', 'testing']

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const { values } = parseArgs({
      options: { available: { type: 'boolean' }, here: { type: 'boolean' }, out: { type: 'string' } },
    })
    // Only what this made before is removed; a folder that is named may hold anything.
    if (values.out === undefined) rmSync(join(root, '.packages'), { recursive: true, force: true })
    const out = resolve(values.out ?? join(root, '.packages'))
    const binaries = values.here ? binaryHere() : binariesThere(values.available ?? false)
    for (const tarball of pack(binaries, out)) console.log(tarball)
  })
}

/**
 * Packs the main package and one for each binary. The platforms' tarballs come first, which is the order to publish
 * them in: who installs the main package finds the others.
 *
 * @param {ReadonlyMap<Platform, string>} binaries Where each platform's binary lies.
 * @param {string} out
 * @returns {string[]} the paths of the tarballs
 */
export function pack(binaries, out) {
  if (!existsSync(join(root, 'dist', 'index.js')))
    throw new Stop('There is no dist/: run `npm run build:ts`.')
  const stage = mkdtempSync(join(tmpdir(), 'mokapot-pack-'))
  try {
    const folders = [...binaries].map(([platform, binary]) => stagePlatform(stage, platform, binary))
    folders.push(stageMain(stage))
    mkdirSync(out, { recursive: true })
    /** @type {{ filename: string }[]} */
    const packed = JSON.parse(npm(['pack', '--json', '--pack-destination', out, ...folders], stage))
    return packed.map(({ filename }) => join(out, filename))
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

/** This machine's binary, as `npm run build` made it. */
export function binaryHere() {
  const platform = here()
  if (platform === undefined) throw new Stop('This machine is none of the platforms that have a package.')
  const binary = join(root, platform.file)
  if (!existsSync(binary)) throw new Stop(`There is no ${platform.file}: run \`npm run build\`.`)
  return new Map([[platform, binary]])
}

/** @param {boolean} available Whether some may be missing. */
function binariesThere(available) {
  const all = platforms.map((platform) => ({ platform, path: join(root, platform.folder, platform.file) }))
  const missing = all.filter(({ path }) => !existsSync(path))
  if (missing.length > 0 && !available) {
    const names = missing.map(({ platform }) => platform.name).join(', ')
    throw new Stop(`There is no binary for ${names}: npm/ must have all of them.`)
  }
  return new Map(all.filter((one) => !missing.includes(one)).map(({ platform, path }) => [platform, path]))
}

/**
 * @param {string} stage
 * @param {Platform} platform
 * @param {string} binary
 */
function stagePlatform(stage, platform, binary) {
  const folder = join(stage, platform.package)
  mkdirSync(folder)
  for (const [name, content] of Object.entries(filesOf(platform))) writeFileSync(join(folder, name), content)
  for (const name of NOTICES) cpSync(join(root, name), join(folder, name))
  cpSync(binary, join(folder, platform.file))
  return folder
}

/** @param {string} stage */
function stageMain(stage) {
  const folder = join(stage, manifest.name)
  mkdirSync(folder)
  for (const name of [...manifest.files, 'README.md']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  bundle(join(folder, 'dist'))
  const published = Object.fromEntries(Object.entries(manifest).filter(([name]) => !OWN.includes(name)))
  published.optionalDependencies = Object.fromEntries(
    platforms.map((platform) => [platform.package, manifest.version]),
  )
  published.publishConfig = PUBLISH
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(published, null, 2)}\n`)
  return folder
}

/**
 * Puts one file in the place of all modules, which takes a third of the time to load. It has no comments, whose few
 * characters beyond ASCII would make V8 read all of it as UTF-16; names stay as they are, for who reads a stack. The
 * entries are small files beside it, because Node reads one that is imported twice: once for its names.
 *
 * @param {string} dist
 */
function bundle(dist) {
  for (const name of readdirSync(dist)) if (name.endsWith('.js')) rmSync(join(dist, name))
  buildSync({
    stdin: {
      contents: ENTRIES.map((entry) => `export * as ${entry} from './${entry}.js'`).join('\n'),
      resolveDir: join(root, 'lib'),
    },
    outfile: join(dist, 'core.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    minifyWhitespace: true,
    lineLimit: 120,
    external: ['../index.js', '../package.json'],
    logLevel: 'warning',
  })
  for (const entry of ENTRIES) {
    const [, names = ''] =
      /^export \{ (.*) \} from/m.exec(readFileSync(join(dist, `${entry}.mjs`), 'utf8')) ?? []
    const lines = names.split(', ').map((name) => `exports.${name} = ${entry}.${name}`)
    writeFileSync(
      join(dist, `${entry}.js`),
      `'use strict'\nconst { ${entry} } = require('./core.js')\n${lines.join('\n')}\n`,
    )
  }
}

/**
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  /** @type {import('node:child_process').ExecFileSyncOptionsWithStringEncoding} */
  const options = { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }
  const path = process.env.npm_execpath
  if (path?.endsWith('npm-cli.js')) return execFileSync(process.execPath, [path, ...args], options)
  return execFileSync('npm', args, { ...options, shell: process.platform === 'win32' })
}

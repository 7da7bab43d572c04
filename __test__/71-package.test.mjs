import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { binaryHere, pack } from '../scripts/pack.mjs'
import { here, manifest, platforms } from '../scripts/platforms.mjs'
import { root, run } from './fixtures/npm.mjs'

/** The packed main package, in bytes. */
const MOST_PACKED = 150_000

/** The addon of one platform, in bytes. */
const MOST_ADDON = 1_500_000

const folder = await mkdtemp(join(tmpdir(), 'mokapot-pack-'))
test.after.always(() => rm(folder, { recursive: true }))

/** What is published for this machine and for all. @type {{ path: string, files: string[] }} */
let platformTarball
/** @type {{ path: string, files: string[] }} */
let tarball

test.before('the packages are packed', async (t) => {
  const packed = pack(binaryHere(), folder)
  t.is(packed.length, 2)
  ;[platformTarball, tarball] = await Promise.all(
    packed.map(async (path) => {
      const { code, stdout, stderr } = await run('tar', ['-tzf', path])
      t.is(code, 0, stderr)
      return {
        path,
        files: stdout
          .trim()
          .split(/\r?\n/)
          .map((file) => file.replace('package/', '')),
      }
    }),
  )
})

test('the main package holds the entries, the types, the loader and the notices, and nothing else', async (t) => {
  const modules = await readdir(join(root, 'lib'))
  const types = modules.map((name) => `dist/${name.replace(/\.(m?)ts$/, '.d.$1ts')}`)
  const entries = ['index', 'testing'].flatMap((name) => [`dist/${name}.js`, `dist/${name}.mjs`])
  const others = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.md', 'index.d.ts', 'index.js', 'package.json']
  t.deepEqual(tarball.files.toSorted(), [...types, ...entries, 'dist/core.js', ...others].sort())
})

test("a platform's package holds its addon and the notices, and nothing else", (t) => {
  const others = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.md', 'package.json']
  t.deepEqual(platformTarball.files.toSorted(), [...others, platformHere().file].sort())
})

test(`the main package is at most ${MOST_PACKED / 1000} kB packed`, async (t) => {
  const { size } = await stat(tarball.path)
  t.log(`${size} bytes`)
  t.true(size <= MOST_PACKED, `${size} bytes`)
})

test(`no addon has more than ${MOST_ADDON / 1e6} MB`, async (t) => {
  const places = [platformHere().file, ...platforms.map(({ folder, file }) => join(folder, file))]
  for (const place of places) {
    const size = (await stat(join(root, place)).catch(() => undefined))?.size
    if (size === undefined) continue
    t.log(`${place}: ${size} bytes`)
    t.true(size <= MOST_ADDON, `${place} has ${size} bytes`)
  }
})

test('installing brings no other package but the addon, and runs nothing', (t) => {
  for (const kind of ['dependencies', 'peerDependencies', 'bundleDependencies', 'bundledDependencies']) {
    t.is(manifest[kind], undefined, kind)
  }
  for (const script of ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare']) {
    t.is(manifest.scripts[script], undefined, script)
  }
})

for (const lock of ['package-lock.json', 'scripts/api-docs/package-lock.json']) {
  test(`${lock} names no registry, and so works with any`, async (t) => {
    const { packages } = JSON.parse(await readFile(join(root, lock), 'utf8'))
    const named = Object.keys(packages).filter((path) => packages[path].resolved !== undefined)
    t.deepEqual(named, [])
  })
}

test('publint finds nothing', async (t) => {
  const bytes = await readFile(tarball.path)
  const { messages, pkg } = await publint({
    level: 'suggestion',
    strict: true,
    pack: { tarball: /** @type {ArrayBuffer} */ (new Uint8Array(bytes).buffer) },
  })
  t.is(pkg.name, manifest.name)
  t.deepEqual(
    messages.map((message) => formatMessage(message, pkg, { color: false })),
    [],
  )
})

// Node 10's resolution knows no exports; no Node that runs the package has it.
test('are-the-types-wrong finds nothing', async (t) => {
  const cli = join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js')
  const { code, stdout, stderr } = await run(process.execPath, [
    cli,
    tarball.path,
    '--profile',
    'node16',
    '--no-definitely-typed',
    '--no-color',
    '--no-emoji',
    '--format',
    'ascii',
  ])
  t.is(code, 0, stdout + stderr)
  for (const entry of ['mokapot', 'mokapot/testing', 'mokapot/package.json'])
    t.true(stdout.includes(`"${entry}"`))
})

function platformHere() {
  const platform = here()
  if (platform === undefined) throw new Error('this machine is none of the platforms')
  return platform
}

import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { npm, root, run } from './fixtures/npm.mjs'

/** The packed main package, in bytes. */
const MOST_PACKED = 150_000

/** The addon of one platform, in bytes. */
const MOST_ADDON = 1_500_000

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))

/** @type {{ path: string, size: number, files: string[] }} */
let tarball

const folder = await mkdtemp(join(tmpdir(), 'mokapot-pack-'))
test.after.always(() => rm(folder, { recursive: true }))

test.before('the package is packed', async (t) => {
  const { code, stdout, stderr } = await npm([
    'pack',
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    folder,
  ])
  t.is(code, 0, stderr)
  const [packed] = Object.values(JSON.parse(stdout))
  tarball = {
    path: join(folder, packed.filename),
    size: packed.size,
    files: packed.files.map((/** @type {{ path: string }} */ { path }) => path),
  }
})

test('the package holds what lib/ compiles to, the loader and the notices, and nothing else', async (t) => {
  const modules = await readdir(join(root, 'lib'))
  const compiled = modules.flatMap((name) => {
    const [base, ext] = [name.replace(/\.m?ts$/, ''), name.endsWith('.mts') ? 'm' : '']
    return [`dist/${base}.${ext}js`, `dist/${base}.d.${ext}ts`]
  })
  const others = ['LICENSE', 'README.md', 'THIRD-PARTY-NOTICES.md', 'index.d.ts', 'index.js', 'package.json']
  t.deepEqual(tarball.files.toSorted(), [...compiled, ...others].sort())
})

test(`the package is at most ${MOST_PACKED / 1000} kB packed`, (t) => {
  t.log(`${tarball.size} bytes`)
  t.true(tarball.size <= MOST_PACKED, `${tarball.size} bytes`)
})

test(`no addon has more than ${MOST_ADDON / 1e6} MB`, async (t) => {
  const places = ['', ...(await readdir(join(root, 'npm')).catch(() => []))]
  const addons = []
  for (const place of places) {
    const folder = place === '' ? root : join(root, 'npm', place)
    for (const name of await readdir(folder)) if (name.endsWith('.node')) addons.push(join(folder, name))
  }
  t.true(addons.length > 0)
  for (const addon of addons) {
    const { size } = await stat(addon)
    t.log(`${addon.slice(root.length)}: ${size} bytes`)
    t.true(size <= MOST_ADDON, `${addon} has ${size} bytes`)
  }
})

test('installing brings no other package but the addon, and runs nothing', (t) => {
  for (const kind of ['dependencies', 'peerDependencies', 'bundleDependencies', 'bundledDependencies']) {
    t.is(manifest[kind], undefined, kind)
  }
  const { name, binaryName } = { name: manifest.name, binaryName: manifest.napi.binaryName }
  for (const optional of Object.keys(manifest.optionalDependencies ?? {})) {
    t.regex(optional, new RegExp(`^(@${name}/(${binaryName}-)?|${name}-)(linux|darwin|win32)-(x64|arm64)`))
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

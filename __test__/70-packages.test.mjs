import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { PLATFORMS } from '../dist/addon.js'
import { filesOf } from '../scripts/platform-packages.mjs'
import { here, manifest, platforms } from '../scripts/platforms.mjs'
import { asCommonJs, asTypeScript, examplesOf } from './fixtures/examples.mjs'
import { makeProject } from './fixtures/project.mjs'

const root = new URL('..', import.meta.url)
const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', root))
const esbuild = fileURLToPath(new URL('node_modules/esbuild/bin/esbuild', root))
const examples = await examplesOf('README.md')

/** @type {string[]} */
let tarballs
/** @type {Map<string, import('./fixtures/project.mjs').Project>} */
const projects = new Map()

test.before(async () => {
  const packing = await makeProject()
  projects.set('packing', packing)
  const command = fileURLToPath(new URL('scripts/pack.mjs', root))
  const { stdout } = await packing.node([command, '--here', '--out', packing.folder])
  tarballs = stdout.trim().split('\n')
  for (const manager of /** @type {const} */ (['npm', 'pnpm'])) {
    const project = await makeProject()
    projects.set(manager, project)
    await project[manager](tarballs)
    await project.addSuites()
  }
})

test.after.always(async () => {
  for (const project of projects.values()) await project.remove()
})

/** @param {string} manager */
function projectOf(manager) {
  const project = projects.get(manager)
  if (project === undefined) throw new Error(`${manager} has installed nothing`)
  return project
}

test('the loader, package.json and the error of a missing binary name the same platforms', async (t) => {
  t.deepEqual(
    platforms.map(({ name }) => name),
    PLATFORMS,
  )
  const loader = await readFile(new URL('index.js', root), 'utf8')
  for (const { file, package: name } of platforms) {
    t.true(loader.includes(`'./${file}'`), file)
    t.true(loader.includes(`'${name}'`), name)
  }
})

test('the committed packages are those that package.json gives', async (t) => {
  for (const platform of platforms) {
    for (const [name, content] of Object.entries(filesOf(platform))) {
      const path = `${platform.folder}/${name}`
      t.is(await readFile(new URL(path, root), 'utf8'), content, `npm run packages writes ${path}`)
    }
  }
})

for (const manager of ['npm', 'pnpm']) {
  test.serial(`what ${manager} installs is what belongs into the tarballs`, async (t) => {
    const platform = platformHere()
    const { folder } = projectOf(manager)
    const read = async (/** @type {string} */ name) =>
      JSON.parse(await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8'))
    const installed = await read('mokapot')
    t.deepEqual(
      installed.optionalDependencies,
      Object.fromEntries(platforms.map(({ package: name }) => [name, manifest.version])),
    )
    for (const field of ['dependencies', 'devDependencies', 'scripts'])
      t.is(installed[field], undefined, field)
    const { os, cpu, engines } = await read(platform.package)
    t.deepEqual([os, cpu, engines], [[process.platform], [process.arch], manifest.engines])
    for (const name of ['LICENSE', 'THIRD-PARTY-NOTICES.md', 'README.md']) {
      t.not(await readFile(join(folder, 'node_modules', platform.package, name), 'utf8'), '')
      t.not(await readFile(join(folder, 'node_modules', 'mokapot', name), 'utf8'), '')
    }
  })

  // The suite of the workers, and both on other runtimes: npm run test:packages.
  test.serial(`the core suite passes over what ${manager} installs`, async (t) => {
    const suite = join('node_modules', 'mokapot', '__test__', 'runtimes', 'core.mjs')
    const { stdout } = await projectOf(manager).node([suite], { PATH: '' })
    t.regex(stdout, /^[1-9]\d* passed, 0 failed$/m)
  })

  for (const [index, example] of examples.entries()) {
    for (const [kind, name, code] of [
      ['import', `example-${index}.mjs`, example],
      ['require', `example-${index}.cjs`, asCommonJs(example)],
    ]) {
      test.serial(
        `example ${index + 1} of the README runs with ${kind} over what ${manager} installs`,
        async (t) => {
          const { stdout, stderr } = await projectOf(manager).run(String(name), String(code))
          t.is(stderr, '')
          t.is(lines(stdout), example.split('console.log(').length - 1)
        },
      )
    }
  }

  test.serial(
    `TypeScript finds the types of what ${manager} installs, in both ways of resolution`,
    async (t) => {
      const project = projectOf(manager)
      await project.borrow('@types/node')
      await project.borrow('undici-types')
      const typed = await readFile(new URL('fixtures/project.ts', import.meta.url), 'utf8')
      await writeFile(join(project.folder, 'typed.mts'), typed)
      await writeFile(join(project.folder, 'typed.cts'), typed)
      for (const [index, example] of examples.entries()) {
        await writeFile(join(project.folder, `example-${index}.mts`), asTypeScript(example))
      }
      const check = (/** @type {string[]} */ ...args) =>
        project.node([
          tsc,
          '--noEmit',
          '--target',
          'es2022',
          '--lib',
          'es2023,esnext.disposable',
          '--types',
          'node',
          ...args,
        ])
      for (const resolution of [
        ['--module', 'node16', '--moduleResolution', 'node16'],
        ['--module', 'esnext', '--moduleResolution', 'bundler'],
      ]) {
        await t.notThrowsAsync(check(...resolution, '--strict', 'typed.mts', 'typed.cts'))
        // The README's are JavaScript: their parameters have no types.
        await t.notThrowsAsync(
          check(...resolution, '--strict', 'false', ...examples.map((_, index) => `example-${index}.mts`)),
        )
      }
      // What would pass if the types were not found and all were any.
      await writeFile(
        join(project.folder, 'wrong.mts'),
        "import { Cache } from 'mokapot'\nnew Cache({ max: 'many' })\n",
      )
      const error = await t.throwsAsync(
        check('--module', 'node16', '--moduleResolution', 'node16', 'wrong.mts'),
      )
      t.regex(error?.message ?? '', /TS2322/)
    },
  )

  test.serial(`a bundle by esbuild runs with the addon beside it as ${manager} installed it`, async (t) => {
    const project = projectOf(manager)
    await writeFile(join(project.folder, 'app.mjs'), String(examples[0]))
    // As docs say: the generated loader's own two places for the addon stay what they are.
    await project.node([
      esbuild,
      'app.mjs',
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--outfile=app.out.mjs',
      ...EXTERNAL,
    ])
    const { stdout, stderr } = await project.node(['app.out.mjs'], { PATH: '' })
    t.is(stderr, '')
    t.is(stdout, "{ name: 'BOB' }\n")
  })
}

for (const [kind, file, code] of [
  ['import', 'load.mjs', "import 'mokapot'\nconsole.log('loaded')\n"],
  ['require', 'load.cjs', "require('mokapot')\nconsole.log('loaded')\n"],
]) {
  /**
   * What is printed, be it an error that nobody catches.
   *
   * @param {Record<string, string>} [env]
   */
  const load = (env) =>
    projectOf('npm')
      .run(String(file), String(code), env)
      .then(
        ({ stdout }) => stdout,
        ({ message }) => message,
      )

  test.serial(`a binary that is not installed is one error that says what to do, with ${kind}`, async (t) => {
    const { name: platform, package: packageName } = platformHere()
    const printed = await withoutBinary(() => load())
    const text = /^MokapotError: (.+)$/m.exec(printed)?.[1] ?? ''
    t.true(text.startsWith(`the binary of mokapot for ${platform} is not installed`), printed)
    t.true(text.includes(`npm install ${packageName}@${manifest.version}`), text)
    t.regex(text, /npm run build .*NAPI_RS_NATIVE_LIBRARY_PATH/)
    t.regex(printed, /code: 'ERR_MOKAPOT_NO_BINARY'/)
  })

  test.serial(`a binary that was built from source is loaded as that error says, with ${kind}`, async (t) => {
    const own = fileURLToPath(new URL(platformHere().file, root))
    t.is(await withoutBinary(() => load({ NAPI_RS_NATIVE_LIBRARY_PATH: own })), 'loaded\n')
    const none = join(projectOf('npm').folder, 'none.node')
    const printed = await withoutBinary(() => load({ NAPI_RS_NATIVE_LIBRARY_PATH: none }))
    t.regex(printed, /^MokapotError: .+ does not load \(.*none\.node/m)
    t.regex(printed, /code: 'ERR_MOKAPOT_NO_BINARY'/)
  })

  test.serial(`a binary that is damaged is an error that says so, with ${kind}`, async (t) => {
    const { name: platform, package: name, file: main } = platformHere()
    const printed = await withoutBinary(async (place) => {
      await mkdir(place)
      await writeFile(join(place, 'package.json'), JSON.stringify({ name, version: manifest.version, main }))
      await writeFile(join(place, main), 'no binary')
      return load()
    })
    t.regex(
      printed,
      new RegExp(`^MokapotError: the binary of mokapot for ${platform} does not load \\(.+\\)`, 'm'),
    )
    t.regex(printed, /code: 'ERR_MOKAPOT_NO_BINARY'/)
  })

  test.serial(
    `a platform without a package is an error that names those with one, with ${kind}`,
    async (t) => {
      const { folder } = projectOf('npm')
      await writeFile(
        join(folder, 'elsewhere.cjs'),
        "Object.defineProperty(process, 'platform', { value: 'sunos' })\n",
      )
      const printed = await load({ NODE_OPTIONS: '--require ./elsewhere.cjs' })
      const names = PLATFORMS.join(', ')
      t.true(
        printed.includes(`MokapotError: mokapot has no binary for sunos-${process.arch}, only for ${names};`),
        printed,
      )
      t.regex(printed, /code: 'ERR_MOKAPOT_NO_BINARY'/)
    },
  )
}

/**
 * Runs `body` while the platform's package is not in its place.
 *
 * @template T
 * @param {(place: string) => Promise<T>} body
 */
async function withoutBinary(body) {
  const { folder } = projectOf('npm')
  const place = join(folder, 'node_modules', platformHere().package)
  const aside = join(folder, 'aside')
  await rename(place, aside)
  try {
    return await body(place)
  } finally {
    await rm(place, { recursive: true, force: true })
    await rename(aside, place)
  }
}

function platformHere() {
  const platform = here()
  if (platform === undefined) throw new Error('this machine has no package')
  return platform
}

/** What keeps the addon out of a bundle, and gives the loader in it a `require`. */
const EXTERNAL = [
  '--external:*.node',
  '--external:mokapot-*',
  "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
]

/** @param {string} text */
function lines(text) {
  return text.split('\n').length - 1
}

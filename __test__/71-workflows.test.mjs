import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { platforms } from '../scripts/platforms.mjs'
import { checkTag, orderOf, repositoryFault } from '../scripts/release.mjs'
import { root } from './fixtures/npm.mjs'

const folder = join(root, '.github', 'workflows')
const { name, version, scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const workflows = await Promise.all(
  (await readdir(folder)).sort().map(async (file) => {
    const text = await readFile(join(folder, file), 'utf8')
    return { file, text, jobs: jobsOf(text) }
  }),
)

test('there are workflows, each with jobs', (t) => {
  t.true(workflows.length > 0)
  for (const { file, jobs } of workflows) t.true(jobs.length > 0, file)
})

/** What an action is pinned to: the same commit wherever it is used. */
const pins = new Map()

for (const { file, text, jobs } of workflows) {
  test(`${file} uses actions by their full commit, with the version beside it`, (t) => {
    for (const [line, used = ''] of text.matchAll(/^\s*(?:- )?uses: *(.*)$/gm)) {
      if (used.startsWith('./')) {
        t.true(existsSync(join(root, used)), line)
        continue
      }
      const [, action, commit] = /^([\w.-]+\/[\w./-]+)@([0-9a-f]{40}) # v\d+(?:\.\d+)*$/.exec(used) ?? []
      t.truthy(commit, line)
      t.is(pins.get(action) ?? commit, commit, line)
      pins.set(action, commit)
    }
  })

  test(`${file} runs only what runs here too: scripts of npm, and Cargo`, (t) => {
    // A step of several lines, or one that is no command of npm, would be tried out by nobody.
    for (const [, command = ''] of text.matchAll(/^\s*(?:- )?run: *(.*)$/gm)) {
      t.regex(command, /^(?:npm (?:ci|test|audit|pkg|run [\w:-]+)|cargo [\w-]+)(?: |$)/)
      const [, script] = /^npm run (\S+)/.exec(command) ?? []
      if (script !== undefined) t.true(script in scripts, `package.json has a script for \`${command}\``)
      // What is filled in could hold anything; through the environment it stays one word.
      t.notRegex(command, /\$\{\{(?! *matrix\.)/, command)
    }
  })

  test(`${file} may do only what each job says, leaves no token behind, and ends`, (t) => {
    t.regex(text, /^permissions: \{\}$/m, 'nothing is allowed to all jobs')
    for (const { title, body } of jobs) {
      t.regex(body, /^ {4}permissions:\n(?: {6}.+\n)+/m, title)
      if (!/^ {4}uses: /m.test(body)) t.regex(body, /^ {4}timeout-minutes: \d+$/m, title)
      const checkouts = body.match(/uses: actions\/checkout@/g)?.length ?? 0
      t.is(body.match(/persist-credentials: false/g)?.length ?? 0, checkouts, title)
      if (/write/.test(body)) t.is(`${file} ${title}`, 'release.yml publish')
    }
    // One that is called runs in the group of its caller.
    if (!/^ {2}workflow_call:/m.test(text)) t.regex(text, /^concurrency:/m)
  })
}

test('each platform is built, and all are tested but musl on arm64, whose containers run no actions', (t) => {
  const platformsIn = (/** @type {string} */ file) => {
    const text = workflows.find((one) => one.file === file)?.text ?? ''
    return [
      ...new Set(Array.from(text.matchAll(/(?:platform|name): (\w+-\w+(?:-\w+)?)/g), ([, each]) => each)),
    ]
  }
  const names = platforms.map((platform) => platform.name)
  t.deepEqual(platformsIn('build.yml').sort(), names.toSorted())
  t.deepEqual([...platformsIn('test.yml'), 'linux-arm64-musl'].sort(), names.toSorted())
})

/** The tarballs of a release, as `npm run pack:all` names them. */
const tarballs = [name, ...platforms.map((platform) => platform.package)].map(
  (each) => `${each}-${version}.tgz`,
)

test('a release publishes all platforms first and the main package last', (t) => {
  const order = orderOf(tarballs)
  t.is(order.length, platforms.length + 1)
  t.deepEqual(order.at(-1), { name, file: `${name}-${version}.tgz` })
  t.deepEqual(order.map(({ file }) => file).sort(), tarballs.toSorted())
})

test('a release is refused when a package is missing, another is there, or the tag is not the version', (t) => {
  t.throws(() => orderOf(tarballs.slice(1)), { message: /lacks/ })
  t.throws(() => orderOf([]), { message: /lacks/ })
  t.throws(() => orderOf([...tarballs, `${name}-0.0.1-old.tgz`]), { message: /old/ })
  for (const ref of [undefined, 'refs/heads/main', `refs/tags/${version}`, `refs/tags/v${version}-rc.1`]) {
    t.throws(() => checkTag(ref), { message: /A release of/ })
  }
  t.notThrows(() => checkTag(`refs/tags/v${version}`))
})

test('a release is refused when a package names no repository, and says how to name it', (t) => {
  const named = { name: 'named', repository: { url: 'git+https://example.org/some/where.git' } }
  t.is(repositoryFault([named, named]), undefined)
  for (const repository of [undefined, {}, { url: '' }]) {
    t.regex(repositoryFault([named, { name, repository }]) ?? '', /of mokapot names no.*npm pkg set/)
  }
})

/**
 * The jobs of a workflow: what stands two deep under `jobs:`.
 *
 * @param {string} text
 */
function jobsOf(text) {
  const [, jobs = ''] = /^jobs:\n((?: .*\n|\n| *#.*\n)*)/m.exec(text) ?? []
  return Array.from(
    jobs.matchAll(/^ {2}([\w-]+):\n((?: {4}.*\n|\n|\s*#.*\n)*)/gm),
    ([, title = '', body = '']) => ({
      title,
      body,
    }),
  )
}

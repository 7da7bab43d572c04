import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import { transform } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const chapters = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).sort()
/** What the other blocks are in: all that can run must. */
const NO_PROGRAMS = ['sh', 'text']

const documents = await Promise.all(
  ['README.md', ...chapters.map((name) => `docs/${name}`)].map(async (document) => {
    const text = await readFile(join(root, document), 'utf8')
    const blocks = [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)]
    const examples = blocks
      .map(([, language = '', code = '']) => ({ language, code }))
      .filter(({ language }) => !NO_PROGRAMS.includes(language))
    return { document, examples }
  }),
)

/** Tables, not chapters that explain. */
const WITHOUT_EXAMPLES = ['docs/benchmarks.md', 'docs/guarantees.md']

for (const { document, examples } of documents) {
  if (!WITHOUT_EXAMPLES.includes(document)) {
    test(`${document} has examples`, (t) => {
      t.true(examples.length > 0)
    })
  }

  for (const [index, { language, code: example }] of examples.entries()) {
    test.serial(`example ${index + 1} of ${document} runs as printed and prints what it says`, async (t) => {
      t.true(['js', 'ts'].includes(language), `a block in ${language || 'no language'}`)
      const promised = [...example.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map((match) => match[1] ?? '')
      t.true(promised.length > 0, 'it promises a print')

      const folder = await mkdtemp(join(tmpdir(), 'mokapot-example-'))
      t.teardown(() => rm(folder, { recursive: true }))
      await mkdir(join(folder, 'node_modules'))
      await symlink(root, join(folder, 'node_modules', 'mokapot'), 'junction')
      const file = join(folder, 'example.mjs')
      // For decorators, which no Node runs as they are.
      const { code } = await transform(example, { loader: /** @type {'js'} */ (language), target: 'es2022' })
      await writeFile(file, language === 'ts' ? code : example)
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [file])
      t.is(stderr, '')

      // Threads print in any order, and one line may print in several of them.
      const printed = stdout.trimEnd().split('\n')
      for (const line of printed) t.true(isPromised(line, promised), `${line} is promised`)
      for (const promise of promised) t.true(isKept(promise, printed), `${promise} in ${stdout}`)
      t.true(printed.length >= promised.length, stdout)
    })
  }
}

/**
 * @param {string} line
 * @param {string[]} promised
 */
function isPromised(line, promised) {
  return promised.some((promise) => keeps(line, promise))
}

/**
 * @param {string} promise
 * @param {string[]} printed
 */
function isKept(promise, printed) {
  return printed.some((line) => keeps(line, promise))
}

/**
 * Whether a printed line is what was promised: the same but for quotes, which strings may be written in, and what follows
 * after a comma, which explains; `…` stands for any end.
 *
 * @param {string} line
 * @param {string} promise
 */
function keeps(line, promise) {
  const [is, says] = [line, promise].map((text) => text.replaceAll("'", ''))
  if (says.endsWith('…')) return is.startsWith(says.slice(0, -1))
  return says === is || says.startsWith(`${is}, `)
}

test('every code of an error is explained in the table of errors', async (t) => {
  const declared = await readFile(join(root, 'lib/errors.ts'), 'utf8')
  const codes = [...declared.matchAll(/^ {2}\| '(ERR_MOKAPOT_\w+)'$/gm)].map((match) => match[1])
  const chapter = await readFile(join(root, 'docs/sharing-between-workers.md'), 'utf8')
  const explained = new Set([...chapter.matchAll(/^\| `(ERR_MOKAPOT_\w+)` \|/gm)].map((match) => match[1]))
  t.deepEqual([...explained].sort(), codes.toSorted())
})

test('links between the documents lead somewhere', async (t) => {
  const pages = [
    ...documents.map(({ document }) => document),
    'SECURITY.md',
    'CONTRIBUTING.md',
    'examples/README.md',
  ]
  const texts = new Map(
    await Promise.all(pages.map(async (page) => /** @type {const} */ ([page, await prose(page)]))),
  )
  for (const [page, text] of texts) {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#')
      const file = path === '' ? page : posix.join(posix.dirname(page), path)
      t.true(existsSync(join(root, file)), `${page}: ${target}`)
      if (anchor === undefined) continue
      t.true(anchorsOf(texts.get(file) ?? '').includes(anchor), `${page}: ${target}`)
    }
  }
})

/** A document without its blocks of code. @param {string} page */
async function prose(page) {
  return (await readFile(join(root, page), 'utf8')).replace(/^```.*?^```$/gms, '')
}

/** The anchors that GitHub gives the headings of a page. @param {string} text */
function anchorsOf(text) {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

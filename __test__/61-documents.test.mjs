import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const chapters = (await readdir(join(root, 'docs'))).filter((name) => name.endsWith('.md')).sort()
const documents = await Promise.all(
  ['README.md', ...chapters.map((name) => `docs/${name}`)].map(async (document) => {
    const text = await readFile(join(root, document), 'utf8')
    const examples = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
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

  for (const [index, example] of examples.entries()) {
    test.serial(`example ${index + 1} of ${document} runs as printed and prints what it says`, async (t) => {
      const promised = [...example.matchAll(/console\.log\(.*\) \/\/ (.+)$/gm)].map((match) => match[1] ?? '')
      t.true(promised.length > 0, 'it promises a print')

      const folder = await mkdtemp(join(tmpdir(), 'mokapot-example-'))
      t.teardown(() => rm(folder, { recursive: true }))
      await mkdir(join(folder, 'node_modules'))
      await symlink(root, join(folder, 'node_modules', 'mokapot'), 'junction')
      const file = join(folder, 'example.mjs')
      await writeFile(file, example)
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

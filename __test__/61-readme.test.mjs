import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = await readFile(join(root, 'README.md'), 'utf8')
const examples = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1] ?? '')

test('the README has examples', (t) => {
  t.true(examples.length > 0)
})

for (const [index, example] of examples.entries()) {
  test(`example ${index + 1} of the README runs as printed and prints what it says`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'mokapot-readme-'))
    t.teardown(() => rm(folder, { recursive: true }))
    await mkdir(join(folder, 'node_modules'))
    await symlink(root, join(folder, 'node_modules', 'mokapot'), 'junction')
    const file = join(folder, 'example.mjs')
    await writeFile(file, example)
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file])
    t.is(stderr, '')
    const promised = [...example.matchAll(/console\.log\(.*\) \/\/ ([^,\n]+)/g)].map((match) => match[1])
    t.true(promised.length > 0)
    const printed = new Set(stdout.trim().split('\n'))
    for (const line of promised) t.true(printed.has(String(line).replaceAll("'", '')), `${line} in ${stdout}`)
    t.is(printed.size, promised.length)
  })
}

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

const root = fileURLToPath(new URL('..', import.meta.url))
const page = readFileSync(join(root, 'docs', 'guarantees.md'), 'utf8')
const rows = [...page.matchAll(/^\| (?!\| held by)(.+?) \| (`.+) \|$/gm)].map(
  ([, sentence = '', held = '']) => ({
    sentence,
    held,
  }),
)

/** @param {string} name of a file as the page writes it */
function source(name) {
  const places = [`__test__/${name}.test.mjs`, `src/engine/tests/${name}`, name].map((place) =>
    join(root, place),
  )
  const file = places.find((place) => existsSync(place))
  return file === undefined ? undefined : readFileSync(file, 'utf8')
}

/** What the tests of a source are called, those left out by `skip` or `todo` aside. @param {string} text */
function titlesIn(text) {
  const inJs = text.matchAll(/^\s*(?:test(?:\.serial)?|nearTest)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm)
  const inRust = text.matchAll(/^\s*#\[test\]\s+(?:#\[[^\n]+\]\s+)*fn (\w+)\(/gm)
  return [...[...inJs].map(([, , title = '']) => title), ...[...inRust].map(([, name = '']) => name)]
}

test('there are guarantees, each with what holds it', (t) => {
  t.true(rows.length > 20)
  const lines = page.split('\n').filter((line) => /^\| [^|]*[A-Za-z]/.test(line) && !line.includes('held by'))
  t.is(rows.length, lines.length)
})

for (const { sentence, held } of rows) {
  test(`the test exists that holds: ${sentence}`, (t) => {
    let text = ''
    for (const part of held.split(' · ')) {
      const [, file, title] = /^(?:`([^`]+)` › )?`(.+)`$/.exec(part) ?? []
      if (file !== undefined) text = source(file) ?? t.fail(`there is no ${file}`) ?? ''
      t.true(
        titlesIn(text).some((known) => known.includes(title ?? part)),
        part,
      )
    }
  })
}

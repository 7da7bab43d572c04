import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { root, run } from './fixtures/npm.mjs'

/** What may be linked into the addon. Each asks for its notice at most, which THIRD-PARTY-NOTICES.md gives. */
const ALLOWED = new Set(['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'Zlib', 'Unicode-3.0'])

const { name, napi } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const notices = await readFile(join(root, 'THIRD-PARTY-NOTICES.md'), 'utf8')

test('each crate that is linked has a licence that is allowed, and stands in THIRD-PARTY-NOTICES.md with it', async (t) => {
  const noticed = noticedCrates(notices)
  const linked = await linkedCrates()
  t.true(linked.has('moka') && linked.has('napi'), 'the list is one')
  t.true(linked.size > 10)
  for (const [crate, licence] of linked) {
    t.true(isAllowed(licence), `${crate} is under ${licence}`)
    t.is(noticed.get(crate), licence, `the notice of ${crate}`)
  }
  for (const crate of noticed.keys()) t.true(linked.has(crate), `${crate} has a notice and is not linked`)
})

test('a licence is allowed if one of what it offers is, together with all that it demands', (t) => {
  for (const licence of [
    'MIT',
    'GPL-3.0 OR MIT',
    '(MIT OR GPL-3.0) AND Apache-2.0',
    'Unlicense OR MIT',
    'Zlib',
  ]) {
    t.true(isAllowed(licence), licence)
  }
  for (const licence of [
    '',
    'GPL-3.0',
    'MIT AND GPL-3.0',
    '(MIT',
    'MIT Zlib',
    '(MIT OR Zlib) AND (GPL-3.0 OR MPL-2.0)',
    'MIT-0',
  ]) {
    t.false(isAllowed(licence), licence)
  }
})

/**
 * The crates that any of the platforms links, with their licences: neither what builds or tests, nor what expands macros.
 *
 * @returns {Promise<Map<string, string>>}
 */
async function linkedCrates() {
  const targets = napi.targets.flatMap((/** @type {string} */ target) => ['--target', target])
  const tree = ['tree', '--locked', '--edges', 'normal,no-proc-macro', '--prefix', 'none', '--no-dedupe']
  const args = [...tree, '--format', '{p}|{l}', ...targets]
  let { code, stdout, stderr } = await run('cargo', [...args, '--offline'])
  // A build fetches only what this platform needs.
  if (code !== 0) ({ code, stdout, stderr } = await run('cargo', args))
  if (code !== 0) throw new Error(stderr)
  const crates = stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [crate = '', licence = ''] = line.split('|')
      // Crates of old write a slash for OR.
      return /** @type {const} */ ([crate.split(' ', 1)[0] ?? '', licence.replaceAll('/', ' OR ')])
    })
  return new Map(crates.filter(([crate]) => crate !== name && crate !== ''))
}

/**
 * The crates of the table of notices with their licences. A row may name several, `futures, futures-channel, -core`, and
 * says in brackets where they are linked; a row with a space in its name is a part of a crate.
 *
 * @param {string} text
 */
function noticedCrates(text) {
  /** @type {Map<string, string>} */
  const crates = new Map()
  for (const [, names = '', licence = ''] of text.matchAll(/^\| (.+?) \| (.+?) \| .+ \|$/gm)) {
    const list = names.replace(/ \(.*\)$/, '').split(', ')
    const first = list[0]
    if (first === 'crate' || /^the | in /i.test(names)) continue
    for (const each of list) crates.set(each.startsWith('-') ? first + each : each, licence)
  }
  return crates
}

/**
 * Whether an SPDX expression can be met with what is allowed.
 *
 * @param {string} expression
 */
function isAllowed(expression) {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? []
  const taken = () => tokens.shift() ?? ''

  /** @type {() => boolean} */
  const one = () => {
    const token = taken()
    if (token !== '(') return ALLOWED.has(token)
    const inside = anyOf()
    return taken() === ')' && inside
  }
  /** @type {() => boolean} */
  const allOf = () => {
    let good = one()
    while (tokens[0] === 'AND') good = taken() !== '' && one() && good
    return good
  }
  /** @type {() => boolean} */
  const anyOf = () => {
    let good = allOf()
    while (tokens[0] === 'OR') good = (taken() !== '' && allOf()) || good
    return good
  }
  return anyOf() && tokens.length === 0
}

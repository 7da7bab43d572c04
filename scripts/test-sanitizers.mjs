/**
 * The engine's tests under ThreadSanitizer and AddressSanitizer, and those of its small data structures under Miri.
 * `-- thread`, `-- address` or `-- miri` runs one of them.
 *
 * The standard library is built anew, so that the sanitizers see into it too, and the system's allocator serves.
 */

import { join } from 'node:path'
import { checkNightly, step, TARGET } from './nightly.mjs'
import { checkRust, main, root, Stop } from './prepare.mjs'

const KNOWN = ['thread', 'address', 'miri']

/** What Miri runs: it is a thousand times slower, and moka takes it minutes. */
const UNDER_MIRI = [
  'engine::slots',
  'engine::window',
  'engine::sketch',
  'engine::payload',
  'engine::stamps',
  'forms',
]

await main(async () => {
  const asked = process.argv.slice(2)
  const unknown = asked.find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw new Stop(`There is no ${unknown}: known are ${KNOWN.join(', ')}.`)
  checkRust()
  checkNightly(['rust-src', 'miri'])
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
  for (const name of asked.length > 0 ? asked : KNOWN) {
    await (name === 'miri' ? miri(target) : sanitize(name, target))
  }
})

/**
 * @param {string} sanitizer
 * @param {string} target
 */
async function sanitize(sanitizer, target) {
  const suppressions = join(root, 'scripts/sanitizers/tsan.supp')
  const args = ['+nightly', 'test', '-Zbuild-std', '--target', TARGET, '--no-default-features', '--lib']
  await step(`${sanitizer} sanitizer`, 'cargo', args, {
    RUSTFLAGS: `-Zsanitizer=${sanitizer} --cfg system_allocator`,
    CARGO_TARGET_DIR: join(target, `sanitizer-${sanitizer}`),
    // So many cases of each property test: a sanitizer takes ten times as long.
    PROPTEST_CASES: '32',
    TSAN_OPTIONS: `suppressions=${suppressions} halt_on_error=1`,
    ASAN_OPTIONS: 'detect_leaks=1',
  })
}

/** @param {string} target */
async function miri(target) {
  const args = ['+nightly', 'miri', 'test', '--no-default-features', '--lib', '--', ...UNDER_MIRI]
  await step('Miri', 'cargo', args, {
    RUSTFLAGS: '--cfg system_allocator',
    CARGO_TARGET_DIR: join(target, 'miri'),
    MIRIFLAGS: '-Zmiri-disable-isolation',
    PROPTEST_CASES: '4',
  })
}

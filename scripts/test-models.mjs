/**
 * Tries every order in which a few threads may come to the stamps, the flights and the registry, with loom:
 * src/engine/tests/models.rs.
 */

import { join } from 'node:path'
import { step } from './nightly.mjs'
import { checkRust, main, root } from './prepare.mjs'

await main(async () => {
  checkRust()
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
  await step(
    'models',
    'cargo',
    ['test', '--no-default-features', '--lib', 'models::', ...process.argv.slice(2)],
    {
      RUSTFLAGS: '--cfg loom --cfg system_allocator',
      CARGO_TARGET_DIR: join(target, 'models'),
    },
  )
})

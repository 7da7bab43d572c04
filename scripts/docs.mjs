/**
 * Writes the API reference to docs/api/ from the comments in lib/. What is public and says nothing about itself, and a
 * link that leads nowhere, are errors.
 *
 * TypeDoc needs an older TypeScript than the project has, so both are a package of their own in scripts/api-docs/.
 */

import { join } from 'node:path'
import { checkNode, install, main, root, run, Stop } from './prepare.mjs'

const tool = join(root, 'scripts', 'api-docs')

await main(async () => {
  checkNode()
  await install() // for the types of Node
  await install(tool)
  const typedoc = join(tool, 'node_modules', 'typedoc', 'bin', 'typedoc')
  const args = [typedoc, '--options', join(tool, 'typedoc.json'), ...process.argv.slice(2)]
  const { code } = await run(process.execPath, args, { cwd: tool })
  if (code !== 0) throw new Stop('The API reference has faults.', code)
})

/**
 * Writes the API reference to docs/api/ from the comments in lib/. What is public and says nothing about itself, and a
 * link that leads nowhere, are errors.
 *
 * TypeDoc needs an older TypeScript than the project has, so both are a package of their own in scripts/api-docs/.
 */

import { join } from 'node:path'
import { checkNode, install, main, root, run, Stop } from './prepare.mjs'

const tool = join(root, 'scripts', 'api-docs')

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    checkNode()
    await install() // for the types of Node
    await install(tool)
    await typedoc(process.argv.slice(2))
  })
}

/**
 * Only looks for faults, and throws a Stop for them. False if TypeDoc is not there and cannot be fetched.
 *
 * @returns {Promise<boolean>}
 */
export async function checkReference() {
  try {
    await install(tool)
  } catch (error) {
    if (error instanceof Stop) return false
    throw error
  }
  await typedoc(['--emit', 'none'])
  return true
}

/** @param {readonly string[]} args */
async function typedoc(args) {
  const command = join(tool, 'node_modules', 'typedoc', 'bin', 'typedoc')
  const { code } = await run(process.execPath, [command, '--options', join(tool, 'typedoc.json'), ...args], {
    cwd: tool,
  })
  if (code !== 0) throw new Stop('The API reference has faults.', code)
}

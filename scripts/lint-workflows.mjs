/**
 * Checks `.github/workflows/` with actionlint, which is written in Go: the one on the PATH, or one that Go installs into
 * `.tools/`.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, run, Stop } from './prepare.mjs'

const MODULE = 'github.com/rhysd/actionlint/cmd/actionlint@v1.7.12'

const FOLDER = join('.github', 'workflows')

/** Building it takes a minute; milliseconds. */
const PATIENCE = 5 * 60_000

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    if (!(await lintWorkflows()))
      throw new Stop('Checking the workflows takes actionlint, or Go to install it.')
  })
}

/**
 * Whether there is an actionlint to check with; throws a Stop for what it finds.
 *
 * @returns {Promise<boolean>}
 */
export async function lintWorkflows() {
  const actionlint = find()
  if (actionlint === undefined) return false
  // Named one by one, since a copy that is no repository has no project for it to find.
  const workflows = readdirSync(join(root, FOLDER)).map((name) => join(FOLDER, name))
  // The commands in the workflows are npm's, in which shellcheck, where there is one, has nothing to find.
  const { code } = await run(actionlint, ['-shellcheck=', '-pyflakes=', ...workflows])
  if (code !== 0) throw new Stop('actionlint has found something.', code)
  return true
}

/** @returns {string | undefined} */
function find() {
  if (isThere('actionlint', '-version')) return 'actionlint'
  const folder = join(root, '.tools')
  const installed = join(folder, process.platform === 'win32' ? 'actionlint.exe' : 'actionlint')
  if (existsSync(installed)) return installed
  if (!isThere('go', 'version')) return undefined
  console.log(`Installing ${MODULE} ...`)
  const { status } = spawnSync('go', ['install', MODULE], {
    env: { ...process.env, GOBIN: folder },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: PATIENCE,
  })
  return status === 0 ? installed : undefined
}

/**
 * @param {string} command
 * @param {string} arg
 */
function isThere(command, arg) {
  return spawnSync(command, [arg], { stdio: 'ignore' }).status === 0
}

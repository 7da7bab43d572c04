/**
 * Installs what `npm run pack:all` made as a user does, and runs the suites for all runtimes over what is installed: from a
 * registry on this machine that has these tarballs alone, into an empty folder, with nothing on the PATH. Bun and Deno
 * install for themselves.
 *
 * First npm must choose, for each platform that was packed, the package of that platform and no other. `--only node24,bun`
 * runs the suites on some runtimes.
 */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { makeProject } from '../__test__/fixtures/project.mjs'
import { here, manifest, platforms } from './platforms.mjs'
import { checkNode, main, root, Stop } from './prepare.mjs'
import { SUITES } from './runtimes/list.mjs'
import { serve } from './runtimes/registry.mjs'
import { chosen, commandOf, countSuite, runIt } from './runtimes/use.mjs'

/** @typedef {import('../__test__/fixtures/project.mjs').Project} Project */
/** @typedef {import('./platforms.mjs').Platform} Platform */

const FOLDER = join(root, '.packages')

await main(async () => {
  const { values } = parseArgs({ options: { only: { type: 'string' } } })
  checkNode()
  const files = existsSync(FOLDER) ? readdirSync(FOLDER) : []
  const isPacked = (/** @type {string} */ name) => files.includes(`${name}-${manifest.version}.tgz`)
  const packed = platforms.filter((platform) => isPacked(platform.package))
  const own = packed.find((platform) => platform === here())
  if (!isPacked(manifest.name) || own === undefined) {
    throw new Stop('.packages/ lacks the tarballs for this machine: `npm run pack:all` makes them.')
  }
  // What only bends how this Node runs says nothing of a package.
  const runtimes = chosen(values.only, ({ name, foreign, spec, wheel }) => {
    if (spec === undefined && wheel === undefined) return 'it is no runtime of its own'
    if (name === 'deno' && packed.length < platforms.length)
      return '.packages/ lacks platforms, and Deno asks for all before it takes one'
    if (foreign?.musl !== undefined) return "the generated loader asks the system's ldd, which is not musl's"
    if (foreign === undefined || packed.includes(foreign.platform)) return undefined
    return `.packages/ has no ${foreign.platform.package}`
  })

  const registry = await serve(FOLDER)
  /** @type {Map<string, Project>} */
  const projects = new Map()
  const rows = []
  try {
    for (const platform of packed) {
      const project = await makeProject()
      projects.set(platform.name, project)
      rows.push(await choose(project, platform, registry.url))
    }
    for (const runtime of runtimes) {
      const { command, first, version } = commandOf(runtime)
      let project = projects.get((runtime.foreign?.platform ?? own).name)
      if (runtime.name === 'bun' || runtime.name === 'deno') {
        project = await makeProject()
        projects.set(runtime.name, project)
        await project[runtime.name](command, registry.url)
      }
      if (project === undefined) throw new Error(`nothing was installed for ${runtime.name}`)
      const suites = await project.addSuites()
      for (const suite of SUITES) {
        console.log(`\n== ${runtime.name}, ${version}: ${suite}`)
        const args = [...first, ...(runtime.args ?? []), join(suites, `${suite}.mjs`)]
        const env = { ...runtime.env, ...bare(runtime.foreign?.runner) }
        const { code, stdout } = await runIt(command, args, env, project.folder)
        const [passed, failed] = countSuite(stdout)
        rows.push({
          on: `${runtime.name}, ${version}`,
          what: suite,
          passed,
          failed: code !== 0 && failed === 0 ? 1 : failed,
        })
      }
    }
  } finally {
    registry.close()
    for (const project of projects.values()) await project.remove()
  }
  console.table(rows)
  if (rows.some(({ failed }) => failed > 0)) throw new Stop('Not everything passed.')
})

/**
 * What hides all compilers, and other addons.
 *
 * @param {string | undefined} runner An emulator, which may be a script of the shell.
 */
function bare(runner) {
  return { PATH: runner === undefined ? '' : '/usr/bin:/bin', NAPI_RS_NATIVE_LIBRARY_PATH: '' }
}

/**
 * Has npm install as if it were on another platform.
 *
 * @param {Project} project
 * @param {Platform} platform
 * @param {string} registry
 */
async function choose(project, platform, registry) {
  const { os, cpu, libc } = platform
  const flags = [`--os=${os}`, `--cpu=${cpu}`, ...(libc ? [`--libc=${libc}`] : [])]
  await project.npm(
    [manifest.name],
    [`--registry=${registry}`, `--cache=${join(project.folder, '.npm')}`, ...flags],
  )
  const installed = readdirSync(join(project.folder, 'node_modules')).filter((name) => !name.startsWith('.'))
  const isRight = installed.sort().join() === [manifest.name, platform.package].sort().join()
  console.log(`${platform.name}: npm installs ${installed.join(' and ')}`)
  return { on: 'npm', what: platform.name, passed: isRight ? 1 : 0, failed: isRight ? 0 : 1 }
}

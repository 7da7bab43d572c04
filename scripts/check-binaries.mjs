/**
 * Whether each addon in `npm/` is what its platform needs: format, processor, exported entry, imported libraries, version of
 * glibc, signature, size. Platforms named as arguments must be there; without any, those are checked that are there.
 */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { faultsOf } from './binaries/check.mjs'
import { platforms } from './platforms.mjs'
import { main, root, Stop } from './prepare.mjs'

await main(async () => {
  const { positionals } = parseArgs({ allowPositionals: true })
  const unknown = positionals.find((name) => !platforms.some((platform) => platform.name === name))
  if (unknown !== undefined) {
    throw new Stop(
      `There is no platform ${unknown}; there are ${platforms.map(({ name }) => name).join(', ')}.`,
    )
  }
  let checked = 0
  let faulty = 0
  for (const platform of platforms) {
    const file = join(root, platform.folder, platform.file)
    const wanted = positionals.includes(platform.name)
    if (!wanted && (positionals.length > 0 || !existsSync(file))) continue
    checked += 1
    const faults = existsSync(file) ? faultsOf(readFileSync(file), platform) : ['it is not there']
    console.log(`${platform.name}: ${faults.length === 0 ? 'fine' : faults.join('; ')}`)
    if (faults.length > 0) faulty += 1
  }
  if (checked === 0) throw new Stop('There is no binary in npm/: `npm run build:all` makes them.')
  if (faulty > 0) throw new Stop(`${faulty} of ${checked} binaries are not fit to be published.`)
})

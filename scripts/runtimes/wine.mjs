/** Gives wine a library that Rust's standard one loads and that wine has only since version 9. */

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root, Stop } from '../prepare.mjs'

/** @param {string} prefix Where wine keeps its Windows. */
export function completeWine(prefix) {
  const library = join(prefix, 'drive_c', 'windows', 'system32', 'bcryptprimitives.dll')
  if (existsSync(library)) return
  const python = join(root, '.cross', 'venv', 'bin', 'python3')
  if (!existsSync(python))
    throw new Stop('wine lacks bcryptprimitives.dll: `npm run build:all` brings zig, which makes it.')
  const source = join(root, 'scripts', 'runtimes', 'bcryptprimitives.c')
  const args = ['-target', 'x86_64-windows-gnu', '-nostdlib', '-shared', '-ladvapi32', '-Wl,-e,DllMain', '-s']
  execFileSync(python, ['-m', 'ziglang', 'cc', source, ...args, '-o', library], { stdio: 'inherit' })
}

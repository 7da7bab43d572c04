// What is wrong where there is no addon to load.

import { reason } from './describe.js'
import { MokapotError } from './errors.js'

/** The platform has no binary. */
export function noBinaryFor(
  platform: string,
  known: readonly string[],
  version: string,
  cause: unknown,
): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    `mokapot has no binary for ${platform}, only for ${known.join(', ')}; ${buildIt(version)}`,
    { cause },
  )
}

/** The platform's package is not there. */
export function noBinary(platform: string, version: string, cause: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    `the binary of mokapot for ${platform} is not installed: run npm install mokapot-${platform}@${version} ` +
      '(it is left out by --omit=optional, and by a lock file or node_modules made on another platform); ' +
      `or ${buildIt(version)}`,
    { cause },
  )
}

/** This process may load no addons at all. */
export function addonsForbidden(cause: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    'Node was started so that it loads no native addons, and mokapot is one: start it without --no-addons, and where ' +
      'it has --permission with --allow-addons, too',
    { cause },
  )
}

/** The platform's package is there, and the system refuses it. */
export function binaryFails(platform: string, version: string, cause: unknown): MokapotError {
  return new MokapotError(
    'ERR_MOKAPOT_NO_BINARY',
    `the binary of mokapot for ${platform} does not load (${reason(cause)}): if it is damaged, remove node_modules and ` +
      `install again, with mokapot-${platform}@${version} in it; if this system is too old for it, ${buildIt(version)}`,
    { cause },
  )
}

function buildIt(version: string): string {
  return (
    `build it from source: run npm install and npm run build in a checkout of mokapot ${version}, which takes Rust and ` +
    'a C compiler, and set NAPI_RS_NATIVE_LIBRARY_PATH to the path of the .node file that this makes'
  )
}

// Loads the addon, and says what to do where there is none. The loader itself, index.js, is generated.

import { addonsForbidden, binaryFails, noBinary, noBinaryFor } from './binary-errors'

/** The platforms that have a package with a binary, as package.json lists them in `napi.targets`. */
export const PLATFORMS = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc',
]

/** How the message begins that a runtime has for a module that is not there; the loader keeps no more than messages. */
const NOT_FOUND = /^Cannot find (module|package) /

/** What stands in Node's message for ERR_DLOPEN_DISABLED. */
const FORBIDDEN = 'loading addons is disabled'

/** What `load` returns; whatever keeps it from loading becomes one error that says what to do. */
export function loadAddon(load: () => unknown): unknown {
  try {
    return load()
  } catch (error) {
    const platform = platformHere()
    if (!PLATFORMS.includes(platform)) throw noBinaryFor(platform, PLATFORMS, version(), error)
    const causes = causesOf(error)
    const ban = causes.find(({ message }) => message.includes(FORBIDDEN))
    if (ban !== undefined) throw addonsForbidden(ban)
    // A path in this variable is all that the loader tries, but for what is not published.
    const fault = process.env.NAPI_RS_NATIVE_LIBRARY_PATH
      ? causes[0]
      : causes.find(({ message }) => !NOT_FOUND.test(message))
    throw fault === undefined ? noBinary(platform, version(), error) : binaryFails(platform, version(), fault)
  }
}

/** This platform, as the packages' names have it. */
function platformHere(): string {
  const { platform, arch } = process
  if (platform === 'linux') return `linux-${arch}-${isGlibc() ? 'gnu' : 'musl'}`
  return platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`
}

/** Whether the C library is glibc, which it is taken for where the runtime does not tell. */
function isGlibc(): boolean {
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined
  if (report === undefined) return true
  // Without this, the report may ask for the names of hosts and take seconds.
  const before = report.excludeNetwork ?? false
  report.excludeNetwork = true
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } }
  report.excludeNetwork = before
  return header === undefined || header.glibcVersionRuntime !== undefined
}

/** What the loader tried, first to last; its own error, which only sums them up, if it tried nothing. */
function causesOf(error: unknown): Error[] {
  const causes: Error[] = []
  for (let cause = error; cause instanceof Error && causes.length < 20; cause = cause.cause)
    causes.unshift(cause)
  return causes.length > 1 ? causes.slice(0, -1) : causes
}

function version(): string {
  return (require('../package.json') as { version: string }).version
}

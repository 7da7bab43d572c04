/** What is wrong with a binary for a platform. */

import { readFacts } from './reader.mjs'

/** The most that a binary may take, in bytes. */
export const LARGEST = 1_500_000

/** The glibc that the oldest systems have on which Node runs, itself built for a newer one. */
const GLIBC = '2.17'

/** The macOS that the oldest supported Node needs. */
const MACOS = '11.0'

/** The largest page that a kernel for the processor may have, in bytes. */
const PAGES = { x64: 4 << 10, arm64: 64 << 10 }

/** What Node looks for in an addon. */
const ENTRY = 'napi_register_module_v1'

const FORMATS = { linux: 'elf', darwin: 'macho', win32: 'pe' }

/** The libraries that every system of a kind has; anything else could be missing where the addon is installed. */
const LIBRARIES = {
  glibc: [/^lib(c|m|dl|rt|pthread|gcc_s)\.so\.\d+$/, /^ld-linux-(x86-64|aarch64)\.so\.\d$/],
  musl: [/^libc\.so$/, /^libc\.musl-(x86_64|aarch64)\.so\.1$/],
  darwin: [/^\/usr\/lib\/(libSystem\.B|libiconv\.2|libcharset\.1|libobjc\.A)\.dylib$/],
  win32: [
    /^(kernel32|kernelbase|ntdll|advapi32|bcrypt|bcryptprimitives|user32|userenv|ws2_32|psapi|shell32|ole32)\.dll$/,
    /^api-ms-win-(core|crt|eventing)-[a-z0-9-]+\.dll$/,
    /^(ucrtbase|msvcrt)\.dll$/,
  ],
}

/**
 * Every fault of a binary for a platform, each as a sentence's half; empty when there is none.
 *
 * @param {Buffer} file
 * @param {import('../platforms.mjs').Platform} platform
 * @returns {string[]}
 */
export function faultsOf(file, { os, cpu, libc }) {
  /** @type {string[]} */
  const faults = []
  const need = (/** @type {unknown} */ holds, /** @type {string} */ otherwise) => {
    if (!holds) faults.push(otherwise)
  }
  let facts
  try {
    facts = readFacts(file)
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  need(facts.format === FORMATS[os], `it is ${facts.format}, not ${FORMATS[os]}`)
  need(facts.cpu === cpu, `it is for ${facts.cpu}, not ${cpu}`)
  if (faults.length > 0) return faults

  need(facts.library, 'it is no library')
  need(facts.stripped, 'it is not stripped')
  need(file.length <= LARGEST, `it takes ${file.length} bytes, more than ${LARGEST}`)
  need(facts.exports.includes(ENTRY), `it does not export ${ENTRY}`)
  const allowed = LIBRARIES[libc ?? (os === 'linux' ? 'musl' : os)]
  for (const name of facts.imports) {
    need(
      allowed.some((pattern) => pattern.test(name)),
      `it needs ${name}`,
    )
  }
  if (os === 'linux') {
    need(facts.pinned, 'it is not marked nodelete')
    const page = facts.page ?? 0
    need(page >= PAGES[cpu], `it can be mapped with pages of ${page} bytes, and there are ${PAGES[cpu]}`)
  }
  for (const version of facts.glibc ?? []) {
    need(!isNewer(version, libc === 'glibc' ? GLIBC : '0'), `it needs glibc ${version}`)
  }
  if (os === 'darwin') {
    need(facts.system !== undefined && !isNewer(facts.system, MACOS), `it needs macOS ${facts.system}`)
    need(cpu === 'x64' || facts.signed, 'it has no signature that fits')
  }
  return faults
}

/**
 * @param {string} version
 * @param {string} than
 */
function isNewer(version, than) {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number))
  const length = Math.max(a?.length ?? 0, b?.length ?? 0)
  for (let index = 0; index < length; index++) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return false
}

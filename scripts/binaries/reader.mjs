/** What a binary is, exports and needs, read from the file itself: no tool of the system takes part. */

import { readElf } from './elf.mjs'
import { readMacho } from './macho.mjs'
import { readPe } from './pe.mjs'

/**
 * @typedef {object} Facts
 * @property {'elf' | 'macho' | 'pe'} format
 * @property {string} cpu `x64`, `arm64` or `other`.
 * @property {boolean} library Whether it can be loaded into a process.
 * @property {string[]} exports
 * @property {string[]} imports The libraries that must be there.
 * @property {boolean} stripped
 * @property {string[]} [glibc] The versions of glibc whose symbols are needed.
 * @property {boolean} [pinned] Whether it stays loaded once it is.
 * @property {number} [page] The largest page of a system that can map it, in bytes.
 * @property {string} [system] The oldest macOS that loads it.
 * @property {boolean} [signed] Whether it has a signature that fits its content.
 */

/**
 * @param {Buffer} file
 * @returns {Facts}
 */
export function readFacts(file) {
  if (file.length < 64) throw new Error('too short for a binary')
  if (file.readUInt32BE(0) === 0x7f454c46) return readElf(file)
  if (file.readUInt32LE(0) === 0xfeedfacf) return readMacho(file)
  if (file.toString('latin1', 0, 2) === 'MZ') return readPe(file)
  throw new Error('neither ELF nor Mach-O nor PE')
}

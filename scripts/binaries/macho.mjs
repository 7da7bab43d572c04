/** What a Mach-O file of 64 bits exports and needs: the format of macOS. */

import { createHash } from 'node:crypto'

/** @typedef {import('./reader.mjs').Facts} Facts */

const MACHINES = new Map([
  [0x01000007, 'x64'],
  [0x0100000c, 'arm64'],
])

/** Kinds of files that can be loaded: a dynamic library, a bundle. */
const LOADABLE = new Set([6, 8])

const COMMAND = {
  SYMTAB: 0x2,
  LOAD_DYLIB: 0xc,
  CODE_SIGNATURE: 0x1d,
  VERSION_MIN_MACOSX: 0x24,
  BUILD_VERSION: 0x32,
  LOAD_WEAK_DYLIB: 0x80000018,
  REEXPORT_DYLIB: 0x8000001f,
  DYLD_INFO_ONLY: 0x80000022,
  DYLD_EXPORTS_TRIE: 0x80000033,
}

/**
 * @param {Buffer} file
 * @returns {Facts}
 */
export function readMacho(file) {
  /** @type {Facts} */
  const facts = {
    format: 'macho',
    cpu: MACHINES.get(file.readUInt32LE(4)) ?? 'other',
    library: LOADABLE.has(file.readUInt32LE(12)),
    exports: [],
    imports: [],
    stripped: true,
    signed: false,
  }
  let offset = 32
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    /** The field of the command that lies so many bytes behind its start. */
    const field = (/** @type {number} */ behind) => file.readUInt32LE(offset + behind)
    switch (field(0)) {
      case COMMAND.LOAD_DYLIB:
      case COMMAND.LOAD_WEAK_DYLIB:
      case COMMAND.REEXPORT_DYLIB:
        facts.imports.push(text(file, offset + field(8)))
        break
      case COMMAND.SYMTAB:
        facts.stripped = !hasDebugSymbols(file, field(8), field(12))
        break
      case COMMAND.DYLD_INFO_ONLY:
        facts.exports.push(...readTrie(file, field(40), field(44)))
        break
      case COMMAND.DYLD_EXPORTS_TRIE:
        facts.exports.push(...readTrie(file, field(8), field(12)))
        break
      case COMMAND.VERSION_MIN_MACOSX:
        facts.system = version(field(8))
        break
      case COMMAND.BUILD_VERSION:
        facts.system = version(field(12))
        break
      case COMMAND.CODE_SIGNATURE:
        facts.signed = isSigned(file, field(8))
        break
    }
    offset += field(4)
  }
  return facts
}

/**
 * Whether symbols are left that only a debugger reads.
 *
 * @param {Buffer} file
 * @param {number} start
 * @param {number} count
 */
function hasDebugSymbols(file, start, count) {
  return Array.from({ length: count }, (_, index) => file[start + 16 * index + 4] ?? 0).some(
    (type) => (type & 0xe0) !== 0,
  )
}

/**
 * The names in an export trie, each less the underscore that C puts before it.
 *
 * @param {Buffer} file
 * @param {number} start
 * @param {number} size
 */
function readTrie(file, start, size) {
  /** @type {string[]} */
  const names = []
  const walk = (/** @type {number} */ node, /** @type {string} */ prefix) => {
    const [length, afterLength] = number(file, start + node)
    if (length > 0) names.push(prefix.replace(/^_/, ''))
    let offset = afterLength + length
    for (let children = file[offset++] ?? 0; children > 0; children--) {
      const piece = text(file, offset)
      const [child, after] = number(file, offset + piece.length + 1)
      if (child <= node) throw new Error('the export trie is not a tree')
      walk(child, prefix + piece)
      offset = after
    }
  }
  if (size > 0) walk(0, '')
  return names
}

/**
 * A number of seven bits a byte, and where it ends.
 *
 * @param {Buffer} file
 * @param {number} offset
 * @returns {[value: number, end: number]}
 */
function number(file, offset) {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = file.readUInt8(offset++)
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return [value, offset]
  }
}

/**
 * Whether the hashes of the code directory are those of the file. Macs with an M processor load nothing whose signature,
 * be it an ad-hoc one, does not fit, and a tool that strips a linked file breaks it.
 *
 * @param {Buffer} file
 * @param {number} blob
 */
function isSigned(file, blob) {
  for (let index = 0; index < file.readUInt32BE(blob + 8); index++) {
    const directory = blob + file.readUInt32BE(blob + 12 + 8 * index + 4)
    if (file.readUInt32BE(directory) !== 0xfade0c02) continue
    const first = directory + file.readUInt32BE(directory + 16)
    const slots = file.readUInt32BE(directory + 28)
    const limit = file.readUInt32BE(directory + 32)
    const [length, kind] = [file.readUInt8(directory + 36), file.readUInt8(directory + 37)]
    const page = 2 ** file.readUInt8(directory + 39)
    if (kind !== 2 || slots !== Math.ceil(limit / page)) return false
    return Array.from({ length: slots }, (_, slot) => slot).every((slot) => {
      const content = file.subarray(slot * page, Math.min((slot + 1) * page, limit))
      const hash = file.subarray(first + slot * length, first + (slot + 1) * length)
      return createHash('sha256').update(content).digest().equals(hash)
    })
  }
  return false
}

/** @param {number} packed */
function version(packed) {
  return `${packed >>> 16}.${(packed >>> 8) & 0xff}`
}

/**
 * @param {Buffer} file
 * @param {number} offset
 */
function text(file, offset) {
  return file.toString('latin1', offset, file.indexOf(0, offset))
}

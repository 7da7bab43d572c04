/** What an ELF file of 64 bits exports and needs: the format of Linux. */

/** @typedef {import('./reader.mjs').Facts} Facts */

const MACHINES = new Map([
  [62, 'x64'],
  [183, 'arm64'],
])

/** The kind of segment that is mapped. */
const LOAD = 1

const SECTION = { SYMTAB: 2, DYNAMIC: 6, DYNSYM: 11, VERNEED: 0x6ffffffe }
const NEEDED = 1
const FLAGS_1 = 0x6ffffffb
const NODELETE = 8

/**
 * @param {Buffer} file
 * @returns {Facts}
 */
export function readElf(file) {
  if (file[4] !== 2 || file[5] !== 1) throw new Error('not 64 bits, little endian')
  const sections = readSections(file)
  const find = (/** @type {number} */ type) => sections.find((section) => section.type === type)
  /** @type {Facts} */
  const facts = {
    format: 'elf',
    cpu: MACHINES.get(file.readUInt16LE(18)) ?? 'other',
    library: file.readUInt16LE(16) === 3,
    exports: [],
    imports: [],
    stripped: find(SECTION.SYMTAB) === undefined,
    glibc: [],
    pinned: false,
    page: pageOf(file),
  }

  const dynamic = find(SECTION.DYNAMIC)
  if (dynamic !== undefined) {
    const names = at(sections, dynamic.link)
    for (let offset = dynamic.offset; offset < dynamic.offset + dynamic.size; offset += 16) {
      const tag = Number(file.readBigUInt64LE(offset))
      const value = Number(file.readBigUInt64LE(offset + 8))
      if (tag === NEEDED) facts.imports.push(text(file, names.offset + value))
      if (tag === FLAGS_1 && (value & NODELETE) !== 0) facts.pinned = true
    }
  }

  const symbols = find(SECTION.DYNSYM)
  if (symbols !== undefined) {
    const names = at(sections, symbols.link)
    for (let offset = symbols.offset; offset < symbols.offset + symbols.size; offset += 24) {
      const global = file.readUInt8(offset + 4) >> 4 !== 0
      const defined = file.readUInt16LE(offset + 6) !== 0
      if (global && defined) facts.exports.push(text(file, names.offset + file.readUInt32LE(offset)))
    }
  }

  const versions = find(SECTION.VERNEED)
  if (versions !== undefined) facts.glibc = readVersions(file, versions, at(sections, versions.link))
  return facts
}

/**
 * The largest page with which each segment can be mapped.
 *
 * @param {Buffer} file
 */
function pageOf(file) {
  const [start, size] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54)]
  const headers = Array.from({ length: file.readUInt16LE(56) }, (_, index) => start + index * size)
  const mapped = headers.filter((offset) => file.readUInt32LE(offset) === LOAD)
  return Math.min(...mapped.map((offset) => Number(file.readBigUInt64LE(offset + 48))))
}

/** @param {Buffer} file */
function readSections(file) {
  const start = Number(file.readBigUInt64LE(40))
  const size = file.readUInt16LE(58)
  return Array.from({ length: file.readUInt16LE(60) }, (_, index) => {
    const offset = start + index * size
    return {
      type: file.readUInt32LE(offset + 4),
      offset: Number(file.readBigUInt64LE(offset + 24)),
      size: Number(file.readBigUInt64LE(offset + 32)),
      link: file.readUInt32LE(offset + 40),
      /** How many entries, where a section counts them. */
      info: file.readUInt32LE(offset + 44),
    }
  })
}

/**
 * The symbol versions of glibc that are asked for, such as `2.14`.
 *
 * @param {Buffer} file
 * @param {{ offset: number, info: number }} section
 * @param {{ offset: number }} names
 */
function readVersions(file, section, names) {
  const versions = new Set()
  let library = section.offset
  for (let left = section.info; left > 0; left--) {
    let version = library + file.readUInt32LE(library + 8)
    for (let more = file.readUInt16LE(library + 2); more > 0; more--) {
      const name = text(file, names.offset + file.readUInt32LE(version + 8))
      if (name.startsWith('GLIBC_')) versions.add(name.slice('GLIBC_'.length))
      version += file.readUInt32LE(version + 12)
    }
    library += file.readUInt32LE(library + 12)
  }
  return [...versions]
}

/**
 * @template T
 * @param {readonly T[]} list
 * @param {number} index
 * @returns {T}
 */
function at(list, index) {
  const item = list[index]
  if (item === undefined) throw new Error(`there is no section ${index}`)
  return item
}

/**
 * @param {Buffer} file
 * @param {number} offset
 */
function text(file, offset) {
  return file.toString('latin1', offset, file.indexOf(0, offset))
}

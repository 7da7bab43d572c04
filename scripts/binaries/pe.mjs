/** What a PE file of 64 bits exports and needs: the format of Windows. */

/** @typedef {import('./reader.mjs').Facts} Facts */

const MACHINES = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
])
const DLL = 0x2000
const PE32_PLUS = 0x20b
/** Which entry of the table of directories is which. */
const DIRECTORY = { EXPORTS: 0, IMPORTS: 1, DELAYED: 13 }

/**
 * @param {Buffer} file
 * @returns {Facts}
 */
export function readPe(file) {
  const header = file.readUInt32LE(0x3c) + 4
  const optional = header + 20
  if (file.readUInt16LE(optional) !== PE32_PLUS) throw new Error('not 64 bits')
  const sections = readSections(file, header, optional)
  /** Where in the file lies what is at that address of the image. */
  const place = (/** @type {number} */ address) => {
    const section = sections.find(({ start, size }) => address >= start && address < start + size)
    if (section === undefined) throw new Error(`no section has the address ${address}`)
    return address - section.start + section.offset
  }
  const directory = (/** @type {number} */ index) => {
    const address = file.readUInt32LE(optional + 112 + 8 * index)
    return address === 0 ? undefined : place(address)
  }
  const textAt = (/** @type {number} */ address) => {
    const offset = place(address)
    return file.toString('latin1', offset, file.indexOf(0, offset))
  }

  const exports = []
  const table = directory(DIRECTORY.EXPORTS)
  if (table !== undefined) {
    const names = file.readUInt32LE(table + 24) === 0 ? 0 : place(file.readUInt32LE(table + 32))
    for (let index = 0; index < file.readUInt32LE(table + 24); index++) {
      exports.push(textAt(file.readUInt32LE(names + 4 * index)))
    }
  }

  const imports = []
  // An entry of zeros ends each list; the name's place in an entry differs, and so does the length.
  for (const [index, length, name] of [
    [DIRECTORY.IMPORTS, 20, 12],
    [DIRECTORY.DELAYED, 32, 4],
  ]) {
    let entry = directory(Number(index))
    while (entry !== undefined && file.readUInt32LE(entry + Number(name)) !== 0) {
      imports.push(textAt(file.readUInt32LE(entry + Number(name))).toLowerCase())
      entry += Number(length)
    }
  }

  return {
    format: 'pe',
    cpu: MACHINES.get(file.readUInt16LE(header)) ?? 'other',
    library: (file.readUInt16LE(header + 18) & DLL) !== 0,
    exports,
    imports,
    stripped: file.readUInt32LE(header + 12) === 0,
  }
}

/**
 * @param {Buffer} file
 * @param {number} header
 * @param {number} optional
 */
function readSections(file, header, optional) {
  const first = optional + file.readUInt16LE(header + 16)
  return Array.from({ length: file.readUInt16LE(header + 2) }, (_, index) => {
    const section = first + 40 * index
    return {
      start: file.readUInt32LE(section + 12),
      size: Math.max(file.readUInt32LE(section + 8), file.readUInt32LE(section + 16)),
      offset: file.readUInt32LE(section + 20),
    }
  })
}

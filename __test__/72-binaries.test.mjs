import { readFileSync } from 'node:fs'
import test from 'ava'
import { faultsOf, LARGEST } from '../scripts/binaries/check.mjs'
import { readFacts } from '../scripts/binaries/reader.mjs'
import { here, platforms } from '../scripts/platforms.mjs'

const platform = /** @type {import('../scripts/platforms.mjs').Platform} */ (here())
const addon = readFileSync(new URL(`../${platform.file}`, import.meta.url))
const onGlibc = platform.libc === 'glibc' ? test : test.skip

/**
 * The addon with one text in it replaced by another of its length, wherever it stands.
 *
 * @param {string} text
 * @param {string} other
 */
function withText(text, other) {
  const changed = addon.toString('latin1').replaceAll(text, other)
  return Buffer.from(changed, 'latin1')
}

test('the addon of this machine is read as what it is', (t) => {
  const facts = readFacts(addon)
  t.is(/** @type {string} */ (facts.format), { linux: 'elf', darwin: 'macho', win32: 'pe' }[platform.os])
  t.is(facts.cpu, process.arch)
  t.true(facts.library)
  t.true(facts.stripped)
  t.true(facts.exports.includes('napi_register_module_v1'))
  t.true(facts.imports.length > 0)
  if (platform.os === 'linux') t.true(facts.pinned)
})

test('the addon of this machine has no fault but the age of its glibc, which that of its builder is', (t) => {
  const faults = faultsOf(addon, platform)
  t.deepEqual(
    faults.filter((fault) => !fault.startsWith('it needs glibc')),
    [],
  )
})

test('a binary for another system or processor is refused', (t) => {
  for (const other of platforms) {
    const faults = faultsOf(addon, other)
    if (other.os !== platform.os) t.regex(faults[0] ?? '', /^it is \w+, not \w+$/, other.name)
    else if (other.cpu !== platform.cpu) t.deepEqual(faults, [`it is for ${process.arch}, not ${other.cpu}`])
  }
})

test('what is too large, cut off, empty or no binary is refused, and nothing is thrown', (t) => {
  const large = Buffer.concat([addon, Buffer.alloc(LARGEST)])
  t.true(faultsOf(large, platform).includes(`it takes ${large.length} bytes, more than ${LARGEST}`))
  for (const other of [
    addon.subarray(0, 100),
    addon.subarray(0, 3000),
    Buffer.alloc(0),
    Buffer.alloc(1000),
  ]) {
    t.true(faultsOf(other, platform).length > 0, `${other.length} bytes`)
  }
})

onGlibc('an addon that Node would not recognise is refused', (t) => {
  const faults = faultsOf(withText('napi_register_module_v1', 'napi_register_module_v9'), platform)
  t.true(faults.includes('it does not export napi_register_module_v1'))
})

onGlibc('an addon that needs what not every system has is refused', (t) => {
  t.true(faultsOf(withText('libc.so.6', 'libq.so.6'), platform).includes('it needs libq.so.6'))
  t.true(faultsOf(withText('GLIBC_2.17', 'GLIBC_2.99'), platform).includes('it needs glibc 2.99'))
})

onGlibc('an addon that a kernel with large pages could not map is refused', (t) => {
  const [other, machine] = process.arch === 'x64' ? ['arm64', 183] : ['x64', 62]
  const changed = Buffer.from(addon)
  changed.writeUInt16LE(Number(machine), 18)
  // Each segment's alignment, which the linker makes as large as the processor's pages may be.
  const [headers, count] = [Number(changed.readBigUInt64LE(32)), changed.readUInt16LE(56)]
  for (let index = 0; index < count; index++) changed.writeBigUInt64LE(2048n, headers + 56 * index + 48)
  const cpu = /** @type {'x64' | 'arm64'} */ (other)
  const page = cpu === 'arm64' ? 65536 : 4096
  t.true(
    faultsOf(changed, { ...platform, cpu }).includes(
      `it can be mapped with pages of 2048 bytes, and there are ${page}`,
    ),
  )
})

onGlibc('an addon for glibc is refused for musl', (t) => {
  const musl = { ...platform, libc: /** @type {const} */ ('musl') }
  t.true(faultsOf(addon, musl).includes('it needs libc.so.6'))
})

/** How each platform's binary is built on Linux. */

/**
 * @typedef {object} Way
 * @property {string} target The Rust target, where it is not the platform's own.
 * @property {string} [suffix] What cargo-zigbuild takes behind the target: the glibc to link for.
 * @property {string} library The name of the file that comes out.
 * @property {string} [differs] How the binary differs from the one that is published.
 */

const ON_WINDOWS =
  "made with MinGW's headers and LLVM's runtime, not Microsoft's: the C runtime is Windows' own ucrtbase.dll, not linked in"

/**
 * @param {import('../platforms.mjs').Platform} platform
 * @returns {Way}
 */
export function wayFor({ target, os, libc }) {
  switch (os) {
    case 'linux':
      return { target, library: 'libmokapot.so', ...(libc === 'glibc' && { suffix: '.2.17' }) }
    case 'darwin':
      return { target, library: 'libmokapot.dylib' }
    case 'win32':
      // The msvc targets take Microsoft's libraries, which may not be passed on.
      return {
        target: target.replace('msvc', 'gnullvm'),
        library: 'mokapot.dll',
        differs: ON_WINDOWS,
      }
  }
}

/** The lines of a text that may be compressed and larger than memory. */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip } from 'node:zlib'
import { Stop } from '../prepare.mjs'

/** A line longer than this is not a key; reading on would fill the memory with something that is no list. */
const LONGEST = 2 ** 20
const CHUNK = 2 ** 20
const LINE_FEED = 10

/**
 * Gives each line that is not blank, with its number, to `take`. Bytes become characters one by one (latin1): keys
 * are only compared, and no two different ones become the same.
 *
 * @param {string} name a file, or - for the standard input
 * @param {(line: string, number: number) => void} take
 */
export async function eachLine(name, take) {
  const source = name === '-' ? process.stdin : createReadStream(name, { highWaterMark: CHUNK })
  const lines = new Lines(title(name), take)
  /** @param {AsyncIterable<Buffer>} chunks */
  const read = async (chunks) => {
    for await (const chunk of chunks) lines.feed(chunk)
    lines.end()
  }
  const decoder = decoderFor(name)
  try {
    await (decoder ? pipeline(source, decoder, read) : pipeline(source, read))
  } catch (error) {
    throw error instanceof Stop ? error : new Stop(`${title(name)} could not be read: ${reasonOf(error)}.`)
  }
}

/**
 * What a source is called in messages.
 *
 * @param {string} name
 */
export function title(name) {
  return name === '-' ? 'the standard input' : name
}

/** Cuts chunks of bytes at line feeds. */
class Lines {
  /** @type {Buffer} */
  #rest = Buffer.alloc(0)
  #number = 0

  /**
   * @param {string} name
   * @param {(line: string, number: number) => void} take
   */
  constructor(name, take) {
    this.name = name
    this.take = take
  }

  /** @param {Buffer} chunk */
  feed(chunk) {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.#line(bytes, start, end)
      start = end + 1
    }
    this.#rest = bytes.subarray(start)
    if (this.#rest.length > LONGEST) this.#refuse(this.#number + 1, 'is longer than 1 MiB')
  }

  end() {
    this.#line(this.#rest, 0, this.#rest.length)
  }

  /**
   * @param {Buffer} bytes
   * @param {number} start
   * @param {number} end
   */
  #line(bytes, start, end) {
    const number = ++this.#number
    let line = bytes.toString('latin1', start, end)
    if (number === 1) line = this.#withoutMark(line)
    if (line.endsWith('\r')) line = line.slice(0, -1)
    if (line.includes('\0')) this.#refuse(number, 'has a NUL byte, so this is no text')
    if (line !== '' && line.trim() !== '') this.take(line, number)
  }

  /**
   * Takes a byte order mark off.
   *
   * @param {string} line
   */
  #withoutMark(line) {
    if (line.startsWith('\xff\xfe') || line.startsWith('\xfe\xff')) {
      this.#refuse(1, 'begins with the mark of UTF-16: save it as UTF-8')
    }
    return line.startsWith('\xef\xbb\xbf') ? line.slice(3) : line
  }

  /**
   * @param {number} number
   * @param {string} what
   */
  #refuse(number, what) {
    throw new Stop(`Line ${number} of ${this.name} ${what}.`)
  }
}

/** @param {string} name */
function decoderFor(name) {
  if (name.endsWith('.gz')) return createGunzip({ chunkSize: CHUNK })
  if (name.endsWith('.br')) return createBrotliDecompress({ chunkSize: CHUNK })
  return undefined
}

/** @param {unknown} error */
function reasonOf(error) {
  const { code = '', message } = /** @type {NodeJS.ErrnoException} */ (error)
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EISDIR') return 'it is a directory'
  if (code === 'EACCES') return 'it is not yours to read'
  if (code === 'Z_BUF_ERROR') return 'the compressed data ends too early'
  if (/^(Z_|ERR_|BROTLI)/.test(code)) return 'it is not what its ending says, or it is damaged'
  return message
}

/**
 * The writer of keys: puts primitives and tags one after another, so that no two sequences give the same text.
 *
 * Every piece tells where it ends. Numbers end with a comma, strings have their length in front (in printable keys:
 * quotes around), and a tag says how its parts go on. The text is gathered as bytes and made a string at once: joining
 * as many small strings costs twice as much.
 */
import { noPrintableKey } from './cached-errors.js'
import { identityOf, symbolText } from './key-identity.js'

// By a name of its own, for the reason that draft.ts gives.
const { charCodeAt } = String.prototype

/** Bytes gathered before they become a string. */
const SIZE = 4096
/** Longer strings are joined as they are, which is cheaper than byte by byte. */
const LONGEST_COPIED = 256
/** From here on the bytes are made a string first: leaves room for any one piece, so each looks once. */
const FULL = SIZE - LONGEST_COPIED - 256

const COMMA = 44
const COLON = 58
const QUOTE = 39
const DOUBLE_QUOTE = 34
const PERCENT = 37
const ZERO = 48
const HEX = '0123456789ABCDEF'

// Which characters stand for themselves in printable text: no braces (they mean something to Redis Cluster), no
// quotes, no white space, and nothing that is structure.
const PLAIN = new Uint8Array(128)
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/@+') {
  PLAIN[char.charCodeAt(0)] = 1
}

// What Buffer's toString calls, which the type declarations leave out.
interface Bytes extends Buffer {
  latin1Slice(start: number, end: number): string
}

/** Writes one key after another; `begin` starts one and `end` gives it. */
export class KeyWriter {
  /** A key is being written: a getter that asks for another must take another writer. */
  busy = false
  /** The objects written in this key. */
  objects = 0
  /** Keys for other processes: ASCII without control characters, and an error for what has only an identity. */
  readonly printable: boolean
  readonly #bytes = Buffer.allocUnsafeSlow(SIZE) as Bytes
  #length = 0
  #text = ''

  constructor(printable: boolean) {
    this.printable = printable
  }

  /** Starts a key. */
  begin(): void {
    this.#length = 0
    this.#text = ''
    this.objects = 0
  }

  /** What was written since `begin`. */
  end(): string {
    const text = this.#bytes.latin1Slice(0, this.#length)
    if (this.#text === '') return text
    const all = this.#text + text
    this.#text = ''
    return all
  }

  /** A tag, or the end of an object: one ASCII character. */
  tag(code: number): void {
    if (this.#length > FULL) this.#flush()
    this.#bytes[this.#length++] = code
  }

  /** Text that is known to be ASCII and to tell its end. */
  ascii(text: string): void {
    if (this.#length > FULL || text.length > LONGEST_COPIED) this.#join(text)
    else this.#copy(text)
  }

  number(value: number): void {
    if (this.#length > FULL) this.#flush()
    if (value >>> 0 === value) this.#integer(value)
    else this.#copy(String(value))
    this.#bytes[this.#length++] = COMMA
  }

  string(value: string): void {
    if (this.#length > FULL) this.#flush()
    if (this.printable) {
      this.#bytes[this.#length++] = QUOTE
      this.#escape(value)
      this.#bytes[this.#length++] = QUOTE
    } else {
      this.#bytes[this.#length++] = DOUBLE_QUOTE
      this.#sized(value)
    }
  }

  bytes(value: Buffer): void {
    this.string(value.toString(this.printable ? 'base64url' : 'latin1'))
  }

  /** The name of a property. */
  name(value: string): void {
    if (this.#length > FULL) this.#flush()
    if (this.printable) {
      this.#escape(value)
      this.#bytes[this.#length++] = 61 // '='
    } else {
      this.#sized(value)
    }
  }

  /** Whatever is no string, number or object. */
  other(value: unknown): void {
    if (typeof value === 'symbol') {
      if (this.printable) throw noPrintableKey(value)
      this.#join(symbolText(value))
    } else if (typeof value === 'bigint') {
      this.ascii(`b${value},`)
    } else if (typeof value === 'boolean') {
      this.ascii(value ? 't' : 'f')
    } else {
      this.ascii(value === null ? 'n' : 'u')
    }
  }

  /** An object or function that is equal to nothing but itself; `cause` is why, if that is an error. */
  identity(value: object, cause?: unknown): void {
    if (this.printable) throw noPrintableKey(value, cause)
    this.ascii(`i${identityOf(value)},`)
  }

  #sized(value: string): void {
    const { length } = value
    this.#integer(length)
    this.#bytes[this.#length++] = COLON
    if (length > LONGEST_COPIED || !this.#copy(value)) this.#join(value)
  }

  // Whether all of `value` fits one byte a unit; if not, nothing is copied.
  #copy(value: string): boolean {
    const bytes = this.#bytes
    const { length } = value
    const start = this.#length
    for (let i = 0; i < length; i++) {
      const unit = charCodeAt.call(value, i)
      if (unit > 255) return false
      bytes[start + i] = unit
    }
    this.#length = start + length
    return true
  }

  // Each unit that is not plain as %XX or %uXXXX, as `escape` does.
  #escape(value: string): void {
    const bytes = this.#bytes
    for (let i = 0; i < value.length; i++) {
      if (this.#length > FULL) this.#flush()
      const unit = charCodeAt.call(value, i)
      if (unit < 128 && PLAIN[unit] === 1) {
        bytes[this.#length++] = unit
        continue
      }
      bytes[this.#length++] = PERCENT
      if (unit > 255) {
        bytes[this.#length++] = 117 // 'u'
        this.#hex(unit >> 8)
      }
      this.#hex(unit & 255)
    }
  }

  #hex(byte: number): void {
    this.#bytes[this.#length++] = HEX.charCodeAt(byte >> 4)
    this.#bytes[this.#length++] = HEX.charCodeAt(byte & 15)
  }

  // A whole number from 0 to 2^32 - 1, in decimal.
  #integer(value: number): void {
    const bytes = this.#bytes
    if (value < 10) {
      bytes[this.#length++] = ZERO + value
      return
    }
    if (value >= 1e8) {
      this.#copy(String(value))
      return
    }
    let rest = value | 0
    const digits =
      rest < 1e4
        ? rest < 100
          ? 2
          : rest < 1e3
            ? 3
            : 4
        : rest < 1e6
          ? rest < 1e5
            ? 5
            : 6
          : rest < 1e7
            ? 7
            : 8
    let at = this.#length + digits
    this.#length = at
    while (rest > 0) {
      const tenth = (rest / 10) | 0
      bytes[--at] = ZERO + rest - tenth * 10
      rest = tenth
    }
  }

  #flush(): void {
    this.#text += this.#bytes.latin1Slice(0, this.#length)
    this.#length = 0
  }

  #join(text: string): void {
    this.#flush()
    this.#text += text
  }
}

/** Records of CSV: fields between delimiters, in double quotes where they hold a delimiter, a quote or a line feed. */

const DELIMITERS = [',', '\t', ';']

/** A quoted field that goes on for longer is one whose closing quote is missing. */
const LONGEST = 2 ** 20

/**
 * The delimiter that cuts a first line into the most fields.
 *
 * @param {string} line
 */
export function delimiterOf(line) {
  const counts = DELIMITERS.map(
    (delimiter) => splitRecord(line, delimiter)?.length ?? line.split(delimiter).length,
  )
  return DELIMITERS[counts.indexOf(Math.max(...counts))]
}

/**
 * The fields of a record, or undefined if the text ends within quotes. What follows a closing quote belongs to the field,
 * and quotes within an unquoted field are as they are.
 *
 * @param {string} text
 * @param {string} delimiter
 * @returns {string[] | undefined}
 */
export function splitRecord(text, delimiter) {
  if (!text.includes('"')) return text.split(delimiter)
  const fields = []
  for (let at = 0; at <= text.length; ) {
    let quoted = ''
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1)
      if (close < 0) return undefined
      quoted = text.slice(at + 1, close).replaceAll('""', '"')
      at = close + 1
    }
    const next = text.indexOf(delimiter, at)
    const end = next < 0 ? text.length : next
    fields.push(quoted + text.slice(at, end))
    at = end + 1
  }
  return fields
}

/** Joins lines to records and hands their fields on, with the number of the line where each began. */
export class Records {
  #open = ''
  #began = 0
  /** @type {string | undefined} */
  #delimiter

  /**
   * @param {(fields: string[], number: number) => void} take
   * @param {(number: number, what: string) => never} refuse
   */
  constructor(take, refuse) {
    this.take = take
    this.refuse = refuse
  }

  /**
   * @param {string} line
   * @param {number} number
   */
  feed(line, number) {
    this.#delimiter ??= delimiterOf(line)
    if (this.#open === '') this.#began = number
    const text = this.#open === '' ? line : `${this.#open}\n${line}`
    const fields = splitRecord(text, this.#delimiter)
    if (fields === undefined && text.length > LONGEST) this.#refuse()
    this.#open = fields === undefined ? text : ''
    if (fields !== undefined) this.take(fields, this.#began)
  }

  end() {
    if (this.#open !== '') this.#refuse()
  }

  #refuse() {
    this.refuse(this.#began, 'opens a quote that is never closed')
  }
}

/**
 * @param {string} text
 * @param {number} from
 */
function closingQuote(text, from) {
  let at = text.indexOf('"', from)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}

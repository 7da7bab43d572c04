/** Shows on the standard error how far a long run has come: on one line of a terminal, else a line now and then. */

/** A terminal's line is drawn anew no more often, in milliseconds. */
const REDRAW = 100
/** Where there is no terminal, a line stands for so long, in milliseconds. */
const REPORT = 5_000

export class Progress {
  #drawn = false
  #shown

  /**
   * @param {{ isTTY?: boolean, columns?: number, write: (text: string) => unknown }} [to]
   * @param {{ now(): number }} [clock] in milliseconds
   */
  constructor(to = process.stderr, clock = performance) {
    this.to = to
    this.clock = clock
    this.#shown = clock.now()
  }

  /**
   * @param {() => string} line
   */
  show(line) {
    const now = this.clock.now()
    if (now - this.#shown < (this.to.isTTY ? REDRAW : REPORT)) return
    this.#shown = now
    if (!this.to.isTTY) {
      this.to.write(`${line()}\n`)
      return
    }
    this.#drawn = true
    this.to.write(`\r\x1b[K${line().slice(0, (this.to.columns || 80) - 1)}`)
  }

  /** Takes the line away. */
  clear() {
    if (this.#drawn) this.to.write('\r\x1b[K')
    this.#drawn = false
  }
}

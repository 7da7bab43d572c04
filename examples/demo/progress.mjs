/** Shows how far a step has come: on one line of a terminal, else as a few lines. */

/** Where there is no terminal, a line each time another such part is done. */
const PART = 0.25

export class Progress {
  /** @param {string} title */
  constructor(title) {
    this.title = title
    this.started = performance.now()
    this.shown = 0
    this.latest = `${title} ...`
    this.#write(this.latest)
  }

  /**
   * @param {number} done
   * @param {number} total
   * @param {string} what
   */
  show(done, total, what) {
    const numbers = `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} ${what}`
    const seconds = ((performance.now() - this.started) / 1000).toFixed(1)
    this.latest = `${this.title}: ${numbers}, ${seconds} s`
    if (!process.stdout.isTTY && done < total && done / total < this.shown + PART) return
    this.shown = done / total
    this.#write(this.latest)
  }

  end() {
    if (process.stdout.isTTY) process.stdout.write('\n')
  }

  /** @param {string} line */
  #write(line) {
    if (!process.stdout.isTTY) return console.log(line)
    const width = (process.stdout.columns || 80) - 1
    process.stdout.write(`\r\x1b[K${line.slice(0, width)}`)
  }
}

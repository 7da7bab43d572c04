/** A pool of worker threads: jobs go in turn to each worker, and a worker that died is replaced at its next turn. */
import { Worker } from 'node:worker_threads'

/** @typedef {{ id: number, value: string } | { id: number, error: string }} Answer What a worker sends back for a job. */

/** @typedef {{ resolve: (value: string) => void, reject: (error: Error) => void }} Job */

/** See the module. */
export class WorkerPool {
  /** How many jobs were given to workers so far. */
  jobs = 0
  /** @type {(Member | undefined)[]} */
  #members
  #next = 0
  #script
  #workerData

  /**
   * @param {URL} script
   * @param {number} size
   * @param {unknown} workerData for every worker
   */
  constructor(script, size, workerData) {
    this.#script = script
    this.#workerData = workerData
    this.#members = Array.from({ length: size }, () => new Member(script, workerData))
  }

  /**
   * @param {string} input
   * @returns {Promise<string>} what the worker made of it
   */
  run(input) {
    const turn = this.#next
    this.#next = (turn + 1) % this.#members.length
    // Replaced only now that there is work: a worker that cannot start does not keep the machine busy with starting.
    let member = this.#members[turn]
    if (member === undefined || member.isGone) {
      member = new Member(this.#script, this.#workerData)
      this.#members[turn] = member
    }
    this.jobs += 1
    return member.run(this.jobs, input)
  }

  /** Ends all workers. Jobs that are not done yet fail. */
  async close() {
    await Promise.all(this.#members.map((member) => member?.worker.terminate()))
  }
}

/** One worker and the jobs that it has not answered yet. */
class Member {
  isGone = false
  /** @type {Map<number, Job>} */
  #jobs = new Map()

  /**
   * @param {URL} script
   * @param {unknown} workerData
   */
  constructor(script, workerData) {
    this.worker = new Worker(script, { workerData })
    this.worker.on('message', (/** @type {Answer} */ answer) => {
      const job = this.#jobs.get(answer.id)
      this.#jobs.delete(answer.id)
      if ('error' in answer) job?.reject(new Error(answer.error))
      else job?.resolve(answer.value)
    })
    // An error is followed by an exit, but comes with the reason.
    this.worker.on('error', (error) => this.#fail(error))
    this.worker.on('exit', (code) => this.#fail(new Error(`The worker ended with code ${code}.`)))
  }

  /**
   * @param {number} id
   * @param {string} input
   * @returns {Promise<string>}
   */
  run(id, input) {
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve, reject })
      this.worker.postMessage({ id, input })
    })
  }

  /** @param {Error} error */
  #fail(error) {
    this.isGone = true
    for (const job of this.#jobs.values()) job.reject(error)
    this.#jobs.clear()
  }
}

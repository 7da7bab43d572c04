/** How the demo and its child processes talk: one order in, progress and one result out. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Refusal } from './options.mjs'

/** @typedef {{ progress: [done: number, total: number] } | { result: unknown } | { refusal: string }} Message */

/**
 * Runs a module that calls {@link answer} in a process of its own. It ends with this process, however this one ends.
 *
 * @param {URL} module
 * @param {unknown} order
 * @param {(done: number, total: number) => void} onProgress
 * @returns {Promise<any>}
 */
export async function runInChild(module, order, onProgress) {
  const child = fork(fileURLToPath(module), {
    execArgv: ['--expose-gc'],
    serialization: 'advanced',
  })
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    child.kill('SIGKILL')
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await new Promise((done, failed) => {
      /** @type {{ value: unknown } | undefined} */
      let result
      child.on('message', (/** @type {Message} */ message) => {
        if ('progress' in message) onProgress(...message.progress)
        else if ('refusal' in message) failed(new Refusal(message.refusal))
        else result = { value: message.result }
      })
      child.on('error', failed)
      child.on('exit', (code, signal) => {
        if (result && code === 0) done(result.value)
        else failed(new Refusal(`A process of the demo ended with ${signal ?? `exit code ${code}`}.`))
      })
      child.send(/** @type {import('node:child_process').Serializable} */ (order))
    })
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/**
 * The child's side: does the work and sends what it returns.
 *
 * @template Order
 * @param {(order: Order, onProgress: (done: number, total: number) => void) => Promise<unknown>} work
 */
export function answer(work) {
  const parentIsGone = () => process.exit(1)
  process.on('disconnect', parentIsGone)
  process.once('message', async (order) => {
    try {
      const result = await work(/** @type {Order} */ (order), (done, total) =>
        send({ progress: [done, total] }),
      )
      await send({ result })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      await send({ refusal: error.message })
    }
    process.off('disconnect', parentIsGone)
    process.disconnect()
  })
}

/**
 * @param {Message} message
 * @returns {Promise<void>}
 */
function send(message) {
  return new Promise((done) => {
    // It fails only when the parent is gone, and then there is nobody to tell.
    process.send?.(message, undefined, undefined, (error) => (error ? process.exit(1) : done()))
  })
}

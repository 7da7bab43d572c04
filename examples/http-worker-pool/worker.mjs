/** A worker thread: answers each job with a page, from the cache of all threads or else made here. */
import { parentPort, workerData } from 'node:worker_threads'
import { SharedCache } from 'mokapot'
import { makePage } from './page.mjs'

/** @type {SharedCache<string, string>} */
const pages = SharedCache.attach(workerData.pages)
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)

port.on('message', async (/** @type {{ id: number, input: string }} */ { id, input: path }) => {
  try {
    // One call of makePage at a time for a path, in all workers together; the others wait for its result.
    const value = await pages.getOrSet(path, makePage, { timeout: '30s' })
    port.postMessage({ id, value })
  } catch (error) {
    // The text alone: an error may carry what cannot be sent to another thread.
    port.postMessage({ id, error: error instanceof Error ? error.message : String(error) })
  }
})

/**
 * What a get and a set take of a cache that one thread owns and others ask by messages: a Map in a worker, a
 * MessagePort, a promise for each question. It is what one builds who has no memory that threads share.
 */
import { once } from 'node:events'
import { MessageChannel, Worker } from 'node:worker_threads'
import { type Figures, oneByOne } from './_harness.mjs'
import { KEYS, key, VALUES } from './_workload.mjs'

const OWNER = `
const { workerData } = require('node:worker_threads')
const map = new Map()
workerData.on('message', ([id, key, value]) => {
  if (value === undefined) workerData.postMessage([id, map.get(key)])
  else {
    map.set(key, value)
    workerData.postMessage([id])
  }
})`

/** Both, each awaited before the next is asked. */
export async function measureRpc(): Promise<Figures> {
  const { port1: port, port2 } = new MessageChannel()
  const owner = new Worker(OWNER, { eval: true, workerData: port2, transferList: [port2] })
  const waiting = new Map<number, (value: unknown) => void>()
  let last = 0
  port.on('message', ([id, value]) => {
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  const ask = (key: string, value?: unknown): Promise<unknown> =>
    new Promise((done) => {
      last += 1
      waiting.set(last, done)
      port.postMessage([last, key, value])
    })

  const figures: Figures = {}
  for (const [name, , value] of VALUES) {
    await Promise.all(KEYS.map((each) => ask(each, value)))
    figures[`get, ${name}`] = await oneByOne((index) => ask(key(index)))
    figures[`set, ${name}`] = await oneByOne((index) => ask(key(index), value))
  }
  port.close()
  await once(owner, 'exit')
  return figures
}

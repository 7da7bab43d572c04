/**
 * A Redis server of the benchmark's own, and what is asked of it through ioredis.
 *
 * It listens on the loopback interface alone, keeps nothing on disk, and ends with the process that started it.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { Redis } from 'ioredis'
import { type Figures, oneByOne } from './_harness.mjs'
import { type Encoding, KEYS, key, VALUES } from './_workload.mjs'

/** Whether there is a server to start. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/** Asks for some seconds whether the server is up. */
const retryStrategy = (times: number): number | null => (times < 100 ? 50 : null)

/** What a get and a set take, each awaited before the next is sent. */
export async function measureRedis(): Promise<Figures> {
  const port = await freePort()
  const options = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', [...options, '--dir', tmpdir()], { stdio: 'ignore' })
  process.once('exit', () => server.kill())
  const redis = new Redis({ host: '127.0.0.1', port, retryStrategy, maxRetriesPerRequest: null })
  redis.on('error', () => {}) // until it is up
  const figures: Figures = {}
  for (const [name, encoding, value] of VALUES) {
    const [get, set] = operations(redis, encoding)
    await Promise.all(KEYS.map((each) => set(each, value)))
    figures[`get, ${name}`] = await oneByOne((index) => get(key(index)))
    figures[`set, ${name}`] = await oneByOne((index) => set(key(index), value))
  }
  redis.disconnect()
  server.kill()
  await once(server, 'exit')
  return figures
}

type Get = (key: string) => Promise<unknown>
type Set = (key: string, value: unknown) => Promise<unknown>

function operations(redis: Redis, encoding: Encoding): [Get, Set] {
  switch (encoding) {
    case 'string':
      return [(key) => redis.get(key), (key, value) => redis.set(key, value as string)]
    case 'json':
      return [
        async (key) => JSON.parse((await redis.get(key)) as string),
        (key, value) => redis.set(key, JSON.stringify(value)),
      ]
    case 'binary':
      return [(key) => redis.getBuffer(key), (key, value) => redis.set(key, value as Buffer)]
  }
}

/** A port that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

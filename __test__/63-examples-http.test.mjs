/** The response caches in examples/, where a mistake would give one visitor another one's page. */
import { EventEmitter, once } from 'node:events'
import { gunzipSync, gzipSync } from 'node:zlib'
import test from 'ava'
import express from 'express'
import fastify from 'fastify'
import { SharedCache } from 'mokapot'
import { responseCache } from '../examples/express-response-cache/response-cache.mjs'
import { answerCodec } from '../examples/fastify-response-cache/answer.mjs'
import { responseCache as fastifyResponseCache } from '../examples/fastify-response-cache/response-cache.mjs'
import { isCacheable, keptHeaders, lifetimeOf, wantsFresh } from '../examples/response-rules.mjs'

/** @typedef {import('express').Express} Express */

test('what may be kept, and for how long', (t) => {
  /** @type {[Record<string, string | string[]>, number | undefined][]} */
  const table = [
    [{}, undefined],
    [{ 'cache-control': 'public' }, undefined],
    [{ 'cache-control': 'max-age=60' }, 60_000],
    [{ 'cache-control': 'Public, Max-Age="60"' }, 60_000],
    [{ 'cache-control': 'max-age=60, s-maxage=5' }, 5_000],
    [{ 'cache-control': 'max-age=0' }, 0],
    [{ 'cache-control': 'max-age=-1' }, 0],
    [{ 'cache-control': 'max-age' }, 0],
    [{ 'cache-control': 'no-store' }, 0],
    [{ 'cache-control': 'no-cache, max-age=60' }, 0],
    [{ 'cache-control': 'private="x", max-age=60' }, 0],
    [{ expires: '0' }, 0],
    [{ expires: 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ expires: '0', 'cache-control': 'max-age=60' }, 60_000],
    [{ vary: 'Accept' }, undefined],
    [{ vary: 'Accept, Accept-Language' }, 0],
    [{ vary: '*' }, 0],
    [{ 'set-cookie': ['a=b'], 'cache-control': 'public, max-age=60' }, 0],
  ]
  for (const [headers, ttl] of table) t.is(lifetimeOf(headers, ['accept']), ttl, JSON.stringify(headers))
  const left = lifetimeOf({ expires: new Date(Date.now() + 3_600_000).toUTCString() }, []) ?? 0
  t.true(left > 0 && left <= 3_600_000)
})

test('which requests may be answered from a cache', (t) => {
  const method = 'GET'
  t.true(isCacheable({ method, headers: { accept: '*/*', 'cache-control': 'max-age=0' } }))
  for (const other of ['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', undefined]) {
    t.false(isCacheable({ method: other, headers: {} }), other)
  }
  for (const headers of [
    { authorization: 'Basic x' },
    { cookie: 'a=b' },
    { range: 'bytes=0-1' },
    { 'cache-control': 'no-store' },
  ]) {
    t.false(isCacheable({ method, headers }), JSON.stringify(headers))
  }
  t.true(wantsFresh({ headers: { 'cache-control': 'no-cache' } }))
  t.false(wantsFresh({ headers: { 'cache-control': 'max-age=0' } }))
})

test('headers of one connection or one request are not kept', (t) => {
  const before = { 'x-request-id': '1', vary: 'Origin' }
  const headers = {
    ...before,
    vary: 'Origin, Accept',
    connection: 'close',
    'content-length': 3,
    etag: undefined,
  }
  t.deepEqual(keptHeaders(headers, before), [
    ['vary', 'Origin, Accept'],
    ['content-length', '3'],
  ])
})

test('Express: when a visitor leaves, another one who waits has the answer made', async (t) => {
  const pages = responseCache()
  const events = new EventEmitter()
  let runs = 0
  const ask = await serve(t, pages, (app) => {
    app.use((request, _response, next) => {
      next()
      if (request.headers['x-second'] !== undefined) events.emit('second')
    })
    app.use(pages)
    app.get('/', (_request, response) => {
      runs += 1
      if (runs === 1) events.emit('first')
      else response.send('made')
    })
  })
  const leaving = new AbortController()
  const [first] = [ask('/', {}, leaving.signal), await once(events, 'first')]
  const [second] = [ask('/', { 'x-second': '' }), await once(events, 'second')]
  leaving.abort()
  t.is(await first.catch(({ name }) => name), 'AbortError')
  t.is((await second).text, 'made')
  t.is((await ask('/')).text, 'made')
  t.is(runs, 2)
})

test('Express: a session that begins in front of the cache keeps the page from being kept', async (t) => {
  const pages = responseCache()
  let runs = 0
  const ask = await serve(t, pages, (app) => {
    app.use((_request, response, next) => {
      const { writeHead } = response
      response.writeHead = (/** @type {any[]} */ ...args) => {
        response.setHeader('set-cookie', `session=${runs}`)
        return Reflect.apply(writeHead, response, args)
      }
      next()
    })
    app.use(pages)
    app.get('/', (_request, response) => void response.send(`token of session ${++runs}`))
  })
  t.is((await ask('/')).text, 'token of session 1')
  t.is((await ask('/')).text, 'token of session 2')
})

test('Express: compression in front of the cache, and what it sets for each request, is done anew', async (t) => {
  const pages = responseCache()
  let runs = 0
  let requests = 0
  const ask = await serve(t, pages, (app) => {
    app.use((request, response, next) => {
      response.setHeader('x-request-id', String(++requests))
      if (/gzip/.test(request.get('accept-encoding') ?? '')) compress(response)
      next()
    })
    app.use(pages)
    app.get('/', (_request, response) => {
      runs += 1
      response.send('text to compress')
    })
  })
  const answers = []
  for (const encoding of ['gzip', 'gzip', 'identity']) {
    answers.push(await ask('/', { 'accept-encoding': encoding }))
  }
  t.deepEqual(
    answers.map(({ text, headers }) => [text, headers.get('content-encoding'), headers.get('x-request-id')]),
    [
      ['text to compress', 'gzip', '1'],
      ['text to compress', 'gzip', '2'],
      ['text to compress', null, '3'],
    ],
  )
  t.is(runs, 1)

  /** As the package `compression` does it. @param {import('express').Response} response */
  function compress(response) {
    const { writeHead, end } = response
    response.writeHead = (/** @type {any[]} */ ...args) => {
      response.setHeader('content-encoding', 'gzip')
      response.removeHeader('content-length')
      return Reflect.apply(writeHead, response, args)
    }
    response.end = (/** @type {any[]} */ ...args) => Reflect.apply(end, response, [gzipSync(args[0])])
  }
})

for (const [what, late] of /** @type {[string, (finish: () => void) => void][]} */ ([
  ['sets an encoding after the answer went by', (finish) => finish()],
  ['holds the answer back', (finish) => setImmediate(finish)],
])) {
  test(`Express: nothing is kept when middleware in front ${what}`, async (t) => {
    const pages = responseCache()
    let runs = 0
    const ask = await serve(t, pages, (app) => {
      app.use((_request, response, next) => {
        const { end } = response
        response.end = (/** @type {any[]} */ ...args) => {
          late(() => {
            response.setHeader('content-encoding', 'gzip')
            response.removeHeader('content-length')
            Reflect.apply(end, response, [gzipSync(args[0])])
          })
          return response
        }
        next()
      })
      app.use(pages)
      app.get('/', (_request, response) => void response.send(`run ${++runs}`))
    })
    t.is((await ask('/')).text, 'run 1')
    t.is((await ask('/')).text, 'run 2')
  })
}

test('Express: compression behind the cache is kept, by the encodings that visitors take', async (t) => {
  const pages = responseCache({ vary: ['Accept-Encoding'] })
  let runs = 0
  const ask = await serve(t, pages, (app) => {
    app.use(pages)
    app.get('/', (request, response) => {
      runs += 1
      const takesGzip = /gzip/.test(request.get('accept-encoding') ?? '')
      response.writeHead(200, { vary: 'Accept-Encoding', ...(takesGzip && { 'content-encoding': 'gzip' }) })
      const body = Buffer.from('text')
      response.write((takesGzip ? gzipSync(body) : body).subarray(0, 2))
      response.end((takesGzip ? gzipSync(body) : body).subarray(2))
    })
  })
  for (const encoding of ['gzip', 'identity', 'gzip', 'identity']) {
    const { text, headers } = await ask('/', { 'accept-encoding': encoding })
    t.is(text, 'text')
    t.is(headers.get('content-encoding'), encoding === 'gzip' ? 'gzip' : null)
  }
  t.is(runs, 2)
})

test('Express: headers given to writeHead are kept, in any form', async (t) => {
  const pages = responseCache()
  const ask = await serve(t, pages, (app) => {
    app.disable('x-powered-by')
    app.use(pages)
    app.get('/object', (_request, response) => {
      response.writeHead(200, 'Fine', { 'content-type': 'text/css', 'x-list': ['a', 'b'] }).end('1')
    })
    app.get('/array', (_request, response) => {
      response.writeHead(200, ['content-type', 'text/css', 'x-list', 'a', 'x-list', 'b']).end('2')
    })
    app.get('/private', (_request, response) => {
      response.writeHead(200, { 'cache-control': 'private' }).end('3')
    })
  })
  for (const path of ['/object', '/array']) {
    for (const cache of ['miss', 'hit']) {
      const { headers } = await ask(path)
      t.is(headers.get('x-cache'), cache)
      t.is(headers.get('content-type'), 'text/css')
      t.is(headers.get('x-list'), 'a, b')
    }
  }
  await ask('/private')
  t.is((await ask('/private')).headers.get('x-cache'), null)
  t.is(pages.cache.size, 3, 'two answers, and that the third is not kept')
})

test('Express: the app goes on when its cache was closed', async (t) => {
  const pages = responseCache()
  const ask = await serve(t, pages, (app) => {
    app.use(pages)
    app.get('/', (_request, response) => void response.send('still here'))
  })
  await ask('/')
  pages.cache.close()
  t.is((await ask('/')).text, 'still here')
})

test('Fastify: when a visitor leaves, another one who waits has the answer made', async (t) => {
  const events = new EventEmitter()
  let runs = 0
  const ask = await serveFastify(t, (app) => {
    app.addHook('preHandler', (request, _reply, go) => {
      go()
      if (request.headers['x-second'] !== undefined) events.emit('second')
    })
    app.get('/', { config: { responseCache: {} } }, (_request, reply) => {
      runs += 1
      if (runs === 1) events.emit('first')
      else reply.send('made')
    })
  })
  const leaving = new AbortController()
  const [first] = [ask('/', {}, leaving.signal), await once(events, 'first')]
  const [second] = [ask('/', { 'x-second': '' }), await once(events, 'second')]
  leaving.abort()
  t.is(await first.catch(({ name }) => name), 'AbortError')
  t.is((await second).text, 'made')
  t.is((await ask('/')).text, 'made')
  t.is(runs, 2)
})

test('Fastify: who may not see a page is told so before the cache is asked', async (t) => {
  let runs = 0
  const ask = await serveFastify(t, (app) => {
    app.get(
      '/',
      {
        config: { responseCache: {} },
        preHandler: async (request, reply) => {
          if (request.headers['x-key'] !== 'right') return reply.code(403).send('no')
        },
      },
      async () => `run ${++runs}`,
    )
  })
  t.is((await ask('/', { 'x-key': 'right' })).text, 'run 1')
  t.is((await ask('/', { 'x-key': 'wrong' })).text, 'no')
  t.is((await ask('/', { 'x-key': 'right' })).text, 'run 1')
})

test('Fastify: a cookie that is set on the way out keeps the page from being kept', async (t) => {
  let runs = 0
  const ask = await serveFastify(t, (app) => {
    app.addHook('onSend', async (_request, reply) => {
      reply.header('set-cookie', 'session=1')
    })
    app.get('/', { config: { responseCache: {} } }, async () => `run ${++runs}`)
  })
  t.is((await ask('/')).text, 'run 1')
  t.is((await ask('/')).text, 'run 2')
})

test('Fastify: the app goes on when its cache was closed', async (t) => {
  const ask = await serveFastify(t, (app, cache) => {
    app.get('/', { config: { responseCache: {} } }, async () => 'still here')
    app.get('/close', { config: { responseCache: {} } }, async () => {
      cache.close()
      return 'closed'
    })
  })
  await ask('/')
  t.is((await ask('/close')).text, 'closed')
  t.is((await ask('/')).text, 'still here')
})

test('the codec of the Fastify example gives back what it took', (t) => {
  const body = gzipSync('ä')
  const headers = /** @type {[string, string | string[]][]} */ ([
    ['x', 'ä'],
    ['y', ['1', '2']],
  ])
  const codec = /** @type {import('mokapot').Codec<any> & object} */ (answerCodec)
  for (const ttl of [5, undefined]) {
    const back = codec.decode(new Uint8Array(codec.encode({ headers, body, ttl, date: 7 })))
    t.deepEqual([back.headers, back.ttl, back.date], [headers, ttl, 7])
    t.is(gunzipSync(back.body).toString(), 'ä')
  }
  for (const outcome of ['pass', 'error', 'gone']) t.is(codec.decode(codec.encode(outcome)), outcome)
})

/**
 * @param {import('ava').ExecutionContext} t
 * @param {ReturnType<typeof responseCache>} pages
 * @param {(app: Express) => void} build
 */
async function serve(t, pages, build) {
  const app = express()
  build(app)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
    pages.cache.close()
  })
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return visitor(`http://127.0.0.1:${port}`)
}

/**
 * @param {import('ava').ExecutionContext} t
 * @param {(app: import('fastify').FastifyInstance, cache: SharedCache<any, string>) => void} build
 */
async function serveFastify(t, build) {
  /** @type {SharedCache<import('../examples/fastify-response-cache/answer.mjs').Outcome, string>} */
  const cache = new SharedCache({ maxBytes: '16mb', codec: answerCodec })
  const app = fastify({ forceCloseConnections: true })
  app.register(fastifyResponseCache, { cache })
  app.register(async (routes) => build(/** @type {any} */ (routes), cache))
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    await app.close()
    cache.close()
  })
  return visitor(address)
}

/** @param {string} address */
function visitor(address) {
  /**
   * @param {string} path
   * @param {Record<string, string>} [headers]
   * @param {AbortSignal} [signal]
   */
  return async (path, headers = {}, signal = undefined) => {
    const response = await fetch(`${address}${path}`, { headers, ...(signal && { signal }) })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
}

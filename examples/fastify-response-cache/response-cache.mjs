/**
 * A Fastify plugin that keeps whole answers of routes, in one cache for all threads of the process, and has each made once
 * however many ask for it at the same time, in whatever thread.
 *
 *   app.register(responseCache, { cache, vary: ['accept-language'] })       // before the routes, and before compression
 *   app.get('/report', { config: { responseCache: { ttl: '1m' } } }, …)     // without it, a route is left alone
 */
import { isCacheable, keptHeaders, lifetimeOf, wantsFresh } from '../response-rules.mjs'

/** @typedef {import('./answer.mjs').Answer} Answer */
/** @typedef {import('./answer.mjs').Outcome} Outcome */
/** @typedef {import('fastify').FastifyRequest} Request */
/** @typedef {import('fastify').FastifyReply} Reply */

/**
 * @typedef {object} Options
 * @property {import('mokapot').SharedCache<Outcome, string>} cache Made with the codec of answer.mjs. It stays the app's,
 *   which closes it, and clears it when the content changes: what is being made at that moment is then not kept either.
 * @property {string[]} [vary] The request headers that answers differ by. An answer whose `Vary` names another one is not
 *   kept. Where browsers send many values that mean the same, as in `Accept-Language`, bring them down to a few first.
 */

/** @typedef {{ ttl?: import('mokapot').Duration }} RouteOptions `ttl` is for answers without one in `Cache-Control`. */

/** For so many milliseconds after an answer that must not be kept nobody waits for another one to see whether it may. */
const PASS_MS = 10_000

/** @type {import('fastify').FastifyPluginCallback<Options>} */
export function responseCache(app, { cache, vary = [] }, registered) {
  const names = vary.map((name) => name.toLowerCase())
  const { maxEntryBytes } = cache
  /** Requests whose answer others may be waiting for. @type {WeakMap<Request, (payload: unknown) => void>} */
  const recordings = new WeakMap()

  app.addHook('onRoute', (route) => {
    const { responseCache } = /** @type {{ responseCache?: RouteOptions }} */ (route.config ?? {})
    if (responseCache === undefined) return
    const { ttl } = responseCache
    // The last before the handler: whatever decides who may see the page has decided by then.
    route.preHandler = [...hooks(route.preHandler), (request, reply, go) => answer(request, reply, ttl, go)]
    // The last also here: cookies are set by then.
    route.onSend = [...hooks(route.onSend), keep]
  })
  registered()

  /**
   * @param {Request} request
   * @param {Reply} reply
   * @param {import('mokapot').Duration | undefined} ttl
   * @param {() => void} go on to the handler
   */
  function answer(request, reply, ttl, go) {
    if (!isCacheable(request)) {
      go()
      return
    }
    const key = keyOf(request, names)
    const options = { ttl: lifetimesOr(ttl), forceRefresh: wantsFresh(request) }
    let isOurs = false
    const load = () => {
      isOurs = true
      // The app is to make a whole answer: "not modified" would be no use to the others.
      delete request.headers['if-none-match']
      delete request.headers['if-modified-since']
      reply.header('x-cache', 'miss')
      const outcome = record(request, reply)
      go()
      return outcome
    }
    /** @param {Outcome} outcome */
    const give = (outcome) => {
      if (isOurs || reply.raw.destroyed) return
      // When the visitor left whose answer the others waited for, one of them is next.
      if (outcome === 'gone') ask()
      else if (typeof outcome === 'object') send(reply, outcome)
      else go()
    }
    /** @param {unknown} error */
    const giveUp = (error) => {
      request.log.error(error, 'response cache') // it was closed, say: the app goes on without it
      if (!isOurs) go()
    }
    const ask = () => cache.getOrSet(key, load, options).then(give, giveUp)
    ask()
  }

  /**
   * @param {Request} request
   * @param {Reply} reply
   * @returns {Promise<Outcome>} settled by {@link keep}, or when the visitor is gone
   */
  function record(request, reply) {
    const before = reply.getHeaders()
    return new Promise((resolve) => {
      recordings.set(request, (payload) => resolve(outcomeOf(reply, payload, before)))
      reply.raw.once('close', () => resolve('gone'))
    })
  }

  /** @type {import('fastify').onSendHookHandler} */
  function keep(request, _reply, payload, next) {
    recordings.get(request)?.(payload)
    recordings.delete(request)
    next(null, payload)
  }

  /**
   * @param {Reply} reply
   * @param {unknown} payload
   * @param {import('../response-rules.mjs').Headers} before
   * @returns {Outcome}
   */
  function outcomeOf(reply, payload, before) {
    if (reply.statusCode !== 200) return 'error'
    const headers = reply.getHeaders()
    const ttl = lifetimeOf(headers, names)
    // A stream can be read only once.
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload)
    if (ttl === 0 || !isWhole || payload.length > maxEntryBytes) return 'pass'
    return { headers: keptHeaders(headers, before), body: Buffer.from(payload), ttl, date: Date.now() }
  }
}

// Fastify's way to say that the hooks are for the app that registers the plugin, not for what is registered inside it.
Object.assign(responseCache, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'mokapot-response-cache',
})

/**
 * @template H
 * @param {H | H[] | undefined} given
 * @returns {H[]}
 */
function hooks(given) {
  if (given === undefined) return []
  return Array.isArray(given) ? given : [given]
}

/**
 * What tells answers apart. No part can have a line break in it.
 *
 * @param {Request} request
 * @param {readonly string[]} vary
 */
function keyOf(request, vary) {
  const url = `${request.protocol}://${request.host}${request.originalUrl}`
  return [url, ...vary.map((name) => request.headers[name] ?? '')].join('\n')
}

/**
 * How long an outcome is kept: as the answer says, else the route, else the cache.
 *
 * @param {import('mokapot').Duration | undefined} ttl
 * @returns {(outcome: Outcome) => import('mokapot').Duration | undefined}
 */
function lifetimesOr(ttl) {
  return (outcome) => {
    if (typeof outcome === 'object') return outcome.ttl ?? ttl
    return outcome === 'pass' ? PASS_MS : 0
  }
}

/**
 * @param {Reply} reply
 * @param {Answer} answer
 */
function send(reply, { headers, body, date }) {
  for (const [name, value] of headers) reply.header(name, value)
  reply.header('age', Math.max(0, Math.floor((Date.now() - date) / 1000)))
  reply.header('x-cache', 'hit')
  reply.send(body)
}

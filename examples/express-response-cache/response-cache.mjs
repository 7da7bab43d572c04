/**
 * Middleware that keeps whole answers of an Express app, and has each made once however many ask for it at the same time.
 *
 *   app.use(responseCache({ vary: ['accept-language'] }))   // before the routes, after compression
 */
import { Cache } from 'mokapot'
import { isCacheable, wantsFresh } from '../response-rules.mjs'
import { record } from './recording.mjs'

/** @typedef {import('./recording.mjs').Answer} Answer */
/** @typedef {import('./recording.mjs').Outcome} Outcome */

/** For so many milliseconds after an answer that must not be kept nobody waits for another one to see whether it may. */
const PASS_MS = 10_000

/** What an entry takes beside its body and the text in it, roughly. */
const OVERHEAD = 500

/**
 * @typedef {object} Options
 * @property {number} [maxBytes] The limit on what all answers take together.
 * @property {import('mokapot').Duration} [ttl] How long answers are good that do not say so in `Cache-Control`.
 * @property {string[]} [vary] The request headers that answers differ by. An answer whose `Vary` names another one is not
 *   kept. Where browsers send many values that mean the same, as in `Accept-Language`, bring them down to a few first.
 */

/**
 * Makes the middleware. Its `cache` is there to be watched (`stats()`), and to be cleared when the content changes: what is
 * being made at that moment is then not kept either.
 *
 * @param {Options} [options]
 */
export function responseCache({ maxBytes = 64 * 1024 * 1024, ttl = '1m', vary = [] } = {}) {
  const names = vary.map((name) => name.toLowerCase())
  // No answer may push out all the others.
  const maxBody = Math.floor(maxBytes / 4)
  /** @type {Cache<string, Outcome>} */
  const cache = new Cache({ maxSize: maxBytes, sizeCalculation: sizeOf, ttl })

  /** @type {import('express').RequestHandler} */
  const middleware = async (request, response, next) => {
    if (!isCacheable(request)) {
      next()
      return
    }
    const key = keyOf(request, names)
    const options = { ttl: lifetimeOf, forceRefresh: wantsFresh(request) }
    let isOurs = false
    const load = () => {
      isOurs = true
      // The app is to make a whole answer: "not modified" would be no use to the others.
      delete request.headers['if-none-match']
      delete request.headers['if-modified-since']
      response.setHeader('x-cache', 'miss')
      const outcome = record(response, names, maxBody)
      next()
      return outcome
    }
    try {
      /** @type {Outcome} */
      let outcome
      // When the visitor left whose answer the others waited for, one of them is next.
      do outcome = await cache.getOrSet(key, load, options)
      while (outcome === 'gone' && !isOurs && !response.destroyed)
      if (isOurs || response.destroyed) return
      if (typeof outcome === 'object') send(request, response, outcome, cache.info(key)?.age ?? 0)
      else next()
    } catch {
      // The cache was closed: the app goes on without it.
      if (!isOurs) next()
    }
  }
  return Object.assign(middleware, { cache })
}

/**
 * What tells answers apart. No part can have a line break in it.
 *
 * @param {import('express').Request} request
 * @param {readonly string[]} vary
 */
function keyOf(request, vary) {
  const url = `${request.protocol}://${request.host}${request.originalUrl}`
  return [url, ...vary.map((name) => request.headers[name] ?? '')].join('\n')
}

/** @param {Outcome} outcome */
function lifetimeOf(outcome) {
  if (typeof outcome === 'object') return outcome.ttl
  return outcome === 'pass' ? PASS_MS : 0
}

/**
 * @param {Outcome} outcome
 * @param {string} key
 */
function sizeOf(outcome, key) {
  if (typeof outcome === 'string') return key.length + OVERHEAD
  const headers = outcome.headers.reduce((sum, [name, value]) => sum + name.length + String(value).length, 0)
  return key.length + headers + outcome.body.byteLength + OVERHEAD
}

/**
 * @param {import('express').Request} request
 * @param {import('express').Response} response
 * @param {Answer} answer
 * @param {number} age in milliseconds
 */
function send(request, response, { headers, body }, age) {
  for (const [name, value] of headers) response.setHeader(name, value)
  response.setHeader('age', Math.floor(age / 1000))
  response.setHeader('x-cache', 'hit')
  if (request.fresh) {
    // The visitor has this very answer.
    for (const name of ['content-type', 'content-length']) response.removeHeader(name)
    response.status(304).end()
  } else response.end(body)
}

/** Listens in while an answer is written, by whatever means: `res.send`, `res.json`, `pipe`, `res.sendFile`. */
import { keptHeaders, lifetimeOf } from '../response-rules.mjs'

/**
 * An answer as it is kept.
 *
 * @typedef {object} Answer
 * @property {[name: string, value: string | string[]][]} headers
 * @property {Buffer} body
 * @property {number | undefined} ttl In milliseconds; undefined if the answer says nothing.
 */

/**
 * What came of a request that was recorded, told as soon as it is certain: an answer; `'pass'` for a good one that must not
 * be kept; `'error'` for one that is not good; `'gone'` when the visitor left and the app gave up.
 *
 * @typedef {Answer | 'pass' | 'error' | 'gone'} Outcome
 */

/**
 * To be called before the app writes anything.
 *
 * @param {import('node:http').ServerResponse} response
 * @param {readonly string[]} vary See `lifetimeOf`.
 * @param {number} maxBytes The largest body that is worth collecting.
 * @returns {Promise<Outcome>}
 */
export function record(response, vary, maxBytes) {
  return new Promise((resolve) => {
    const { writeHead, write, end } = response
    const before = response.getHeaders()
    /** @type {Uint8Array[]} */
    let chunks = []
    let bytes = 0
    let hasBegun = false
    let isOver = false
    /** @type {import('node:http').OutgoingHttpHeaders[string]} */
    let encoding
    /** The answer but for its body, once its head is written. @type {Omit<Answer, 'body'> | undefined} */
    let head
    /** @type {import('node:http').OutgoingHttpHeaders[string]} */
    let length

    /** @param {Outcome} outcome */
    const finish = (outcome) => {
      isOver = true // a promise takes the first outcome only
      chunks = []
      resolve(outcome)
    }
    /**
     * @param {unknown} chunk
     * @param {unknown} charset
     */
    const collect = (chunk, charset) => {
      if (!hasBegun) encoding = response.getHeader('content-encoding')
      hasBegun = true
      if (isOver || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return
      const part =
        typeof chunk === 'string'
          ? Buffer.from(chunk, typeof charset === 'string' ? /** @type {BufferEncoding} */ (charset) : 'utf8')
          : chunk
      bytes += part.byteLength
      if (bytes > maxBytes) finish('pass')
      else chunks.push(part)
    }

    // Node calls this for every answer, also one that never mentions it. Here the headers are as the app wants them;
    // what middleware in front of this one adds on the way out, such as an encoding, is added again to each answer.
    response.writeHead = (/** @type {number} */ status, /** @type {any[]} */ ...rest) => {
      const given = rest.find((each) => typeof each === 'object')
      const reason = rest.find((each) => typeof each === 'string')
      setHeaders(response, given)
      const now = response.getHeaders()
      length = now['content-length']
      head = { headers: keptHeaders(now, before), ttl: lifetimeOf(now, vary) }
      // What was collected is not encoded, if that came to be after it went by here.
      const isEncodedLater = hasBegun && encoding !== now['content-encoding']
      if (status !== 200) finish('error')
      else if (head.ttl === 0 || isEncodedLater) finish('pass')
      const result = Reflect.apply(writeHead, response, reason === undefined ? [status] : [status, reason])
      // A session that middleware in front of this one has just begun: the page may show something of it.
      if (response.hasHeader('set-cookie')) finish('pass')
      return result
    }
    response.write = (/** @type {any} */ chunk, /** @type {any[]} */ ...rest) => {
      collect(chunk, rest[0])
      return Reflect.apply(write, response, [chunk, ...rest])
    }
    response.end = (/** @type {any[]} */ ...args) => {
      collect(args[0], args[1])
      const result = Reflect.apply(end, response, args)
      if (isOver) return result
      // Without a head, middleware in front holds the answer back, and may still change it.
      if (head === undefined) finish('pass')
      else if (length !== undefined && Number(length) !== bytes) finish('error')
      else finish({ ...head, body: join(chunks, bytes) })
      return result
    }
    response.once('close', () => {
      if (!isOver) finish('gone')
    })
  })
}

/**
 * One buffer with memory of its own: a slice of Node's pool would keep all of the pool's memory alive for as long as it is
 * cached.
 *
 * @param {readonly Uint8Array[]} chunks
 * @param {number} bytes
 */
function join(chunks, bytes) {
  const body = Buffer.allocUnsafeSlow(bytes)
  let offset = 0
  for (const chunk of chunks) {
    body.set(chunk, offset)
    offset += chunk.byteLength
  }
  return body
}

/**
 * Sets what `writeHead` was given, an object or a flat array of names and values, where `getHeaders` sees it.
 *
 * @param {import('node:http').ServerResponse} response
 * @param {Record<string, any> | any[] | undefined} given
 */
function setHeaders(response, given) {
  if (given === undefined) return
  if (!Array.isArray(given)) {
    for (const [name, value] of Object.entries(given)) response.setHeader(name, value)
    return
  }
  // A name may be there more than once.
  for (let index = 0; index < given.length; index += 2) response.removeHeader(given[index])
  for (let index = 0; index < given.length; index += 2) response.appendHeader(given[index], given[index + 1])
}

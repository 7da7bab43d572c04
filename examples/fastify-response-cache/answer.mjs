/** An answer as it is kept, and how it becomes bytes and comes back. */

/**
 * @typedef {object} Answer
 * @property {[name: string, value: string | string[]][]} headers
 * @property {Buffer} body
 * @property {number | undefined} ttl In milliseconds; undefined if the answer says nothing.
 * @property {number} date When it was made, by `Date.now()`.
 */

/**
 * What came of a request: an answer; `'pass'` for a good one that must not be kept; `'error'` for one that is not good;
 * `'gone'` when the visitor left and the app gave up.
 *
 * @typedef {Answer | 'pass' | 'error' | 'gone'} Outcome
 */

const LENGTH_BYTES = 4

/**
 * All but the body as JSON, its length before it, and the body as it is. The default codec takes an answer too, but by
 * structured clone, which costs several times as much.
 *
 * @type {import('mokapot').Codec<Outcome>}
 */
export const answerCodec = {
  name: 'fastify-response-cache/1', // to be counted up when the format changes
  encode(outcome) {
    const { body = undefined, ...rest } = typeof outcome === 'string' ? { outcome } : outcome
    const head = Buffer.from(JSON.stringify(rest))
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeUInt32LE(head.byteLength)
    return Buffer.concat(body === undefined ? [length, head] : [length, head, body])
  },
  decode(bytes) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const end = LENGTH_BYTES + buffer.readUInt32LE()
    const rest = JSON.parse(buffer.toString('utf8', LENGTH_BYTES, end))
    return rest.outcome ?? { ...rest, body: buffer.subarray(end) }
  },
}

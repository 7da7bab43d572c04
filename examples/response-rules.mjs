/**
 * What a cache that many visitors share may keep (RFC 9111), for middleware that knows what it is put in front of: where
 * the standard leaves a choice, the careful one.
 */

/** These belong to one connection, or are made anew for each answer. */
const NOT_KEPT = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

/** @typedef {Record<string, number | string | string[] | undefined>} Headers with names in lower case. */

/**
 * Whether a request may be answered from the cache at all. One that says who asks may not: its answer can be for one
 * visitor alone, also where the app forgot to say so.
 *
 * @param {{ method?: string | undefined, headers: import('node:http').IncomingHttpHeaders }} request
 */
export function isCacheable({ method, headers }) {
  return (
    method === 'GET' &&
    headers.authorization === undefined &&
    headers.cookie === undefined &&
    headers.range === undefined &&
    !directivesOf(headers['cache-control']).has('no-store')
  )
}

/**
 * Whether a request wants a fresh answer, which then replaces the one that is kept: what a browser sends for a forced
 * reload. Leave it out where visitors should not be able to make work.
 *
 * @param {{ headers: import('node:http').IncomingHttpHeaders }} request
 */
export function wantsFresh({ headers }) {
  return directivesOf(headers['cache-control']).has('no-cache')
}

/**
 * How many milliseconds an answer with the status 200 may be kept: 0 for not at all, undefined if it says nothing about it.
 *
 * @param {Headers} headers
 * @param {readonly string[]} vary The request headers that are part of the key, in lower case.
 */
export function lifetimeOf(headers, vary) {
  if (headers['set-cookie'] !== undefined) return 0
  // An answer that differs by anything else, such as `*`, would be given to the wrong visitors.
  if (listOf(headers.vary).some((name) => !vary.includes(name))) return 0
  const directives = directivesOf(headers['cache-control'])
  if (['no-store', 'private', 'no-cache'].some((name) => directives.has(name))) return 0
  // What is for shared caches goes before what is for all. What cannot be read counts as over.
  const seconds = directives.get('s-maxage') ?? directives.get('max-age')
  if (seconds !== undefined) return /^\d+$/.test(seconds) ? Number(seconds) * 1000 : 0
  if (headers.expires !== undefined) return Math.max(0, Date.parse(String(headers.expires)) - Date.now()) || 0
  return undefined
}

/**
 * The headers of an answer that are kept with it.
 *
 * @param {Headers} headers
 * @param {Headers} before Those that were set before the app was asked. They are set for each request, and are only kept
 *   where the app changed them: an id of the request in them is not the next one's.
 * @returns {[name: string, value: string | string[]][]}
 */
export function keptHeaders(headers, before) {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || NOT_KEPT.includes(name) || String(before[name]) === String(value)
      ? []
      : [[name, typeof value === 'number' ? String(value) : value]],
  )
}

/** @param {Headers[string]} header */
function directivesOf(header) {
  return new Map(
    listOf(header).map((part) => {
      const [name, value = ''] = part.split('=', 2)
      return [name.trim(), value.trim().replaceAll('"', '')]
    }),
  )
}

/**
 * The parts of a header that is a list, in lower case.
 *
 * @param {Headers[string]} header
 */
function listOf(header) {
  return String(header ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

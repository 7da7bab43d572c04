/** Each example in examples/ runs as it stands, ends by itself, and shows what it says. */
import { readdir, readFile } from 'node:fs/promises'
import test from 'ava'
import { runNode } from './fixtures/run-node.mjs'

/** An example that has not ended by then hangs: it takes a second or two where nothing else runs. */
const PATIENCE = 110_000

const folder = new URL('../examples/', import.meta.url)
const entries = await readdir(folder, { withFileTypes: true })
// The demo has tests of its own.
const names = entries.flatMap((entry) => (entry.isDirectory() && entry.name !== 'demo' ? [entry.name] : []))

/** What each example prints, in this order; other lines may stand between. @type {Record<string, (string | RegExp)[]>} */
const SHOWN = {
  'http-worker-pool': [
    '1 load for 100 requests: one page, all at once',
    '    answered 200, the pool was asked',
    '0 loads for 100 requests: the same page again',
    '    answered 200, no worker was asked',
    '20 loads for 200 requests: 20 other pages, all at once',
    '    answered 200, the pool was asked',
    '1 load for 1 request: a page that kills the worker that makes it',
    '    answered 500, the pool was asked',
    '4 loads for 4 requests: new pages, from the same pool',
    '    answered 200, the pool was asked',
  ],
  'memoized-rendering': [
    /^each time: 40 pages, 40 renders, [\d.]+ ms$/,
    /^cached: 40 pages, 4 renders, [\d.]+ ms$/,
    /^the same pages: yes, \d+ times as fast$/,
    'after an edit: the new text',
    'two themes, asked for twice each: 1 more render',
    'stats: 39 hits, 6 misses, 6 pages held',
  ],
  'graphql-loader': [
    'without a loader: 141 queries',
    'with loaders: 3 queries',
    '    SELECT * FROM posts',
    '    SELECT * FROM users WHERE id IN (10 ids)',
    '    SELECT * FROM comments WHERE id IN (100 ids)',
    'the same request again: 1 query',
    '3 requests at once, after a minute: 5 queries',
    '    SELECT * FROM users WHERE id IN (10 ids)',
    '    SELECT * FROM comments WHERE id IN (100 ids)',
    'after a user was renamed: 3 queries',
    '    SELECT * FROM users WHERE id IN (1 ids)',
    '    null, null',
    'a user who does not exist, asked for twice: 1 query',
    'the same answer with and without: true',
  ],
  'session-store': [
    '  20 minutes later: logged in as ada',
    '  20 minutes later: logged in as ada',
    '  20 minutes later: logged in as ada',
    '  31 minutes later: logged out',
    '  logged out after 12 hours',
    '  a request that ends after it: logged out',
    '  in the store: ["tea"]',
    '  29 days later: logged in',
    'Sessions left in the first store: 0',
  ],
  'express-response-cache': [
    '1 run for 100 requests at once',
    'kept: {"total":42}, application/json; charset=utf-8, x-cache hit',
    'with its ETag: 304',
    'after a forced reload: 2 runs',
    'in de-AT,de;q=0.9: Guten Tag, miss',
    'in de: Guten Tag, hit',
    'in en-GB: Good day, miss',
    'in fr: Good day, hit',
    'a stream: one two three, 1 run for 2 requests',
    '  Cache-Control: private: 2 runs',
    '  a cookie that is set: 2 runs',
    '  Vary on what is not in the key: 2 runs',
    '  a body above a quarter of the limit: 2 runs',
    '  an error: 2 runs',
    '  a request with Authorization: 2 runs',
    '  a request with a cookie: 2 runs',
    'after the content changed: 1 run',
  ],
  'fastify-response-cache': [
    '1 run for 100 requests at once to 2 threads',
    'kept: application/json; charset=utf-8, the total is 42',
    '2 runs for 4 requests in 2 languages',
    'an image: hit, image/gif, 474946ff00',
    '  Cache-Control: private: 2 runs',
    '  a cookie that is set: 2 runs',
    '  Vary on what is not in the key: 2 runs',
    '  an error: 2 runs',
    '  a request with Authorization: 2 runs',
    '  a request with a cookie: 2 runs',
    '  a route that did not ask for it: 2 runs',
  ],
  prometheus: [
    '# TYPE mokapot_hits_total counter',
    'mokapot_hits_total{cache="users"} 2',
    'mokapot_hits_total{cache="pages"} 0',
    'mokapot_misses_total{cache="users"} 2',
    'mokapot_misses_total{cache="pages"} 2',
    'mokapot_loads_total{cache="pages"} 1',
    'mokapot_coalesced_total{cache="pages"} 1',
    '# TYPE mokapot_entries gauge',
    'mokapot_entries{cache="users"} 2',
    /^mokapot_bytes\{cache="pages"\} [1-9]\d*$/,
    'mokapot_max_bytes{cache="pages"} 16777216',
    'After one more hit:',
    'mokapot_hits_total{cache="users"} 3',
    'After a cache was closed: no more of it',
  ],
}

test('every example has something to show, and a place in the index', async (t) => {
  t.deepEqual(names.toSorted(), Object.keys(SHOWN).toSorted())
  const index = await readFile(new URL('README.md', folder), 'utf8')
  for (const name of [...names, 'demo']) t.true(index.includes(`](${name}/)`), name)
})

for (const [name, shown] of Object.entries(SHOWN)) {
  test.serial(`examples/${name} runs as it stands, and ends`, async (t) => {
    const { code, stdout, stderr } = await runNode(`../../examples/${name}/main.mjs`, { patience: PATIENCE })
    t.is(stderr, '')
    t.is(code, 0)
    const lines = stdout.split('\n')
    let from = 0
    for (const expected of shown) {
      const at = lines.findIndex((line, index) => index >= from && fits(line, expected))
      t.not(at, -1, `${expected}, in what follows ${lines[from - 1] ?? 'the start'} in:\n${stdout}`)
      from = at + 1
    }
  })
}

/**
 * @param {string} line
 * @param {string | RegExp} expected
 */
function fits(line, expected) {
  return typeof expected === 'string' ? line === expected : expected.test(line)
}

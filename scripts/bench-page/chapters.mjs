/** The chapters of docs/benchmarks.md: which results, in which order, what they ask and what to know before reading them. */

/**
 * @typedef {object} Chapter
 * @property {string} benchmark the name of the results
 * @property {string} question
 * @property {string} text
 * @property {readonly { part: string, measurements: readonly string[], rivals?: readonly string[] }[]} charts
 */

/** @type {readonly Chapter[]} */
export const CHAPTERS = [
  {
    benchmark: 'cache',
    question: 'What does `Cache` cost beside other caches of one thread?',
    text: `All keys are held and the cache is full. Processor time of all threads counts, so the garbage collector's too. A
prebuilt key is the very string that was stored; a freshly built one is made for each operation. \`insert at capacity\` stores keys
that were never there and never come again: there mokapot pays for asking its policy who leaves. quick-lru may hold twice what it
says, a Map has no limit.`,
    charts: [
      { part: '10 k strings', measurements: ['hit', 'update', 'insert at capacity'] },
      { part: '1 M strings', measurements: ['hit', 'update', 'insert at capacity'] },
    ],
  },
  {
    benchmark: 'cache-memory',
    question: 'How much memory does `Cache` take?',
    text: `Resident memory, after garbage collections; keys and values of their own are in it, and a row of their own tells
what these take. What mokapot takes more than lru-cache is moka's and the policy's.`,
    charts: [{ part: 'a million entries', measurements: ['growth'] }],
  },
  {
    benchmark: 'shared',
    question: 'What does `SharedCache` cost beside what else shares, or copies?',
    text: `lru-cache and \`near\` give out the same object each time, lmdb with its cache on does too, the others a copy.
Redis and the Map that another thread owns are awaited one operation at a time. lmdb and Redis keep what they hold when the process
ends; lmdb's writes are awaited in batches. node-cache and @cacheable/memory live in one thread and have no limit in bytes.`,
    charts: [{ part: '', measurements: ['get, string of 90', 'get, small object', 'get, 1 KiB of bytes'] }],
  },
  {
    benchmark: 'gc',
    question: 'What does a large cache cost the garbage collector?',
    text: `A collection walks over all that is on the heap: what a \`SharedCache\` holds is not on it. Under churn each turn of
the event loop reads 50 entries and writes 10. How late the event loop is depends on what else the machine does; the row \`nothing held\`,
which does the same over a Map of a single key, tells how much that is.`,
    charts: [
      { part: '1 M values of 1 KiB', measurements: ['forced full GC, ms', 'resident bytes an entry'] },
      { part: '3 M values of 1 KiB', measurements: ['forced full GC, ms', 'resident bytes an entry'] },
    ],
  },
  {
    benchmark: 'latency',
    question: 'What does a better hit ratio buy?',
    text: `Sixteen clients ask for the requests of a trace, each awaiting one before it sends the next; what is missing comes
from an origin that takes a millisecond. All caches hold 1,000 entries of up to 10,000 keys. \`recent\` is made for LRU: what was
asked for just now is asked for soon, then never again.`,
    charts: ['zipf', 'scan', 'recent', 'shift'].map((part) => ({ part, measurements: ['all requests, ms'] })),
  },
  {
    benchmark: 'stampede',
    question: 'What happens when a thousand callers miss at once?',
    text: `The load takes 20 ms. What belongs to one thread is loaded once in each thread, so for
those the loads in four threads are four times those in one. Where callers can say that they no
longer wait, the first one does, and the others should not notice.`,
    charts: [{ part: '', measurements: ['until all have it, ms', 'loads in 4 threads'] }],
  },
  {
    benchmark: 'loading',
    question: 'What does a load cost beside the load itself?',
    text: 'Each call is awaited before the next. The load returns at once, so a miss is the price of the machinery alone.',
    charts: [{ part: '', measurements: ['hit', 'miss'] }],
  },
  {
    benchmark: 'cached',
    question: 'What does a memoized call cost?',
    text: `memoize, fast-memoize and p-memoize hold all they are given. memoize looks at the first argument alone unless it is
told how to make a key: for two arguments it is told to join them, for objects to write them as JSON, which confuses some calls that
differ. micro-memoize and moize compare with each key they hold.`,
    charts: [{ part: '', measurements: ['one int, 10 k', 'one string, 10 k'] }],
  },
  {
    benchmark: 'binding',
    question: 'What does crossing into Rust cost?',
    text: `The engine called from Rust, as fast as a loop can drive it and with each call awaiting the one before; the addon's
raw functions; and \`SharedCache\` on top.`,
    charts: [],
  },
  {
    benchmark: 'limits',
    question: 'Does the limit hold?',
    text: `Values of 16 bytes to 4 MiB, written by 1, 2 and 4 threads, to new keys and to a few again and again, under a limit
of 64 MiB. What the cache counts is read every 2 ms, the growth of resident memory every 50 ms.`,
    charts: [{ part: '', measurements: ['resident at the most'] }],
  },
  {
    benchmark: 'pauses',
    question: 'How long does a call take while a million entries end?',
    text: `Gets and sets, timed one by one, before and after \`clear\`, mass expiry and \`close\`. \`before\` is what the machine
and the garbage collector do by themselves; \`without waits\` leaves out what a call waited for a processor.`,
    charts: [{ part: '', measurements: ['from it on'] }],
  },
  {
    benchmark: 'import',
    question: 'How long does it take to load?',
    text: 'As published, in a process that has loaded nothing else.',
    charts: [],
  },
]

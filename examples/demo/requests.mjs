/** The requests of a made-up public: readers, who prefer some pages to others, and now and then a crawler. */

/** How steeply popularity falls from one page to the next; web sites are reported between 0.6 and 1. */
const SKEW = 0.9

/** A crawl begins each time the readers have asked this many times the number of pages. */
const CRAWL_AFTER = 5

/** While it crawls, the crawler asks about as often as all readers together. */
const CRAWLERS_PART = 0.5

/**
 * A site whose pages are the documents, and who asks for them.
 *
 * @param {readonly { path: string }[]} documents
 * @param {{ requests: number, seed: number }} options
 * @returns {import('./main.mjs').Site}
 */
export function crawledSite(documents, { requests, seed }) {
  const random = mulberry32(seed)
  const pages = documents.map(({ path }, document) => ({ key: path, document }))
  const byRank = shuffled(pages.length, random)
  const rankOf = zipf(pages.length, SKEW, random)

  const sequence = new Uint32Array(requests)
  let readers = 0
  let crawls = 0
  let crawlerAt = pages.length
  for (let i = 0; i < requests; i++) {
    // Drawn, not every other request: those go to the workers in turn, and one worker would get the whole crawl.
    if (crawlerAt < pages.length && random() < CRAWLERS_PART) {
      sequence[i] = crawlerAt++
      continue
    }
    sequence[i] = byRank[rankOf()]
    readers += 1
    if (readers % (CRAWL_AFTER * pages.length) === 0) {
      crawlerAt = 0
      crawls += 1
    }
  }
  const crawled = requests - readers
  const crawler =
    crawled === 0
      ? 'no crawler'
      : `${crawled.toLocaleString('en-US')} of them by a crawler in ${crawls} ${crawls === 1 ? 'scan' : 'scans'}`
  const story = `${requests.toLocaleString('en-US')} a round, by Zipf's law with skew ${SKEW}, ${crawler} (seed ${seed})`
  return { pages, sequence, story }
}

/**
 * Draws ranks from 0, the most popular: rank r in proportion to 1 / (r + 1) ** skew.
 *
 * @param {number} ranks
 * @param {number} skew
 * @param {() => number} random
 */
function zipf(ranks, skew, random) {
  const cumulative = new Float64Array(ranks)
  let total = 0
  for (let rank = 0; rank < ranks; rank++) {
    total += (rank + 1) ** -skew
    cumulative[rank] = total
  }
  return () => {
    const drawn = random() * total
    let low = 0
    let high = ranks - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if (cumulative[middle] > drawn) high = middle
      else low = middle + 1
    }
    return low
  }
}

/**
 * The numbers below `length` in random order.
 *
 * @param {number} length
 * @param {() => number} random
 */
function shuffled(length, random) {
  const order = Uint32Array.from({ length }, (_, index) => index)
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const moved = order[i]
    order[i] = order[j]
    order[j] = moved
  }
  return order
}

/**
 * Tommy Ettinger's mulberry32: numbers in [0, 1), the same ones for the same seed.
 *
 * @param {number} seed
 */
function mulberry32(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

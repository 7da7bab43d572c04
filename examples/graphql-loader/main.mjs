/**
 * A loader in front of a Cache, for the resolvers of a GraphQL server. No GraphQL library takes part: `execute` below calls
 * resolvers as one would, each on its own and without a word to the others.
 *
 *   main.mjs       this file: the resolvers of one query, and what they cost
 *   loader.mjs     batches in front of a cache: the part to copy
 *   database.mjs   counts its queries
 */
import { Cache } from 'mokapot'
import { allPosts, commentsById, saveUser, takeLog, usersById } from './database.mjs'
import { Loader } from './loader.mjs'

/** @typedef {import('./database.mjs').User} User */
/** @typedef {import('./database.mjs').Comment} Comment */
/** @typedef {{ user: (id: number) => Promise<User | null>, comments: (ids: number[]) => Promise<(Comment | Error | null)[]> }} Source */

/** @type {Source} One query for each thing that a resolver asks for: what a server does without a loader. */
const oneByOne = {
  user: async (id) => (await usersById([id]))[0],
  comments: commentsById,
}

// Time stands still here until it is moved. Leave the clock out, and it is the machine's.
let now = 0
const clock = { now: () => now }
/** @type {Loader<number, User>} */
const users = new Loader(usersById, { cache: new Cache({ max: 10_000, ttl: '1m', clock }) })
/** @type {Loader<number, Comment>} */
const comments = new Loader(commentsById, { cache: new Cache({ max: 100_000, ttl: '1m', clock }) })
/** @type {Source} */
const loaders = { user: (id) => users.load(id), comments: (ids) => comments.loadMany(ids) }

const expected = await show('without a loader', () => execute(oneByOne))
const first = await show('with loaders', () => execute(loaders))
await show('the same request again', () => execute(loaders))
await show('3 requests at once, after a minute', async () => {
  now += 60_000
  await Promise.all([execute(loaders), execute(loaders), execute(loaders)])
})
await show('after a user was renamed', async () => {
  await saveUser({ id: 3, name: 'Ada' })
  users.clear(3)
  return execute(loaders)
})
await show('a user who does not exist, asked for twice', async () => {
  console.log(`    ${await users.load(404)}, ${await users.load(404)}`)
})
console.log(`the same answer with and without: ${JSON.stringify(first) === JSON.stringify(expected)}`)

/**
 * `{ posts { title author { name } comments { text author { name } } } }`
 *
 * @param {Source} source
 */
async function execute(source) {
  const posts = await allPosts()
  return Promise.all(
    posts.map(async (post) => {
      const [author, answers] = await Promise.all([nameOf(post.authorId), source.comments(post.commentIds)])
      const found = answers.flatMap((answer) => (answer === null || answer instanceof Error ? [] : [answer]))
      const texts = found.map(async ({ text, authorId }) => ({ text, author: await nameOf(authorId) }))
      return { title: post.title, author, comments: await Promise.all(texts) }
    }),
  )

  /** @param {number} id */
  async function nameOf(id) {
    return (await source.user(id))?.name
  }
}

/**
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 */
async function show(what, work) {
  takeLog()
  const result = await work()
  const queries = takeLog()
  console.log(`${what}: ${queries.length} ${queries.length === 1 ? 'query' : 'queries'}`)
  if (queries.length <= 5) for (const sql of queries) console.log(`    ${sql}`)
  return result
}

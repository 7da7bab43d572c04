/** A database in memory that counts its queries. Each takes a turn of the event loop, as one over a network would. */
import { setImmediate as turn } from 'node:timers/promises'

/** @typedef {{ id: number, title: string, authorId: number, commentIds: number[] }} Post */
/** @typedef {{ id: number, text: string, authorId: number }} Comment */
/** @typedef {{ id: number, name: string }} User */

const POSTS = 20
const COMMENTS = 100
const USERS = 10

/** @type {string[]} */
let log = []
/** @type {Map<number, User>} */
const users = new Map(Array.from({ length: USERS }, (_, id) => [id, { id, name: `user ${id}` }]))
/** @type {Map<number, Comment>} */
const comments = new Map(
  Array.from({ length: COMMENTS }, (_, id) => [
    id,
    { id, text: `comment ${id}`, authorId: (id * 7) % USERS },
  ]),
)
/** @type {Post[]} */
const posts = Array.from({ length: POSTS }, (_, id) => ({
  id,
  title: `post ${id}`,
  authorId: id % USERS,
  commentIds: Array.from({ length: COMMENTS / POSTS }, (_, index) => id * (COMMENTS / POSTS) + index),
}))

export async function allPosts() {
  await query('SELECT * FROM posts')
  return posts
}

/** @param {readonly number[]} ids */
export async function usersById(ids) {
  await query(`SELECT * FROM users WHERE id IN (${ids.length} ids)`)
  return ids.map((id) => users.get(id) ?? null)
}

/** @param {readonly number[]} ids */
export async function commentsById(ids) {
  await query(`SELECT * FROM comments WHERE id IN (${ids.length} ids)`)
  return ids.map((id) => comments.get(id) ?? null)
}

/** @param {User} user */
export async function saveUser(user) {
  await query('UPDATE users')
  users.set(user.id, user)
}

/** The queries since this was last called. */
export function takeLog() {
  const taken = log
  log = []
  return taken
}

/** @param {string} sql */
async function query(sql) {
  log.push(sql)
  await turn()
}

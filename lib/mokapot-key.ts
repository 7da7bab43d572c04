/**
 * The name of the method by which an object says what stands for it in the keys of memoized functions.
 *
 * A class instance has no content that a cache could be sure of, so it counts by identity: another instance is another
 * key. With this method it counts by what the method returns, which may be anything that can be an argument. It never
 * equals that value itself, but instances of two classes that return the same are the same key: put the name of the
 * class in where that matters.
 *
 * @example
 * class User {
 *   [mokapotKey]() {
 *     return ['User', this.id]
 *   }
 * }
 */
export const mokapotKey: unique symbol = Symbol.for('mokapot.key')

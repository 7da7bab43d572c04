// Freezing what was decoded, so that nobody changes what others in the thread read too.

/**
 * Freezes plain objects and arrays, all the way down, and returns `value`. Other objects stay as they are, and what is in
 * them: typed arrays cannot be frozen, and freezing keeps nobody from changing a Map, a Set or a Date.
 */
export function deepFreeze<T>(value: T): T {
  if (!isPlain(value)) return value
  const waiting: object[] = [value] // not by recursion, since text of any depth can be decoded
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Object.isFrozen(next)) continue // it was met before
    Object.freeze(next)
    for (const item of Array.isArray(next) ? next : Object.values(next)) if (isPlain(item)) waiting.push(item)
  }
  return value
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return true
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

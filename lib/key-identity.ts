// Identity numbers: what stands in a key for an object or symbol that is equal to nothing but itself.

const numbers = new WeakMap<WeakKey, number>()
let last = 0

/**
 * The number of `value`, the same at every call and never that of another. It does not keep `value` alive, and is not
 * used again after it. Registered symbols have none: `Symbol.keyFor` names them.
 */
export function identityOf(value: object | symbol): number {
  let number = numbers.get(value as WeakKey)
  if (number === undefined) {
    number = ++last
    numbers.set(value as WeakKey, number)
  }
  return number
}

/** What stands for `symbol` in a key: its name in the registry, else its identity number. */
export function symbolText(symbol: symbol): string {
  const name = Symbol.keyFor(symbol)
  return name === undefined ? `i${identityOf(symbol)},` : `y${name.length}:${name}`
}

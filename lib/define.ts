/** Gives `object` a property that is not enumerable, whatever became of `Object.prototype`. */
export function define(object: object, name: PropertyKey, value: unknown, writable: boolean): void {
  const descriptor = { __proto__: null, value, configurable: true, writable }
  Object.defineProperty(object, name, descriptor as PropertyDescriptor)
}

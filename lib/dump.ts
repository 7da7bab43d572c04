/**
 * Dumps: the entries of a `Cache` as data, and their check before they are loaded.
 */
import { type EntrySettings, readEntrySettings } from './cache-options.js'
import { invalidDump } from './errors.js'
import { listOf, optionOf } from './options.js'

/** An entry in a dump, beside its key. */
export interface Dumped<V> {
  /** The value itself, by reference. */
  value: V
  /** How long it lives from when it was set, in milliseconds; `Infinity` for without end. */
  ttl?: number | undefined
  /** How long it lives from when it was last set or read, in milliseconds. */
  tti?: number | undefined
  /** How long ago it was set, in milliseconds. */
  age?: number | undefined
  /** Its size. */
  size?: number | undefined
}

const SETTINGS = ['ttl', 'tti', 'size', 'age']

/** An entry to load. */
export interface Loadable<K, V> {
  key: K
  value: V
  settings: EntrySettings
  age: number
}

/** The entries of a dump, or a `TypeError` or `RangeError` that names the first that is none. */
export function checkDump<K, V>(dump: Iterable<readonly [K, Dumped<V>]>, sized: boolean): Loadable<K, V>[] {
  return listOf('the dump', dump).map((item, index) => {
    if (!Array.isArray(item)) throw invalidDump(`item ${index}`, item)
    const [key, dumped] = item as [K, Dumped<V> | null | undefined]
    if (typeof dumped !== 'object' || dumped === null || !('value' in dumped)) {
      throw invalidDump(`item ${index}`, dumped)
    }
    const { value } = dumped
    const [ttl, tti, size, age = 0] = SETTINGS.map((name) => optionOf(dumped, name))
    if (typeof age !== 'number' || !(age >= 0)) throw invalidDump(`the age of item ${index}`, age)
    return { key, value, settings: readEntrySettings('load', { ttl, tti, size }, sized), age }
  })
}

/**
 * Where a memoized function's entries lie in its store: the key of each call.
 *
 * Whether a call returned a promise has to be known when its value is found again, perhaps by another thread. So it is
 * part of the key: values of promises and values returned at once have keys of their own.
 */

import { promisedKey } from './cached-errors.js'
import type { CachedSettings } from './cached-options.js'
import { memoryKey, memoryKeyOf, printableKey, printableKeyOf } from './keys.js'
import { isThenable } from './store-like.js'

/** The keys of one function. */
export interface CachedKeys {
  /** The key of a call, whose result is a promise or is not. */
  of(args: readonly unknown[], promises: boolean): unknown
  /** Whether a key of the store is one of these. */
  owns(key: unknown): boolean
}

/** A load, or a look at a foreign store that may lead to one. */
export interface Flight {
  promise: Promise<unknown>
  callers: number
}

/** What the functions of one namespace in one store know of each other, in one thread. */
export class Group {
  /** Whether they return promises, as far as is known: that of the first one called. */
  promises: boolean | undefined
  /** The keys that are being loaded. */
  readonly loading = new Set<unknown>()
  /** Over a foreign store: what is under way, by key, and the errors that still stand. */
  readonly flights = new Map<unknown, Flight>()
  readonly errors = new Map<unknown, { error: unknown; until: number }>()
  /** The keys that were stored, where the store cannot list them. */
  stored: Set<string> | undefined

  constructor(
    /** Not that of another group of this thread. */
    readonly number: number,
  ) {}
}

const groups = new WeakMap<object, Map<string, Group>>()
let last = 0

/** The group of a namespace in a store: without a namespace, one of its own. */
export function groupOf(store: object | undefined, namespace: string | undefined): Group {
  if (store === undefined || namespace === undefined) return new Group(++last)
  let named = groups.get(store)
  if (named === undefined) {
    named = new Map()
    groups.set(store, named)
  }
  let group = named.get(namespace)
  if (group === undefined) {
    group = new Group(++last)
    named.set(namespace, group)
  }
  return group
}

/** Whether `namespace` is the only one that this thread uses in a store. */
export function isAlone(store: object): boolean {
  return groups.get(store)?.size === 1
}

/** Stands before what is rarer of the two in a `Cache`: a value returned at once by a function that returns promises. */
const OTHERWISE = Symbol('otherwise')
/** Begins the keys in a `Cache` of the user's, to which they must not look like their own. */
const LEAD = '\0cached '

/** The keys in a cache of the function's own: those of its arguments, as they are. */
export class OwnKeys implements CachedKeys {
  readonly #settings: CachedSettings
  readonly #group: Group

  constructor(settings: CachedSettings, group: Group) {
    this.#settings = settings
    this.#group = group
  }

  of(args: readonly unknown[], promises: boolean): unknown {
    const { key } = this.#settings
    const plain =
      key === undefined
        ? memoryKey(keyed(args, this.#settings))
        : memoryKeyOf(asked(key, args, this.#settings))
    const usual = this.#group.promises ?? promises
    return usual === promises ? plain : memoryKey([OTHERWISE, plain])
  }

  owns(): boolean {
    return true
  }
}

/** The keys in a `Cache` of the user's: text with a number for the function or namespace in front. */
export class LocalKeys implements CachedKeys {
  readonly #own: OwnKeys
  readonly #prefix: string

  constructor(settings: CachedSettings, group: Group) {
    this.#own = new OwnKeys(settings, group)
    this.#prefix = `${LEAD}${group.number} `
  }

  of(args: readonly unknown[], promises: boolean): string {
    const key = this.#own.of(args, promises)
    // One letter for each kind of key, so that the text of one kind never looks like another's.
    if (typeof key === 'string') return `${this.#prefix}s${key}`
    if (typeof key === 'number') return `${this.#prefix}n${key}`
    return `${this.#prefix}x${memoryKey([key, key])}`
  }

  owns(key: unknown): boolean {
    return typeof key === 'string' && key.startsWith(this.#prefix)
  }
}

/** The keys in a store beyond this thread: the namespace and the printable form of the arguments. */
export class PrintableKeys implements CachedKeys {
  readonly #settings: CachedSettings
  readonly #prefixes: readonly [string, string]
  readonly #whole: readonly [string, string]

  constructor(settings: CachedSettings) {
    this.#settings = settings
    const name = escaped(settings.namespace as string)
    this.#prefixes = [`${name}~:`, `${name}:`]
    const version = printableKey([])
    this.#whole = [`${name}~:${version}`, `${name}:${version}`]
  }

  of(args: readonly unknown[], promises: boolean): string {
    const { key } = this.#settings
    const text =
      key === undefined
        ? printableKey(keyed(args, this.#settings))
        : printableKeyOf(asked(key, args, this.#settings))
    return this.#prefixes[promises ? 1 : 0] + text
  }

  owns(key: unknown): boolean {
    return typeof key === 'string' && (key.startsWith(this.#whole[0]) || key.startsWith(this.#whole[1]))
  }
}

/** A namespace as it begins keys: no other one's key begins so, with `:` and the version of the keys after it. */
function escaped(namespace: string): string {
  return namespace.replace(
    /[%~]|[^!-~]|:(?=v\d*(?::|$))/g,
    (unit) => `%${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The arguments as they count. */
function keyed(args: readonly unknown[], { defaults }: CachedSettings): readonly unknown[] {
  if (defaults === undefined) return args
  const length = Math.max(args.length, defaults.length)
  return Array.from({ length }, (_, i) => (args[i] === undefined ? defaults[i] : args[i]))
}

function asked(
  key: (...args: unknown[]) => unknown,
  args: readonly unknown[],
  settings: CachedSettings,
): unknown {
  const answer = key(...keyed(args, settings))
  if (isThenable(answer)) throw promisedKey('the key function of cached')
  return answer
}

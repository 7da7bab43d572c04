/**
 * The options of `SharedCache`: what they are, and how they are checked before anything is made.
 */
import { parseBytes, type Size } from './bytes.js'
import { type Codec, resolveCodec, type ValueCodec } from './codecs.js'
import { type Duration, parseDuration } from './duration.js'
import { optionType } from './errors.js'
import { checkOptions, parseChoice, parseCount } from './options.js'

/** What a {@link SharedCache} takes as a key. Types never collide: `1` is not `'1'`; `-0` is `0`, and NaN equals NaN. */
export type SharedKey = string | number | bigint | Uint8Array

/** How entries are chosen to stay: by frequency and recency, or by recency alone. */
export type Policy = 'tinylfu' | 'lru'

/** What a {@link SharedCache} is made with. */
export interface SharedCacheOptions<V> {
  /**
   * The limit in bytes: keys, values and what keeps track of them, which `bytes` counts. A number or a string such as
   * `'256mb'`, or `'25%'` of the container's memory limit or else of the machine's memory. It holds after every call.
   */
  maxBytes: Size
  /** A limit on the number of entries, beside the one in bytes; both hold. */
  max?: number | undefined
  /** How long an entry lives after it was set. Without it, and unless `set` says otherwise, it does not expire. */
  ttl?: Duration | undefined
  /** How long an entry lives after it was last set or read. */
  tti?: Duration | undefined
  /**
   * For so long past its deadline `getOrSet`, and nothing else, serves an entry at once while a load brings a fresh value;
   * `Infinity` for without end. Not at all without it.
   */
  staleWhileRevalidate?: Duration | undefined
  /** For so long past its deadline `getOrSet`, and nothing else, serves an entry when the load fails. Not at all without it. */
  staleIfError?: Duration | undefined
  /**
   * For so long `getOrSet` does not try again a load that failed, in any thread: it rejects with the same error, or a copy
   * of it. Not at all without it.
   */
  errorTtl?: Duration | undefined
  /** `'tinylfu'` (default) keeps what is asked for often, `'lru'` what was asked for last (in each shard). */
  policy?: Policy | undefined
  /** A name for {@link SharedCache.open}, known in the whole process for as long as any thread has the cache open. */
  name?: string | undefined
  /** How values become bytes: see {@link Codec}. `'structured'` by default. */
  codec?: Codec<V> | undefined
  /**
   * Keeps so many decoded values in this thread: see {@link NearOptions}. It is for this object alone, not part of the
   * cache. Not at all without it.
   */
  near?: number | NearOptions | undefined
}

/**
 * How decoded values are kept in a thread, so that reading one again costs no more than a Map.
 *
 * `get`, `getMany`, `memo` and the hits of `getOrSet` then give the same object each time, shared by all who read it through
 * this `SharedCache` object, until the entry changes or leaves, whoever does that in whatever thread; now and then a value is
 * decoded anew without that. Who changes the object changes it for the others, so do not, or `freeze` it. Keys that are bytes
 * are not kept; `peek`, `info` and iteration give copies.
 */
export interface NearOptions {
  /** How many values at the most. */
  max: number
  /** Whether to freeze what is given out: plain objects and arrays, all the way down. */
  freeze?: boolean | undefined
}

/** How long an entry may live, in place of what the cache was made with. */
export interface SharedSetOptions {
  /** From this `set` on; `Infinity` for without end. */
  ttl?: Duration | undefined
  /** From the last `set` or `get` on; `Infinity` for without end. */
  tti?: Duration | undefined
}

/** New limits for `resize`; one that is absent stays as it is. */
export interface SharedLimits {
  /** The limit in bytes. */
  maxBytes?: Size | undefined
  /** The limit on the number of entries. */
  max?: number | undefined
}

/** What `info` tells of an entry. Spans are in milliseconds, `Infinity` for without end. */
export interface SharedInfo<V> {
  /** A copy of the value. */
  value: V
  /** What the entry takes in bytes, as `bytes` counts it. */
  size: number
  /** How long it lives from when it was set. */
  ttl: number
  /** How long it lives from when it was last set or read. */
  tti: number
  /** How long it has left. */
  remaining: number
  /** How long ago it was set. */
  age: number
}

/** How long an entry may live, in milliseconds; undefined for what the cache says. */
export interface Lifetime {
  ttl: number | undefined
  tti: number | undefined
}

/** Options after they were checked; an absent one is undefined. */
export interface Settings<V> {
  maxBytes: number | undefined
  max: number | undefined
  ttl: number | undefined
  tti: number | undefined
  staleWhileRevalidate: number | undefined
  staleIfError: number | undefined
  errorTtl: number | undefined
  policy: Policy | undefined
  name: string | undefined
  codec: ValueCodec<V> | undefined
  near: NearSettings | undefined
}

/** {@link NearOptions} after they were checked. */
export interface NearSettings {
  max: number
  freeze: boolean
}

const POLICIES: Policy[] = ['tinylfu', 'lru']

/** The options of the constructor. */
export const OPTIONS = [
  'maxBytes',
  'max',
  'ttl',
  'tti',
  'staleWhileRevalidate',
  'staleIfError',
  'errorTtl',
  'policy',
  'name',
  'codec',
  'near',
]

/** The options of `open`, which takes the name apart from them. */
export const OPEN_OPTIONS = OPTIONS.filter((option) => option !== 'name')

/** Checks the options given to `owner`, all of them before any is used. */
export function readSettings<V>(owner: string, given: unknown, known: string[]): Settings<V> {
  const options = checkOptions(owner, given, known)
  const { maxBytes, max, policy, name, codec, near } = options
  const span = (option: string) =>
    options[option] === undefined ? undefined : parseDuration(options[option], option)
  return {
    maxBytes: maxBytes === undefined ? undefined : parseBytes(maxBytes, 'maxBytes'),
    max: max === undefined ? undefined : parseCount(max, 'max'),
    ttl: span('ttl'),
    tti: span('tti'),
    staleWhileRevalidate: span('staleWhileRevalidate'),
    staleIfError: span('staleIfError'),
    errorTtl: span('errorTtl'),
    policy: policy === undefined ? undefined : parseChoice(policy, 'policy', POLICIES),
    name: name === undefined ? undefined : checkName(name),
    codec: codec === undefined ? undefined : resolveCodec<V>(codec),
    near: readNear(near),
  }
}

/** The option `near` after it was checked; undefined for none. */
export function readNear(near: unknown): NearSettings | undefined {
  if (near === undefined) return undefined
  if (typeof near === 'number') return { max: parseCount(near, 'near'), freeze: false }
  if (typeof near !== 'object') throw optionType('near', 'a whole number or { max, freeze }', near)
  const { max, freeze } = checkOptions('near', near, ['max', 'freeze'])
  if (freeze !== undefined && typeof freeze !== 'boolean')
    throw optionType('near.freeze', 'true or false', freeze)
  return { max: parseCount(max, 'near.max'), freeze: freeze ?? false }
}

/** The lifetime that the options of `owner` give an entry, in milliseconds; undefined where they say nothing. */
export function lifetimeOf(owner: string, given: unknown): Lifetime {
  const { ttl, tti } = checkOptions(owner, given, ['ttl', 'tti'])
  return {
    ttl: ttl === undefined ? undefined : parseDuration(ttl, 'ttl'),
    tti: tti === undefined ? undefined : parseDuration(tti, 'tti'),
  }
}

/** A name of a cache, or a `TypeError`. */
export function checkName(name: unknown): string {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    throw optionType('name', 'a well-formed string that is not empty', name)
  }
  return name
}

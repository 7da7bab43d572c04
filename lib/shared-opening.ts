/**
 * How a thread comes to have a shared cache open: by making it, by its name, or by its handle.
 */
import { codecName, isBuiltIn, resolveCodec, type ValueCodec } from './codecs.js'
import { optionType } from './errors.js'
import { checkHandle } from './handle.js'
import type { LoadDefaults } from './loading-options.js'
import { type Description, GONE, MAKE, MAKE_OR_OPEN, NAME_TAKEN, native, OPEN } from './native.js'
import { checkOptions } from './options.js'
import { codecNeeded, nameTaken, optionsDiffer, otherCopy, staleHandle } from './shared-errors.js'
import {
  checkName,
  type NearSettings,
  OPEN_OPTIONS,
  OPTIONS,
  readNear,
  readSettings,
  type Settings,
} from './shared-options.js'

/** Where a description has it. */
const MAX_ENTRY_BYTES = 4

/** A cache that this thread has open. */
export class Opened<V> {
  constructor(
    /** The number that the addon's functions know it by. */
    readonly id: number,
    readonly codec: ValueCodec<V>,
    readonly description: Description,
    readonly near: NearSettings | undefined,
  ) {
    // Asked each time, since other threads may change the limits. A closed cache says so itself, when it is used.
    codec.mostBytes = () => describe(id)[MAX_ENTRY_BYTES] ?? Number.POSITIVE_INFINITY
  }
}

/** Makes a cache as the constructor's options say. */
export function make<V>(options: unknown): Opened<V> {
  const settings = readSettings<V>('SharedCache', options, OPTIONS)
  if (settings.maxBytes === undefined) throw optionType('maxBytes', "given, such as '64mb'", undefined)
  settings.codec ??= resolveCodec<V>(undefined)
  const id = create(settings, MAKE)
  if (id === NAME_TAKEN) throw nameTaken(settings.name as string)
  return new Opened(id, settings.codec, describe(id), settings.near)
}

/** Opens the cache of that name, or makes it as the options say. */
export function openNamed<V>(name: unknown, options: unknown): Opened<V> {
  const settings = readSettings<V>('SharedCache.open', options, OPEN_OPTIONS)
  settings.name = checkName(name)
  const id = create(settings, settings.maxBytes === undefined ? OPEN : MAKE_OR_OPEN)
  if (id === GONE) {
    const expected = `given to make the shared cache ${JSON.stringify(name)}, which nobody has open`
    throw optionType('maxBytes', expected, undefined)
  }
  return opened(id, settings.near, (description) => {
    checkAgainst(settings, description)
    return codecOf(settings.codec, description)
  })
}

/** Opens the cache of a handle. */
export function attachTo<V>(handle: unknown, options: unknown): Opened<V> {
  const { image, index, generation } = checkHandle(handle)
  const { codec, near } = checkOptions('SharedCache.attach', options, ['codec', 'near'])
  const given = codec === undefined ? undefined : resolveCodec<V>(codec)
  const nearSettings = readNear(near)
  if (image !== native.image()) throw otherCopy()
  const id = native.attach(index, generation)
  if (id === GONE) throw staleHandle()
  return opened(id, nearSettings, (description) => codecOf(given, description))
}

function create(settings: Settings<unknown>, mode: number): number {
  return native.create(
    settings.name,
    mode,
    settings.maxBytes ?? 0,
    settings.max ?? Number.POSITIVE_INFINITY,
    settings.policy === 'lru' ? 1 : 0,
    [
      settings.ttl ?? Number.POSITIVE_INFINITY,
      settings.tti ?? Number.POSITIVE_INFINITY,
      settings.staleWhileRevalidate ?? 0,
      settings.staleIfError ?? 0,
      settings.errorTtl ?? 0,
    ],
    settings.codec?.name ?? codecName(undefined),
  )
}

/** What this thread just opened under `id`; lets go of it again if `codecFor` throws. */
function opened<V>(
  id: number,
  near: NearSettings | undefined,
  codecFor: (description: Description) => ValueCodec<V>,
): Opened<V> {
  try {
    const description = describe(id)
    return new Opened(id, codecFor(description), description, near)
  } catch (error) {
    native.release(id)
    throw error
  }
}

function describe(id: number): Description {
  return native.describe(id) as Description
}

/** What a living cache says where the options of `getOrSet` are silent. */
export function loadDefaults(description: Description): LoadDefaults {
  const [staleWhileRevalidate, staleIfError, errorTtl] = description.slice(10) as [number, number, number]
  return {
    staleWhileRevalidate: staleWhileRevalidate || undefined,
    staleIfError: staleIfError || undefined,
    errorTtl: errorTtl || undefined,
  }
}

/** Throws when an option that `open` was given contradicts the living cache. */
function checkAgainst(given: Settings<unknown>, description: Description): void {
  const [, , maxBytes, max, , lru, ttl, tti, codec] = description
  const { staleWhileRevalidate, staleIfError, errorTtl } = loadDefaults(description)
  const policy = lru === 1 ? 'lru' : 'tinylfu'
  const living = { maxBytes, max, policy, ttl, tti, codec, staleWhileRevalidate, staleIfError, errorTtl }
  const wanted = { ...given, codec: given.codec?.name }
  for (const option of Object.keys(living) as (keyof typeof living)[]) {
    if (wanted[option] !== undefined && wanted[option] !== living[option]) {
      throw optionsDiffer(given.name as string, option, living[option], wanted[option])
    }
  }
}

/** The codec of a living cache: the one given if it is the cache's, else a built-in one by its name. */
function codecOf<V>(given: ValueCodec<V> | undefined, description: Description): ValueCodec<V> {
  const codec = description[8]
  if (given === undefined ? !isBuiltIn(codec) : given.name !== codec) throw codecNeeded(codec, given?.name)
  return given ?? resolveCodec<V>(codec)
}

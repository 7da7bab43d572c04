/**
 * Handles: plain data that names a shared cache of this process, to be sent to other threads.
 *
 * A handle is an index, a generation and the identity of the addon's image, never a pointer: a forged or outdated one
 * names nothing, or some cache, and does no harm.
 */
import { invalidHandle } from './shared-errors.js'

/** Names a `SharedCache` for `workerData` and `postMessage`; `SharedCache.attach` opens it. It holds nothing alive. */
export interface SharedHandle {
  /** Tells what this is, and in which form. */
  readonly mokapot: 1
  /** The copy of the package, in this process, that the cache lives in. */
  readonly image: string
  /** The cache's place in that copy's registry. */
  readonly index: number
  /** Which of the caches that had this place. */
  readonly generation: number
}

/** The fields of a handle, or a `TypeError` with code `ERR_MOKAPOT_INVALID_HANDLE`. */
export function checkHandle(given: unknown): SharedHandle {
  if (typeof given !== 'object' || given === null) throw invalidHandle(given)
  const { mokapot, image, index, generation } = given as Partial<SharedHandle>
  if (mokapot !== 1 || typeof image !== 'string' || !isIndex(index) || !isIndex(generation)) {
    throw invalidHandle(given)
  }
  return { mokapot, image, index, generation }
}

function isIndex(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32
}

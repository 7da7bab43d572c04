/**
 * Asynchronous contexts, of which `AsyncLocalStorage` reads: that of a caller is kept for what runs on its behalf, and not
 * held by what serves all.
 */
import { AsyncResource } from 'node:async_hooks'

/** The context in which this module was loaded: that of no request, most of the time. */
const nobodys = new AsyncResource('mokapot')

/** Acts in nobody's context: a timer or channel that is made so outlives the request that happened to need it first. */
export function inNobodysContext<R>(act: () => R): R {
  return nobodys.runInAsyncScope(act)
}

/** `fn`, to be called later: it will run in the context of now. */
export function inThisContext<F extends (...args: never[]) => unknown>(fn: F): F {
  return AsyncResource.bind(fn as unknown as (...args: unknown[]) => unknown) as unknown as F
}

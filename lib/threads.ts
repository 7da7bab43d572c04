/**
 * `node:worker_threads`, loaded when it is first needed, because that takes as long as loading half of this package.
 */

type WorkerThreads = typeof import('node:worker_threads')

let loaded: (WorkerThreads & { markAsUncloneable?: (value: object) => void }) | undefined

function workerThreads() {
  loaded ??= process.getBuiltinModule('node:worker_threads')
  return loaded
}

/** Makes `structuredClone` and `postMessage` refuse `cache`, where Node can; elsewhere they send `{}`. */
export function markAsUncloneable(cache: object): void {
  workerThreads().markAsUncloneable?.(cache)
}

/** A channel to all threads of this process, and to none of another. */
export function openBroadcastChannel(name: string): InstanceType<WorkerThreads['BroadcastChannel']> {
  return new (workerThreads().BroadcastChannel)(name)
}

/**
 * How a thread learns what became of flights that another thread loads.
 *
 * Who lands a flight that others wait for says so on a channel to all threads. A loader whose thread ended says nothing:
 * so a thread with such flights also looks from time to time. While a caller waits its thread lives; nothing else here
 * keeps a thread alive.
 */
import { inNobodysContext } from './async-context.js'
import { native } from './native.js'
import { openBroadcastChannel } from './threads.js'
import { clearInterval, setInterval } from './timers.js'

/**
 * How often it looks, in milliseconds. A loader that is gone is replaced within 100 ms also on a busy machine: with 50 that
 * took up to 99 there. A look costs a microsecond.
 */
const LOOK_EVERY = 25

/** A cache of this thread with flights to look at. */
export interface Watcher {
  /** Whether it is the cache of this handle. */
  watches(index: number, generation: number): boolean
  /** Looks at one flight, if it is one to look at. */
  look(flight: number): void
  /** Looks at all of them. */
  lookAtAll(): void
  /** Whether callers wait for any of them. */
  readonly isAwaited: boolean
}

/** A flight, as all threads know it. */
type Notice = [index: number, generation: number, flight: number]

type Channel = ReturnType<typeof openBroadcastChannel>

const watchers = new Set<Watcher>()
let channel: Channel | undefined
let timer: NodeJS.Timeout | undefined

/** Looks after the flights of `watcher`, from now on or as it is awaited now. */
export function watch(watcher: Watcher): void {
  watchers.add(watcher)
  openChannel()
  timer ??= inNobodysContext(() => setInterval(lookAtAll, LOOK_EVERY))
  settle()
}

/** `watcher` has no more flights to look at. */
export function unwatch(watcher: Watcher): void {
  watchers.delete(watcher)
  if (watchers.size > 0) settle()
  else {
    clearInterval(timer)
    timer = undefined
  }
}

/** Tells all threads to look at a flight. */
export function announce(index: number, generation: number, flight: number): void {
  openChannel().postMessage([index, generation, flight] satisfies Notice)
  heed([index, generation, flight]) // a channel does not hear itself, and another object here may have the cache open too
}

function heed([index, generation, flight]: Notice): void {
  for (const watcher of [...watchers]) if (watcher.watches(index, generation)) watcher.look(flight)
}

function lookAtAll(): void {
  for (const watcher of [...watchers]) watcher.lookAtAll()
}

function settle(): void {
  for (const watcher of watchers) {
    if (watcher.isAwaited) {
      timer?.ref()
      return
    }
  }
  timer?.unref()
}

function openChannel(): Channel {
  if (channel !== undefined) return channel
  channel = inNobodysContext(() => openBroadcastChannel(`mokapot ${native.image()}`))
  channel.onmessage = (message) => heed((message as { data: Notice }).data)
  // The timer holds the thread; the channel is only there to be quicker than it.
  ;(channel as Channel & { unref?(): void }).unref?.()
  return channel
}

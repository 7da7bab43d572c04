/**
 * Timers of the machine, whatever tests have put in place of the global ones.
 *
 * Fake timers would stop the sweep of caches that live by the real clock, and keep callers waiting. They take the place
 * of the global functions, some also of those in the module: so these are taken once, and from the module, whose timers
 * moreover can be told to keep no process alive in every runtime.
 */
import timers from 'node:timers'

export const { setTimeout, clearTimeout, setInterval, clearInterval } = timers

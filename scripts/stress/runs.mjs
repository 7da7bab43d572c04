/** The stress runs by name: what each is about, and what does it. */

/**
 * Each module has `about`, a sentence, and `run`, which throws if something does not hold.
 *
 * @type {Readonly<Record<string, () => Promise<{ about: string, run: (told: import('./common.mjs').Told) => Promise<void> }>>>}
 */
export const RUNS = Object.freeze({
  terminate: () => import('./terminate.mjs'),
  reload: () => import('./reload.mjs'),
  exits: () => import('./exits.mjs'),
  processes: () => import('./processes.mjs'),
  churn: () => import('./churn.mjs'),
  hostile: () => import('./hostile.mjs'),
  leak: () => import('./leak.mjs'),
  flood: () => import('./flood.mjs'),
  clock: () => import('./clock.mjs'),
})

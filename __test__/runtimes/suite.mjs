/** A suite that any runtime can run: checks with names, a line for each, and the count as the last line. */

import { setTimeout as sleep } from 'node:timers/promises'

/** How many times as long as usual things may take: an emulated processor is ten times slower. */
export const SLOWNESS = Number(process.env.MOKAPOT_TEST_SLOWNESS ?? 1)

/** A check that has not ended by then hangs. */
const PATIENCE = 60_000 * SLOWNESS

/** @type {{ name: string, body: () => unknown }[]} */
const checks = []

/**
 * Adds a check, which passes if `body` does not throw.
 *
 * @param {string} name
 * @param {() => unknown} body
 */
export function check(name, body) {
  checks.push({ name, body })
}

/** Runs all checks, one after the other; the exit code tells whether all passed. */
export async function runChecks() {
  let failed = 0
  for (const { name, body } of checks) {
    const stop = new AbortController()
    const hang = sleep(PATIENCE, undefined, { signal: stop.signal }).then(
      () => {
        throw new Error(`not done after ${PATIENCE} ms`)
      },
      () => {},
    )
    try {
      await Promise.race([body(), hang])
      console.log(`ok - ${name}`)
    } catch (error) {
      failed += 1
      console.log(`not ok - ${name}`)
      console.error(error)
    } finally {
      stop.abort()
    }
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  // Set and not called: what keeps the process alive after the last check is a fault, which the caller's patience finds.
  if (failed > 0) process.exitCode = 1
}

export { sleep }

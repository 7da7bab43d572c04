import test from 'ava'
import { npm } from './fixtures/npm.mjs'

/** @typedef {{ vulnerabilities: Record<string, unknown> }} Audit */

const audit = await auditOf(['--omit=dev'])
const auditTest = typeof audit === 'string' ? test.skip : test
auditTest(`npm audit knows of nothing in what is installed with the package${reason(audit)}`, (t) => {
  t.deepEqual(/** @type {Audit} */ (audit).vulnerabilities, {})
})

/**
 * What npm audit says; or why it cannot: a registry may be out of reach or have no audits, which is no fault of the
 * package.
 *
 * @param {readonly string[]} args
 * @returns {Promise<Audit | string>}
 */
async function auditOf(args) {
  const { stdout, stderr } = await npm(['audit', '--json', '--fetch-retries=0', ...args], {
    patience: 30_000,
  }).catch((error) => ({ stdout: '', stderr: String(error) }))
  try {
    const answer = JSON.parse(stdout)
    if (typeof answer.vulnerabilities === 'object') return answer
    return String(answer.message ?? answer.error?.summary)
  } catch {
    return stderr.trim() || 'npm audit said nothing'
  }
}

/** @param {Audit | string} answer */
function reason(answer) {
  return typeof answer === 'string' ? `, if it were to be had: ${answer.split('\n', 1)[0]}` : ''
}

/** What takes the time: a page, for which data is fetched and then rendered. */
import { setTimeout as delay } from 'node:timers/promises'

/**
 * @param {string} path
 * @returns {Promise<string>} its HTML
 */
export async function makePage(path) {
  await delay(50) // the database
  if (path === '/crash') process.exit(1) // in a worker this ends the worker alone
  const lines = Array.from({ length: 200 }, (_, line) => `<li>Line ${line} of ${escapeHtml(path)}</li>`)
  return `<!doctype html><title>${escapeHtml(path)}</title><ul>${lines.join('')}</ul>`
}

/** @param {string} text */
function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}

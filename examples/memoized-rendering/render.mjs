/**
 * Markdown to HTML. Pure: what comes out depends on the arguments alone, and nothing else changes by it. Only such a
 * function may be memoized. (The count of calls is there to show what the cache saves.)
 */
import hljs from 'highlight.js'
import MarkdownIt from 'markdown-it'

/** @typedef {{ name: string, version: number, text: string }} Document `version` changes whenever `text` does. */

const markdown = new MarkdownIt({
  highlight: (code, language) =>
    hljs.getLanguage(language) ? hljs.highlight(code, { language, ignoreIllegals: true }).value : '',
})
let count = 0

/**
 * @param {Document} document
 * @param {'light' | 'dark'} theme
 * @returns {string} HTML
 */
export function render(document, theme) {
  count += 1
  return `<article class="${theme}">\n${markdown.render(document.text)}</article>`
}

/** How often {@link render} was called. */
export function calls() {
  return count
}

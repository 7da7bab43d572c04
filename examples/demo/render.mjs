/** Markdown to HTML, with the code blocks that name their language highlighted. */
import { readFileSync } from 'node:fs'
import hljs from 'highlight.js'
import MarkdownIt from 'markdown-it'

const markdown = new MarkdownIt({
  linkify: true,
  highlight: (code, language) =>
    hljs.getLanguage(language) ? hljs.highlight(code, { language, ignoreIllegals: true }).value : '',
})

/**
 * @param {string} file
 * @returns {Buffer} the HTML, as it goes over the wire
 */
export function render(file) {
  return Buffer.from(markdown.render(readFileSync(file, 'utf8')))
}

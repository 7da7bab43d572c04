/** Text and numbers in SVG and HTML. */

/**
 * Text that stands between tags or in an attribute; characters that XML does not know become question marks.
 *
 * @param {string} text
 */
export function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?')
}

/**
 * A coordinate: a tenth of a pixel is enough.
 *
 * @param {number} value
 */
export function at(value) {
  return String(Math.round(value * 10) / 10)
}

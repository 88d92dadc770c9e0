/**
 * Draws a report of the demo as an SVG, for the README: `script/demo | node test/demo/picture.ts > docs/demo.svg`.
 * What is drawn is what was printed; nothing is made up here.
 */
import { text } from 'node:stream/consumers'

const COLUMN_PX = 7.85
const LINE_PX = 18
const MARGIN_PX = 20
const HEADINGS = /^(Bytes|Money|Transactions of this session|Addresses)$/

const report = await text(process.stdin)
process.stdout.write(svgOf(linesOf(report)))

/** Without log lines, and without what changes the width: long hashes are cut in the middle. */
function linesOf(output: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .map((line) => line.replace(/0x([0-9a-f]{6})[0-9a-f]{20,}([0-9a-f]{4})/g, '0x$1…$2').trimEnd())
    .join('\n')
    .replace(/^\n+|\s+$/g, '')
    .split('\n')
}

function svgOf(lines: readonly string[]): string {
  const columns = Math.max(...lines.map((line) => line.length))
  const width = Math.ceil(columns * COLUMN_PX + 2 * MARGIN_PX)
  const height = lines.length * LINE_PX + 2 * MARGIN_PX
  const rows = lines.map((line, index) => {
    const y = MARGIN_PX + (index + 0.75) * LINE_PX
    return `<text x="${MARGIN_PX}" y="${y}" fill="${colourOf(line)}" xml:space="preserve">${escapeXml(line)}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`,
    ` font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="13">`,
    '<title>What script/demo prints</title>',
    `<rect width="${width}" height="${height}" rx="8" fill="#10151c"/>`,
    ...rows,
    '</svg>\n',
  ].join('\n')
}

function colourOf(line: string): string {
  if (HEADINGS.test(line)) return '#7cc7ff'
  if (line.startsWith('All ')) return '#7ee787'
  return /^ +[0-9.]+ s {2}/.test(line) ? '#9aa7b4' : '#dbe3ec'
}

function escapeXml(line: string): string {
  return line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

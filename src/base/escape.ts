/**
 * Foreign strings (regions, names, messages of peers) made harmless before a person or a spreadsheet sees them.
 * Everything from the network passes here on its way to a terminal or a CSV file.
 */

/**
 * One line that cannot move the cursor, colour, retitle, ring or reorder: control characters (C0, DEL, C1), line and
 * paragraph separators, bidirectional and zero-width formats, lone surrogates and tags become `\u{hex}`; a backslash
 * is doubled, so that the result is unambiguous. Longer than `maxLength` code points ends in `…`.
 */
export function escapeTerminal(text: string, maxLength = 256): string {
  let escaped = ''
  let length = 0
  for (const character of text) {
    if (length === maxLength) return `${escaped}…`
    length++
    if (character === '\\') escaped += '\\\\'
    else if (UNSAFE.test(character)) escaped += `\\u{${character.codePointAt(0)!.toString(16)}}`
    else escaped += character
  }
  return escaped
}

/**
 * One cell of a CSV file (RFC 4180): quoted where it must be. A cell that a spreadsheet would read as a formula
 * (first character = + - @, tab or carriage return, also after spaces) gets a leading apostrophe, unless it is a plain
 * number. Control characters are escaped as in a terminal.
 */
export function csvCell(text: string): string {
  const safe = escapeTerminal(text, 32_768)
  const neutral = FORMULA.test(text) && !PLAIN_NUMBER.test(text) ? `'${safe}` : safe
  return /[",;]/.test(neutral) || neutral !== neutral.trim() ? `"${neutral.replaceAll('"', '""')}"` : neutral
}

/** One record with its line end. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`
}

// Cc control, Cf format (bidi, zero-width, tags), Zl and Zp separators, Cs lone surrogates, Co private use.
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u
const FORMULA = /^\s*[=+\-@\t\r＝＋－＠]/u
const PLAIN_NUMBER = /^-?\d+(\.\d+)?$/

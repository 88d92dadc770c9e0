import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { csvCell, csvLine, escapeTerminal } from './escape.ts'

test('nothing that reaches the terminal can control it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['Tokyo', 'Tokyo'],
    ['東京 é', '東京 é'],
    ['\u001b[2J\u001b]0;title\u0007', '\\u{1b}[2J\\u{1b}]0;title\\u{7}'],
    ['a\r\nb', 'a\\u{d}\\u{a}b'],
    ['\u009b31m', '\\u{9b}31m'],
    ['safe\u202Eexe.txt', 'safe\\u{202e}exe.txt'],
    ['a\u200bb', 'a\\u{200b}b'],
    ['a\\u{1b}', 'a\\\\u{1b}'],
    ['\ud800', '\\u{d800}'],
  ]
  for (const [text, expected] of cases) assert.equal(escapeTerminal(text), expected)
  assert.equal(escapeTerminal('x'.repeat(300)), `${'x'.repeat(256)}…`)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      // No C0, DEL or C1 byte is left.
      for (const character of escapeTerminal(text)) {
        const code = character.codePointAt(0)!
        assert.ok(code >= 0x20 && !(code >= 0x7f && code <= 0x9f))
      }
    }),
  )
})

test('no cell is a formula, and every cell reads back', () => {
  for (const text of ['=1+1', '+1', '-cmd', '@sum', '\t=1', '  =1', '\r=1', '＝1']) {
    assert.ok(csvCell(text).replace(/^"/, '').startsWith("'"), JSON.stringify(text))
  }
  for (const number of ['1', '-1', '12.5', '-0.000005']) assert.equal(csvCell(number), number)
  assert.equal(csvCell('a,"b"'), '"a,""b"""')
  assert.equal(csvLine(['a', 'b c', '1,2']), 'a,b c,"1,2"\r\n')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const cell = csvCell(text)
      assert.ok(!/[\r\n]/.test(cell))
      assert.ok(cell.startsWith('"') || !cell.includes(','))
    }),
  )
})

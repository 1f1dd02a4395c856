import { expect, test } from 'vitest'
import { TypedText } from './typed-text.ts'

/** What is left after these pieces, and how the last one ended. */
function type(pieces: string[], lines = false) {
  const typed = new TypedText({ lines })
  const ends = pieces.map((piece) => typed.take(piece))
  return [ends.at(-1), typed.text]
}

test.for<[name: string, pieces: string[], end: string, text: string]>([
  ['keys one by one, and Enter', ['a', 'b', '\r'], 'done', 'ab'],
  ['a line end of other systems', ['ab\n'], 'done', 'ab'],
  ['a paste that ends with a line end', ['token\r'], 'done', 'token'],
  ['a paste that ends with CR and LF', ['token\r\n'], 'done', 'token'],
  ['backspace', ['a', 'b', '\u007F', 'c', '\b', 'd', '\r'], 'done', 'ad'],
  ['backspace where there is nothing', ['\u007F', 'a', '\r'], 'done', 'a'],
  ['backspace after a character beyond the first plane', ['a😀', '\u007F', '\r'], 'done', 'a'],
  ['Ctrl-U', ['wrong', '\u0015', 'right', '\r'], 'done', 'right'],
  ['Ctrl-C', ['abc', '\u0003'], 'interrupted', 'abc'],
  ['Ctrl-D', ['abc', '\u0004'], 'done', 'abc'],
  ['arrows and other keys', ['a', '\u001B[D', '\u001BOP', '\u001B[3~', 'b', '\r'], 'done', 'ab'],
  ['a key that comes in two pieces', ['a', '\u001B[', 'D', 'b', '\r'], 'done', 'ab'],
  ['a marked paste', ['\u001B[200~token\u001B[201~', '\r'], 'done', 'token'],
  ['a marked paste with its line end', ['\u001B[200~token\r\u001B[201~', '\r'], 'done', 'token\n'],
  ['marks that come in pieces', ['\u001B[20', '0~tok', 'en\u001B[2', '01~', '\r'], 'done', 'token'],
  ['a control key inside a marked paste', ['\u001B[200~a\u0003b\u001B[201~', '\r'], 'done', 'a\u0003b'],
])('%s', ([, pieces, end, text]) => {
  expect(type(pieces)).toEqual([end, text])
})

test('a paste of two lines is one value, so that nothing of it is left for the shell', () => {
  expect(type(['first\rsecond\r'])).toEqual(['done', 'first\nsecond'])
  expect(type(['\u001B[200~first\r\nsecond\u001B[201~', '\r'])).toEqual(['done', 'first\nsecond'])
})

test('a value with lines ends at Ctrl-D alone', () => {
  const pem = ['-----BEGIN X-----\r', 'AA==\r', '-----END X-----\r']
  expect(type(pem, true)).toEqual(['more', '-----BEGIN X-----\nAA==\n-----END X-----\n'])
  expect(type([...pem, '\u0004'], true)).toEqual(['done', '-----BEGIN X-----\nAA==\n-----END X-----\n'])
})

import { expect, test } from 'vitest'
import { newUserCode, readUserCode } from './user-code.ts'

test('a code has eight letters that do not look alike and spell no word, and is found again however it is typed', () => {
  const codes = new Set(Array.from({ length: 500 }, newUserCode))
  expect(codes.size).toBe(500)
  for (const code of codes) {
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    const typed = code.toLowerCase().replace('-', ' ')
    expect([readUserCode(code), readUserCode(typed), readUserCode(` ${code.replace('-', '\u2013')} `)]).toEqual([code, code, code])
  }
})

test.for(['', 'WDJB', 'WDJB-MJHTX', 'WDJB-MJHA', 'WDJB-MJH1', 'ＷDJB-MJHT', "WDJB-MJHT'--", '../WDJBMJHT'])('%j is no code', (text) => {
  expect(readUserCode(text)).toBeUndefined()
})

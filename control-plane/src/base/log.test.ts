import { expect, test } from 'vitest'
import { errorText } from './log.ts'

test('an error is told with its causes; what is no error says nothing', () => {
  expect(errorText(new Error('a', { cause: new Error('b') }))).toBe('a: b')
  expect(errorText(new Error('a', { cause: { payload: {} } }))).toBe('a')
  expect(errorText({ payload: {} })).toBe('unknown error')
})

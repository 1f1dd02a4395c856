import { expect, test, vi } from 'vitest'
import { errorText, log } from './log.ts'

test('an error is told with its causes; what is no error says nothing', () => {
  expect(errorText(new Error('a', { cause: new Error('b') }))).toBe('a: b')
  expect(errorText(new Error('a', { cause: { payload: {} } }))).toBe('a')
  expect(errorText({ payload: {} })).toBe('unknown error')
})

test('a sentence that an error took over from its cause is told once', () => {
  const cause = new Error('Vault is sealed: unseal it.', { cause: new Error('503') })
  expect(errorText(new Error(cause.message, { cause }))).toBe('Vault is sealed: unseal it: 503')
  expect(errorText(new Error('No answer.', { cause: new Error('No answer.') }))).toBe('No answer.')
})

test('what a terminal would act on is escaped in the log, which stays JSON of one line', () => {
  const lines: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
  const path = '/a\u001b[2J\u009b2J\r\nb\u202ec\u2028d'
  log('info', 'request', { path })
  write.mockRestore()
  expect(lines).toHaveLength(1)
  expect(lines[0]?.trimEnd()).toMatch(/^[\x20-\x7e]+$/)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', event: 'request', path })
})

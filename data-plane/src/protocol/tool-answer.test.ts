import { ToolError } from '@bir/sdk/contract/errors'
import { expect, test } from 'vitest'
import { errorAnswer } from './tool-answer.ts'

test('a tool error is a sentence for the model, then its facts for programs; none of its texts is JSON as a whole', () => {
  const refused = errorAnswer(new ToolError('rate_limited', 'Too many queries.', { hint: 'Wait.', retryable: true, retryAfterS: 3 }))
  expect(refused).toEqual({
    content: [{ type: 'text', text: 'Too many queries. Wait.\n{"code":"rate_limited","retryable":true,"retry_after_s":3}' }],
    isError: true,
  })
})

test.for([
  ['syntax error at or near "selec" (at character 1)', 'syntax error at or near "selec" (at character 1). Write PostgreSQL.'],
  ['Is it so?', 'Is it so? Write PostgreSQL.'],
] as const)('a hint is a sentence of its own: %s', ([message, words]) => {
  const { content } = errorAnswer(new ToolError('invalid_input', message, { hint: 'Write PostgreSQL.' }))
  expect((content[0] as { text: string }).text.split('\n')[0]).toBe(words)
})

test('words without end are cut, and the facts behind them stay', () => {
  const { content } = errorAnswer(new ToolError('invalid_input', 'x'.repeat(1_000_000)))
  expect((content[0] as { text: string }).text).toMatch(
    /^x{7900}.* … \(cut: 1000000 characters\)\n\{"code":"invalid_input","retryable":false\}$/,
  )
})

test.for(['{"columns":[]}', '7', '"words"'])('even a message that is JSON leaves no text that is: %s', (message) => {
  const { content } = errorAnswer(new ToolError('not_found', message))
  for (const block of content) expect(() => JSON.parse((block as { text: string }).text) as unknown).toThrow(SyntaxError)
})

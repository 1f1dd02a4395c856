import { expect, test } from 'vitest'
import { Spelling } from '../upstream/spelling.ts'
import type { UpstreamResult } from '../upstream/upstream.ts'
import { jsonOf } from '../upstream/upstream.ts'
import { scrub } from './scrub.ts'

const secret = 'key/ə"12'
const clean = scrub({ secretsInUse: () => [secret, 'short'] })
const result = (text: string): UpstreamResult => {
  const value = JSON.parse(text) as UpstreamResult['value']
  return { value, written: new Spelling(value, text) }
}

test.for([
  ['as we write it', '{"text":"it is key/ə\\"12!"}'],
  ['with slashes escaped, as some servers do', '{"text":"it is key\\/ə\\"12!"}'],
  ['with everything but ASCII escaped, as others do', '{"text":"it is key/\\u0259\\u002212!"}'],
  ['in the key of a member', '{"key/ə\\"12":1}'],
] as const)('a secret %s does not come back', async ([, text]) => {
  const json = jsonOf(await clean(result(text), {}))
  expect(JSON.stringify(JSON.parse(json))).not.toContain(JSON.stringify(secret).slice(1, -1))
  expect(json).toContain('•••')
})

test('an answer without a secret in it stays as it was written, and a value too short to be one is no secret', async () => {
  const text = '{ "text":"short \\/ \\u0259", "n":1.0 }'
  expect(jsonOf(await clean(result(text), {}))).toBe(text)
})

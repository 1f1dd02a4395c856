import { expect, test } from 'vitest'
import { VerbatimJson } from '../../json/verbatim.ts'
import type { UpstreamResult } from '../../upstream/upstream.ts'
import { jsonOf, UpstreamRpcError } from '../../upstream/upstream.ts'
import { redactSecrets, redactError, redactNotification } from './redact-secrets.ts'
import { messageOf } from '../../protocol/notification.ts'

const secret = 'key/ə"12'
const clean = redactSecrets({ secretsInUse: () => [secret, 'short'] })
const parsed = (text: string) => JSON.parse(text) as Record<string, unknown>
const result = (text: string): UpstreamResult => {
  const value = JSON.parse(text) as UpstreamResult['value']
  return { value, source: new VerbatimJson(value, text) }
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

test.for(['it is key/ə\\"12!', 'it is key\\/\\u0259\\u002212!'])(
  'beside a secret, as in "%s", everything is as it was written',
  async (said) => {
    const text = `{ "n":1.0,"long":[12345678901234567890,-0.0],"text":"${said}" }`
    expect(jsonOf(await clean(result(text), {}))).toBe('{ "n":1.0,"long":[12345678901234567890,-0.0],"text":"it is •••!" }')
    const error = new UpstreamRpcError(-1, said, parsed(text), new VerbatimJson({ data: parsed(text) }, `{"data":${text}}`))
    const scrubbed = redactError({ secretsInUse: () => [secret] }, error) as UpstreamRpcError
    expect(scrubbed.source?.memberJson('data')).toBe('{"n":1.0,"long":[12345678901234567890,-0.0],"text":"it is •••!"}')
    const notification = redactNotification(
      { secretsInUse: () => [secret] },
      { method: 'm', params: parsed(text), source: result(text).source },
    )
    expect(messageOf(notification)).toBe(
      `{"jsonrpc":"2.0","method":"m","params":{"n":1.0,"long":[12345678901234567890,-0.0],"text":"it is •••!"}}`,
    )
  },
)

test.for([
  ['of digits, in a number', '123456', '{"n":-9123456.5,"m":[1.0,12345]}', '{"n":"•••","m":[1.0,12345]}'],
  ['of digits, in a number and in a text', '123456', '{"123456":[123456,"a123456b"]}', '{"•••":["•••","a•••b"]}'],
  ['that begins as an escape ends', 'n12345', '{"a":"\\n12345","b":"n12345"}', '{"a":"\\n12345","b":"•••"}'],
  ['that could stand between values', '1,2,3,4', '{"a":[1,2,3,4],"b":"1,2,3,4"}', '{"a":[1,2,3,4],"b":"•••"}'],
  ['beside strings in other spellings', 'sesame', '{"a":"\\u0041\\/","b":"open sesame"}', '{"a":"\\u0041\\/","b":"open •••"}'],
] as const)('a secret %s leaves good JSON behind', async ([, one, text, left]) => {
  expect(jsonOf(await redactSecrets({ secretsInUse: () => [one] })(result(text), {}))).toBe(left)
})

test('in a long answer each of many secrets is found, the last one too, and others have their turn meanwhile', async () => {
  const secrets = Array.from({ length: 50 }, (_, at) => `secret/${at}/of/many`)
  const said = (first: string, last: string) => `{"n":1.0,"filler":"${'x'.repeat(400_000)}","text":"${first} and ${last}"}`
  const work = redactSecrets({ secretsInUse: () => secrets })(result(said('secret/0/of/many', 'secret\\/49/of/many')), {})
  let turns = 0
  let next = setImmediate(function other() {
    turns++
    next = setImmediate(other)
  })
  const clean = await work
  clearImmediate(next)
  expect(jsonOf(clean)).toBe(said('•••', '•••'))
  expect(turns).toBeGreaterThan(10)
})

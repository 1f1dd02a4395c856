import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyJson, anyObject, members, objectOf, read } from '../testing/any-json.ts'
import { between, everyPair, paths } from '../testing/fidelity.ts'
import type { Caller } from '../testing/fidelity.ts'

const numRuns = 15

const linked = (uri: string, odd: string) => `{"type":"resource_link","uri":"${uri}","name":"n","odd":${odd}}`
/** How a server's URI is called at an endpoint. */
const uriAt = (path: string) => (path === '/mcp' ? 'mcp+things:x:y' : 'x:y')

const said = fc.record({
  result: fc.tuple(members(5), anyJson, anyJson).map(
    ([more, odd, structured]) =>
      (uri: string) =>
        objectOf([
          ...more,
          ['content', `[${linked(uri, odd)}, {"type":"x-odd","value":${odd}}]`],
          ['structuredContent', `{"value":${structured}}`],
        ]),
  ),
  notified: anyObject,
})
const plain = { params: '"arguments":{}', meta: '"n":1' }

const bodyOf = (json: string | undefined): Map<string, unknown> => read(json ?? '') as Map<string, unknown>
const inside = (of: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((at, key) => (at instanceof Map ? (at.get(key) as unknown) : undefined), of)

/** What each era adds. */
function without(of: unknown, keys: readonly string[]): unknown {
  return of instanceof Map ? new Map([...of].filter(([key]) => !keys.includes(String(key)))) : of
}

test.for(everyPair)('any result of a $server server, $how, reaches a $client client at $path as it was written', async (row) => {
  await using pair = await between(row)
  await fc.assert(
    fc.asyncProperty(said, async ({ result, notified }) => {
      pair.upstream.say({ answer: `"result": ${result('x:y')}`, notified })
      const messages = (await pair.caller.call(plain)).map(bodyOf)
      expect(without(messages.at(-1)?.get('result'), ['resultType', '_meta'])).toEqual(read(result(uriAt(row.path))))
      expect(messages).toHaveLength(row.how === 'as one body' ? 1 : 2)
      if (row.how !== 'as one body') expect(messages[0]?.get('params')).toEqual(read(notified))
    }),
    { numRuns },
  )
})

test.for(everyPair)('a long result of a $server server, $how, reaches a $client client at $path and the record too', async (row) => {
  await using pair = await between(row)
  const result = (uri: string) =>
    `{"content":[{"type":"x","filler":"${'x'.repeat(300_000)}"}, ${linked(uri, '[1.0,12345678901234567890]')}],\n"structuredContent":{"n":1e400}}`
  pair.upstream.say({ answer: `"result":${result('x:y')}` })
  const messages = (await pair.caller.call(plain)).map(bodyOf)
  expect(without(messages.at(-1)?.get('result'), ['resultType', '_meta'])).toEqual(read(result(uriAt(row.path))))
  const record = pair.plane.records().find(({ header }) => header.method === 'tools/call')
  expect(record?.header.resultBytes).toBeGreaterThan(300_000)
  expect(record?.result).toHaveLength(65_536)
})

test.for(everyPair)('any error of a $server server, $how, reaches a $client client at $path as it was written', async (row) => {
  await using pair = await between(row)
  await fc.assert(
    fc.asyncProperty(anyJson, fc.string({ unit: 'binary', maxLength: 6 }), async (data, message) => {
      const error = `{"data": ${data} , "code":-32000,"message":${JSON.stringify(message)}}`
      pair.upstream.say({ answer: `"error":${error}` })
      const messages = await pair.caller.call(plain)
      expect(bodyOf(messages.at(-1)).get('error')).toEqual(read(error))
    }),
    { numRuns },
  )
})

const envelope = ['protocolVersion', 'clientCapabilities', 'clientInfo', 'logLevel'].map((key) => `io.modelcontextprotocol/${key}`)

test.for(everyPair)('what a $client client at $path asks a $server server, $how, reaches it as it was written', async (row) => {
  await using pair = await between(row)
  pair.upstream.say({ answer: '"result":{"content":[]}' })
  await fc.assert(
    fc.asyncProperty(anyObject, anyJson, anyJson, async (args, more, meta) => {
      const params = `"x-odd" : ${more}, "arguments":${args}`
      await pair.caller.call({ params, meta: `"x-odd":{"deep":${meta}},"__proto__":${meta}` })
      const heard = bodyOf(pair.upstream.heard.at(-1)).get('params')
      expect(inside(heard, 'arguments')).toEqual(read(args))
      expect(inside(heard, 'x-odd')).toEqual(read(more))
      expect(without(inside(heard, '_meta'), envelope)).toEqual(read(`{"x-odd":{"deep":${meta}},"__proto__":${meta}}`))
    }),
    { numRuns },
  )
})

/** The question as the client got it, from its side of a round. */
function questionIn(messages: readonly string[]): unknown {
  for (const message of messages.map(bodyOf)) {
    const requests = inside(message, 'result', 'inputRequests')
    if (message.has('method')) return message.get('params')
    if (requests instanceof Map) return inside(requests.values().next().value, 'params')
  }
  return undefined
}

async function asked(caller: Caller, heard: string[], answers: string) {
  heard.length = 0
  const messages = await caller.call({ ...plain, answers })
  const calls = heard.map(bodyOf)
  return { question: questionIn(messages), told: calls.at(-1), last: bodyOf(messages.at(-1)), calls }
}

const sampled = (uri: string, odd: string) => `{"role" : "assistant", "content":${linked(uri, odd)},"model":"m"}`

test.for(everyPair)(
  'what a $server server, $how, asks a $client client at $path, and what that answers, is heard as it was written',
  async (row) => {
    await using pair = await between(row)
    const { upstream, caller } = pair
    await fc.assert(
      fc.asyncProperty(anyJson, members(3), anyJson, async (odd, more, content) => {
        const params = (uri: string) =>
          objectOf([...more, ['messages', `[{"role":"user","content":${linked(uri, odd)}}]`], ['maxTokens', '1']])
        upstream.say({ answer: '"result":{"content":[]}', asks: params('x:y') })
        const { question, told, calls } = await asked(caller, upstream.heard, `"result":${sampled(uriAt(row.path), content)}`)
        expect(question).toEqual(read(params(uriAt(row.path))))
        const answer = row.server === 'modern' ? inside(told, 'params', 'inputResponses', 'q') : told?.get('result')
        expect(answer).toEqual(read(sampled('x:y', content)))
        expect(calls).toHaveLength(2)
        if (row.server === 'legacy') expect(told?.get('id')).toBe('number 12345678901234567890')
      }),
      { numRuns },
    )
  },
)

test.for(paths)('the error with which a legacy client answers, at %s, reaches a legacy server as it was written', async (path) => {
  await using pair = await between({ client: 'legacy', server: 'legacy', how: 'as one body', path })
  await fc.assert(
    fc.asyncProperty(anyJson, async (data) => {
      pair.upstream.say({ answer: '"result":{"content":[]}', asks: '{"messages":[],"maxTokens":1}' })
      const error = `{"message":"no","data":${data}, "code":-1}`
      const { told } = await asked(pair.caller, pair.upstream.heard, `"error": ${error}`)
      expect(told?.get('error')).toEqual(read(error))
    }),
    { numRuns },
  )
})

test.for(everyPair)('where a key stands twice, a $server server, $how, and a $client client at $path hear one value of it', async (row) => {
  await using pair = await between(row)
  const twice = '{"n":1.0,"a":1,"a":{"b":2,"b":3}}'
  const once = read('{"n":1,"a":{"b":3}}')
  const { upstream, caller } = pair
  upstream.say({ answer: `"error":{"code":-32000,"message":"m","data":${twice}}`, asks: `{"messages":[],"maxTokens":1,"odd":${twice}}` })
  const { question, told, last } = await asked(
    caller,
    upstream.heard,
    `"result":{"role":"assistant","content":{"type":"x","odd":${twice}},"model":"m"}`,
  )
  expect(inside(question, 'odd')).toEqual(once)
  const answer = row.server === 'modern' ? inside(told, 'params', 'inputResponses', 'q') : told?.get('result')
  expect(inside(answer, 'content', 'odd')).toEqual(once)
  expect(inside(last, 'error', 'data')).toEqual(once)
  const bodies = upstream.heard.join('\n')
  expect(bodies.match(/"b":/g)).toHaveLength(1)
})

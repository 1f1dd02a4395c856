import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readLegacy } from './message.ts'
import { modernErrorOf, modernResultOf } from './result.ts'
import { VerbatimJson } from '../../../json/verbatim.ts'
import { jsonOf } from '../../upstream.ts'

const member = fc.string().filter((key) => key !== '__proto__' && key !== 'resultType')

test('any result keeps all its members, and its text equals its value', () => {
  fc.assert(
    fc.property(fc.dictionary(member, fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (result, space) => {
      const text = `{"jsonrpc":"2.0","id":1,"result":${JSON.stringify(result, undefined, space)}}`
      const [message] = readLegacy(text)
      if (message?.kind !== 'result') throw new Error('no result')
      const answer = modernResultOf(message.value, message.source)
      expect(JSON.parse(jsonOf(answer))).toEqual(answer.value)
      expect(answer.value).toEqual({ ...(JSON.parse(JSON.stringify(result)) as object), resultType: 'complete' })
    }),
  )
})

test.for([
  ['{}', '{"resultType":"complete"}'],
  ['{ }', '{"resultType":"complete"}'],
  ['{"n":1.0, "long":12345678901234567890}', '{"n":1.0,"long":12345678901234567890,"resultType":"complete"}'],
  ['{"resultType":"complete", "a":1.0}', '{"resultType":"complete", "a":1.0}'],
  ['{"resultType":"task","a":1.0}', '{"resultType":"complete","a":1.0}'],
  ['{"a":1,"a":2}', '{"a":2,"resultType":"complete"}'],
] as const)('%s is relayed as %s', ([text, expected]) => {
  const value = JSON.parse(text) as Record<string, unknown>
  expect(jsonOf(modernResultOf(value, new VerbatimJson(value, text)))).toBe(expected)
})

test('a message with a key twice is refused', () => {
  expect(() => readLegacy('{"jsonrpc":"2.0","id":1,"result":{},"id":2}')).toThrow('twice')
})

test('the messages of a batch are read one by one, and items that are no messages are dropped', () => {
  const batch = [
    { jsonrpc: '2.0', method: 'a' },
    7,
    { jsonrpc: '1.0', method: 'b' },
    { jsonrpc: '2.0', id: 1, result: {} },
    { jsonrpc: '2.0', id: {}, method: 'c' },
  ]
  expect(readLegacy(JSON.stringify(batch))).toEqual([
    { kind: 'notification', method: 'a', params: undefined, source: undefined },
    { kind: 'result', id: 1, value: {}, source: expect.any(VerbatimJson) as VerbatimJson },
  ])
})

test('only error codes that the modern era has no more are changed', () => {
  const [error] = readLegacy('{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"m"}}')
  if (error?.kind !== 'error') throw new Error('no error was read')
  expect([-32002, -32601, 7].map((code) => modernErrorOf({ ...error, code }).code)).toEqual([-32602, -32601, 7])
})

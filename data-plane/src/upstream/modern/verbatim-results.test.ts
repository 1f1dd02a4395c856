import fc from 'fast-check'
import { expect, test } from 'vitest'
import { aRequest, modernServer } from './testing.ts'
import { jsonOf } from '../upstream.ts'

/** Any result a server may send: unknown fields, every kind of value, any spacing. */
const results = fc
  .tuple(
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 8 }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 }),
    fc.constantFrom(undefined, 1, '\t'),
  )
  .map(([fields, space]) => JSON.stringify({ ...fields, resultType: 'complete' }, null, space))

const order = fc.constantFrom<(result: string, id: number) => string>(
  (result, id) => `{"jsonrpc":"2.0","id":${id},"result":${result}}`,
  (result, id) => ` {"result" : ${result} , "id":${id},"x-more":{"result":1},"jsonrpc":"2.0"}\n`,
)

test('any result of a JSON body is passed on equal, byte for byte', async () => {
  let text: (id: number) => string = String
  await using server = await modernServer(({ id }, say) => say.json(text(id)))
  await fc.assert(
    fc.asyncProperty(results, order, async (result, source) => {
      text = (id) => source(result, id)
      const answer = await server.upstream.request(aRequest())
      expect(jsonOf(answer)).toBe(result)
      expect(answer.value).toEqual(JSON.parse(result))
    }),
    { numRuns: 100 },
  )
})

test('any result of a stream cut at every byte is passed on equal, byte for byte', async () => {
  let text: (id: number) => string = String
  await using server = await modernServer(async ({ id }, say) => {
    const { response } = say
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    // In an event, each line of the text is a `data` line.
    const event = Buffer.from(`: hello\r\nevent: message\r\ndata: ${text(id).replaceAll('\n', '\r\ndata: ')}\r\n\r\n`)
    // Node joins what is written in one turn of the event loop: so each byte waits for the byte before.
    for (const byte of event) await new Promise((resolve) => response.write(Buffer.from([byte]), resolve))
    response.end()
  })
  await fc.assert(
    fc.asyncProperty(results, order, async (result, source) => {
      text = (id) => source(result, id)
      const answer = await server.upstream.request(aRequest())
      expect(jsonOf(answer)).toBe(result)
      expect(answer.value).toEqual(JSON.parse(result))
    }),
    { numRuns: 40 },
  )
})

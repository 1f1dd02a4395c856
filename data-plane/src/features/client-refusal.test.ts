import { CreateMessageRequestSchema, ElicitRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineServer } from '../server-kit/define.ts'
import { askForm, inputRequired } from '../server-kit/input-required.ts'
import { legacyRequest, modernRequest, testPlane } from '../testing/plane.ts'
import { sdkServer } from '../upstream/legacy/testing.ts'
import { said, things } from '../upstream/legacy/testing-things.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../testing/two-sides.ts'

const refusal = { code: -1, message: 'User rejected sampling request', data: { by: 'ann' } }

/** A client that answers every question with the error. */
function refusing(client: Parameters<NonNullable<Parameters<typeof legacyClient>[3]>>[0]): void {
  const refuse = () => {
    throw Object.assign(new Error(refusal.message), { code: refusal.code, data: refusal.data })
  }
  client.setRequestHandler(CreateMessageRequestSchema, refuse)
  client.setRequestHandler(ElicitRequestSchema, refuse)
}

const capabilities = { sampling: {}, elicitation: {} }
const error = (caught: unknown) => (caught instanceof McpError ? { code: caught.code, data: caught.data } : caught)

test.for(['/mcp/old', '/mcp'])('on %s a legacy server is told the very error its client gave, and goes on', async (path) => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['sample']) })
  await using side = await legacyClient(plane, path, capabilities, refusing)
  const answer = await side.client.callTool({ name: path === '/mcp' ? 'old_sample' : 'sample' })
  const { code, message, data } = refusal
  expect(answer).toMatchObject(said(JSON.stringify({ code, message: `MCP error ${code}: ${message}`, data })))
  expect(server.seen.find(({ body }) => body.error !== undefined)?.body.error).toEqual(refusal)
})

test.for(['sampling/createMessage', 'elicitation/create'])(
  'a server of 2026-07-28 has no ear for an error: the call for which it asked %s ends, and says that the client refused',
  async (method) => {
    await using server = await modernServer(({ method: asked, params }, say) => {
      if (asked !== 'tools/call' || params['inputResponses'] !== undefined) return 'as usual'
      const inputRequests = { q: { method, params: { ...askForm('Who?', {}).params, messages: [], maxTokens: 1 } } }
      return say.result({ resultType: 'input_required', inputRequests, requestState: 's' })
    })
    await using plane = await planeBefore({ new: aRemoteEntry(`${server.url}/mcp`, '2026-07-28', ['ask']) })
    await using side = await legacyClient(plane, '/mcp/new', capabilities, refusing)
    const failed = await side.client.callTool({ name: 'ask' }).catch(error)
    expect(failed).toEqual({ code: -32602, data: { error: refusal } })
    expect(server.asked.filter(({ method: asked }) => asked === 'tools/call')).toHaveLength(1)
    expect(plane.records().at(-1)?.header).toMatchObject({ outcome: 'refused', reason: 'client-refused' })
  },
)

test('a server of ours is told nothing in the client’s place either', async () => {
  const desk = defineServer({ id: 'desk', title: 'Desk', settings: z.object({}) })
  let asked = 0
  const server = desk.with(
    desk.tool({
      name: 'ask',
      description: 'Asks.',
      level: 'read',
      input: z.strictObject({}),
      output: z.object({}),
      run: async () => {
        asked++
        return inputRequired({ who: askForm('Who?', {}) })
      },
    }),
  )
  await using plane = await testPlane({ grants: { desk: { user: [{ level: 'read' }] } } }, [server])
  await using side = await legacyClient(plane, '/mcp/desk', capabilities, refusing)
  expect(await side.client.callTool({ name: 'ask' }).catch(error)).toEqual({ code: -32602, data: { error: refusal } })
  expect(asked).toBe(1)
})

test('a server of 2026-07-28 that asks for what its client did not declare has failed: nobody is asked', async () => {
  await using server = await modernServer(({ method }, say) =>
    method === 'tools/call'
      ? say.result({ resultType: 'input_required', inputRequests: { q: { method: 'roots/list' } }, requestState: 's' })
      : 'as usual',
  )
  await using plane = await planeBefore({ new: aRemoteEntry(`${server.url}/mcp`, '2026-07-28', ['ask']) })
  const missing = { requiredCapabilities: { roots: {} } }
  await using side = await legacyClient(plane, '/mcp/new', capabilities)
  expect(await side.client.callTool({ name: 'ask' }).catch(error)).toEqual({ code: -32602, data: missing })
  const modern = await fetch(`${plane.url}/mcp/new`, modernRequest(await plane.token(), 'tools/call', { name: 'ask' }))
  expect(modern.status).toBe(400)
  expect(await modern.json()).toMatchObject({ error: { code: -32021, data: missing } })
})

test('"visit this first" never reaches a modern client as the error it was: it is a question, or says what the client lacks', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['visit']) })
  const ask = async (declared: object) => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': declared }
    const response = await fetch(`${plane.url}/mcp/old`, modernRequest(await plane.token(), 'tools/call', { name: 'visit', _meta }))
    return response.json()
  }
  const url = 'https://example.com/connect'
  const question = { method: 'elicitation/create', params: { mode: 'url', url } }
  expect(await ask({ elicitation: { url: {} } })).toMatchObject({
    result: { resultType: 'input_required', inputRequests: { 'visit-1': question } },
  })
  expect(await ask({ elicitation: {} })).toMatchObject({
    error: { code: -32021, data: { requiredCapabilities: { elicitation: { url: {} } } } },
  })
  await using old = await legacyClient(plane, '/mcp/old')
  expect(await old.client.callTool({ name: 'visit' }).catch(error)).toMatchObject({ code: -32042, data: { elicitations: [{ url }] } })
})

test('an answer that comes in a batch of 2025-03-26 counts like any other', async () => {
  await using server = await sdkServer(things)
  await using plane = await planeBefore({ old: aRemoteEntry(`${server.url}/mcp`, 'legacy', ['sample']) })
  const url = `${plane.url}/mcp/old`
  const token = await plane.token()
  const begin = { protocolVersion: '2025-03-26', capabilities, clientInfo: { name: 'old', version: '1' } }
  const opened = await fetch(url, legacyRequest(token, 'initialize', begin))
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  const call = await fetch(url, legacyRequest(token, 'tools/call', { name: 'sample' }, session))
  let text = ''
  for await (const chunk of call.body ?? []) {
    text += Buffer.from(chunk).toString()
    const id = /"id":"([^"]+)","method":"sampling/.exec(text)?.[1]
    if (id === undefined || text.includes('"result"')) continue
    const body = JSON.stringify([{ jsonrpc: '2.0', id, error: refusal }])
    expect((await fetch(url, { ...legacyRequest(token, '', {}, session), body })).status).toBe(202)
  }
  expect(text).toContain('User rejected sampling request')
})

import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  ToolListChangedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { expect, test } from 'vitest'
import { MODERN, modernRequest } from '../testing/plane.ts'
import { aRemoteEntry, legacyClient, planeBefore } from '../testing/two-sides.ts'
import type { TestPlane } from '../testing/plane.ts'
import { within } from '../testing/waiting.ts'
import { sdkSseServer } from '../upstream/legacy/testing.ts'
import { said, things } from '../upstream/legacy/testing-things.ts'

const tools = ['echo', 'steps', 'ask', 'hang']
const places = [
  ['/mcp/old', ''],
  ['/mcp', 'old_'],
] as const
const planeTo = (url: string): Promise<TestPlane> => planeBefore({ old: aRemoteEntry(`${url}/mcp`, 'sse', tools) })

test.for(places)(
  'at %s a legacy client uses a server of the HTTP+SSE transport as any other: calls, progress, questions',
  async ([path, prefix]) => {
    await using server = await sdkSseServer(things)
    await using plane = await planeTo(server.url)
    const capabilities = { elicitation: {}, sampling: {}, roots: {} }
    await using side = await legacyClient(plane, path, capabilities, (client) => {
      client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ann' } }))
      client.setRequestHandler(CreateMessageRequestSchema, () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }))
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [] }))
    })
    const steps: number[] = []
    const onprogress = ({ progress }: { progress: number }) => void steps.push(progress)
    expect(await side.client.callTool({ name: `${prefix}steps`, arguments: {} }, undefined, { onprogress })).toMatchObject(said('done'))
    expect(steps).toEqual([1, 2])
    const asked = await side.client.callTool({ name: `${prefix}ask`, arguments: {} })
    expect(asked).toMatchObject(said(JSON.stringify([{ name: 'Ann' }, 'm', 0])))
    const { tools: listed } = await side.client.listTools()
    expect(listed.map(({ name }) => name)).toEqual(expect.arrayContaining(tools.map((name) => prefix + name)))
  },
)

test.for(places)('at %s a modern client is asked by input_required, and its answer reaches the server', async ([path, prefix]) => {
  await using server = await sdkSseServer(things)
  await using plane = await planeTo(server.url)
  const token = await plane.token()
  const call = async (more: object) => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': MODERN, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } }
    const request = modernRequest(token, 'tools/call', { name: `${prefix}ask`, arguments: {}, _meta, ...more })
    const text = await (await fetch(plane.url + path, request)).text()
    const line = text.startsWith('{')
      ? text
      : text
          .split('\n')
          .findLast((part) => part.startsWith('data:'))
          ?.slice(5)
    return (JSON.parse(line ?? '') as { result: Record<string, unknown> }).result
  }
  const first = await call({})
  expect(first).toMatchObject({ resultType: 'input_required' })
  const [key = ''] = Object.keys(first['inputRequests'] as object)
  const inputResponses = { [key]: { action: 'accept', content: { name: 'Ann' } } }
  // This client can answer no sampling: the server is told so, and its tool fails.
  expect(await call({ requestState: first['requestState'], inputResponses })).toMatchObject({ isError: true })
  expect(server.seen.find(({ body }) => body.result !== undefined)?.body.result).toMatchObject({ content: { name: 'Ann' } })
})

test('a change of the tools of such a server reaches a legacy client, and its call is cancelled with the client', async () => {
  const made: McpServer[] = []
  await using server = await sdkSseServer(() => {
    const one = things()
    made.push(one)
    return one
  })
  await using plane = await planeTo(server.url)
  const told = Promise.withResolvers<void>()
  await using side = await legacyClient(plane, '/mcp/old', {}, (client) =>
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => told.resolve()),
  )
  await side.client.callTool({ name: 'echo', arguments: { text: 'x' } })
  for (const one of made) one.registerTool('later', {}, () => said('later'))
  await within(told.promise, 'the client to hear of the change')
  const leaving = new AbortController()
  const hanging = side.client.callTool({ name: 'hang', arguments: {} }, undefined, { signal: leaving.signal })
  await expect.poll(() => server.sent('tools/call').some(({ body }) => body.params?.['name'] === 'hang')).toBe(true)
  leaving.abort('enough')
  await expect(hanging).rejects.toThrow('enough')
  await expect.poll(() => server.sent('notifications/cancelled')).toHaveLength(1)
})

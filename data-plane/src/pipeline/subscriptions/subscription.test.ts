import { text } from 'node:stream/consumers'
import type { ServerResponse } from 'node:http'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { modernRequest, testPlane } from '../../testing/plane.ts'
import { serverOf } from '../../upstream/testing.ts'

/** A modern server with resources that change, whose lists take their time. */
async function slowServer() {
  const state = { resources: ['x:old'], listening: [] as ServerResponse[] }
  const said = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
  const server = await serverOf(async (request, response) => {
    const { id, method } = JSON.parse(await text(request)) as { id: number; method: string }
    const say = (result: object) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    if (method === 'server/discover')
      return say({ ...said, supportedVersions: ['2026-07-28'], capabilities: { resources: { listChanged: true } } })
    if (method === 'resources/list')
      return setTimeout(() => say({ ...said, resources: state.resources.map((uri) => ({ uri, name: uri })) }), 300)
    if (method === 'resources/templates/list') return say({ ...said, resourceTemplates: [] })
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
    const acknowledged = {
      method: 'notifications/subscriptions/acknowledged',
      params: { notifications: { resourcesListChanged: true }, _meta },
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(event(acknowledged))
    state.listening.push(response)
  })
  const change = (uri: string) => {
    state.resources = [uri]
    for (const response of state.listening) response.write(event({ method: 'notifications/resources/list_changed' }))
  }
  return { ...server, url: server.url, change, listening: state.listening }
}

const event = (message: object) => `data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`

test('who listens on /mcp is told of a change once the list they will read has it, however slowly the server lists', async () => {
  await using server = await slowServer()
  const entry = { kind: 'remote' as const, title: 'Slow', remote: RemoteSettings.parse({ url: server.url, era: '2026-07-28' }), tools: {} }
  await using plane = await testPlane({ grants: { slow: { user: [{ level: 'read' }] } } }, [], { slow: entry })
  const token = await plane.token()
  const listed = async () => {
    const answer = await fetch(`${plane.url}/mcp`, modernRequest(token, 'resources/list'))
    const { result } = (await answer.json()) as { result: { resources: { uri: string }[] } }
    return result.resources.map(({ uri }) => uri).filter((uri) => uri.startsWith('mcp+slow:'))
  }
  await expect.poll(listed).toEqual(['mcp+slow:x:old'])

  const leaving = new AbortController()
  const stream = await fetch(`${plane.url}/mcp`, {
    ...modernRequest(token, 'subscriptions/listen', { notifications: { resourcesListChanged: true } }),
    signal: leaving.signal,
  })
  let heard = ''
  const reading = (async () => {
    for await (const chunk of stream.body ?? []) heard += Buffer.from(chunk).toString()
  })().catch(() => undefined)
  await expect.poll(() => heard).toContain('acknowledged')
  await expect.poll(() => server.listening.length).toBeGreaterThan(0)

  server.change('x:new')
  await expect.poll(() => heard).toContain('notifications/resources/list_changed')
  expect(await listed()).toEqual(['mcp+slow:x:new'])
  leaving.abort()
  await reading
})

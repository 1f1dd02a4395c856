import type { ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { modernRequest, testPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'

const discovered = { supportedVersions: ['2026-07-28'], capabilities: { resources: { subscribe: true } } }

/** A server with one resource to follow, that can be taken away and brought back. */
async function aServer() {
  const open = new Set<ServerResponse>()
  const state = { away: false, asked: 0 }
  const server = await serverOf(async (request, response) => {
    const { id, method, params } = JSON.parse(await text(request)) as { id: number; method: string; params: Record<string, unknown> }
    if (method !== 'subscriptions/listen') {
      const result = { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...discovered }
      return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    }
    state.asked++
    if (state.away) return void request.socket.destroy()
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    open.add(response)
    say(response, 'notifications/subscriptions/acknowledged', { notifications: params['notifications'] })
  })
  return {
    server,
    state,
    /** Breaks what is open, and answers no listener any more. */
    leave() {
      state.away = true
      for (const response of open) response.destroy()
      open.clear()
    },
    tell: (uri: string) => open.forEach((response) => say(response, 'notifications/resources/updated', { uri })),
  }
}

const say = (response: ServerResponse, method: string, params: object) =>
  void response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`)

test.for([
  ['/mcp/news', 'news:today'],
  ['/mcp', 'mcp+news:news:today'],
] as const)(
  'who follows a resource at %s goes on following it after its server was away, and is told that it may have changed',
  async ([path, uri]) => {
    const { server, state, leave, tell } = await aServer()
    const remote = RemoteSettings.parse({ url: server.url, era: '2026-07-28' })
    await using plane = await testPlane({ grants: { news: { user: [{ level: 'read' }] } } }, [], {
      news: { kind: 'remote', title: 'News', remote, tools: {} },
    })
    const notifications = { resourceSubscriptions: [uri] }
    const answer = await fetch(plane.url + path, modernRequest(await plane.token(), 'subscriptions/listen', { notifications }))
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let heard = ''
    const reading = (async () => {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) heard += piece.value
    })()
    const updates = () => heard.split('notifications/resources/updated').length - 1

    await expect.poll(() => heard).toContain('acknowledged')
    tell('news:today')
    await expect.poll(() => updates()).toBe(1)

    leave()
    const before = state.asked
    await expect.poll(() => state.asked).toBeGreaterThan(before + 1)
    state.away = false
    await expect.poll(() => updates()).toBe(2)
    tell('news:today')
    await expect.poll(() => updates()).toBe(3)
    expect(heard).toContain(`"uri":"${uri}"`)

    await reader.cancel()
    await reading
    await server[Symbol.asyncDispose]()
  },
)

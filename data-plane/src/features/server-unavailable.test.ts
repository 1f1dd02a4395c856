import { expect, test } from 'vitest'
import { modernRequest } from '../testing/plane.ts'
import { aRemoteEntry, planeBefore } from '../testing/two-sides.ts'
import { within } from '../testing/waiting.ts'
import { modernServer } from '../upstream/modern/testing.ts'
import type { Say } from '../upstream/modern/testing.ts'

const discovered = { supportedVersions: ['2026-07-28'], capabilities: { resources: { subscribe: true } } }

/** A server with one resource to follow, that can be taken away and brought back. */
async function newsServer() {
  const open = new Set<Say>()
  const state = { away: false, listenRequests: 0 }
  const server = await modernServer(({ method, params }, say) => {
    if (method !== 'subscriptions/listen') return say.result({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...discovered })
    state.listenRequests++
    if (state.away) return say.response.destroy()
    open.add(say)
    say.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params: { notifications: params['notifications'] } })
  })
  return {
    server,
    state,
    /** Breaks what is open, and answers no listener any more. */
    leave() {
      state.away = true
      for (const { response } of open) response.destroy()
      open.clear()
    },
    tell: (uri: string) => open.forEach((say) => say.event({ jsonrpc: '2.0', method: 'notifications/resources/updated', params: { uri } })),
  }
}

test.for([
  ['/mcp/news', 'news:today'],
  ['/mcp', 'mcp+news:news:today'],
] as const)(
  'who follows a resource at %s goes on following it after its server was away, and is told that it may have changed',
  async ([path, uri]) => {
    const { server, state, leave, tell } = await newsServer()
    await using _ = server
    await using plane = await planeBefore({ news: aRemoteEntry(server.url, '2026-07-28', []) })
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
    const before = state.listenRequests
    await expect.poll(() => state.listenRequests).toBeGreaterThan(before + 1)
    state.away = false
    await expect.poll(() => updates()).toBe(2)
    tell('news:today')
    await expect.poll(() => updates()).toBe(3)
    expect(heard).toContain(`"uri":"${uri}"`)

    await reader.cancel()
    await within(reading, 'the stream to end')
  },
)

import { expect, test } from 'vitest'
import { modernRequest } from '../../testing/plane.ts'
import { aRemoteEntry, planeBefore } from '../../testing/two-sides.ts'
import { within } from '../../testing/waiting.ts'
import { modernServer } from '../../upstream/modern/testing.ts'
import type { Say } from '../../upstream/modern/testing.ts'

const cached = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }

/**
 * A modern server with one resource that changes. The list that is asked for after a change is answered when `release`
 * is called.
 */
async function slowServer() {
  const listening: Say[] = []
  const held: (() => void)[] = []
  let [uri, holds] = ['x:old', false]
  const server = await modernServer(({ method, id }, say) => {
    if (method === 'server/discover')
      return say.result({ ...cached, supportedVersions: ['2026-07-28'], capabilities: { resources: { listChanged: true } } })
    if (method === 'resources/list') {
      const answer = () => say.result({ ...cached, resources: [{ uri, name: uri }] })
      return holds ? held.push(answer) : answer()
    }
    if (method === 'resources/templates/list') return say.result({ ...cached, resourceTemplates: [] })
    const _meta = { 'io.modelcontextprotocol/subscriptionId': id }
    const params = { notifications: { resourcesListChanged: true }, _meta }
    say.event({ jsonrpc: '2.0', method: 'notifications/subscriptions/acknowledged', params })
    listening.push(say)
  })
  return {
    server,
    listening,
    held,
    change(newUri: string) {
      uri = newUri
      holds = true
      for (const say of listening) say.event({ jsonrpc: '2.0', method: 'notifications/resources/list_changed' })
    },
    release() {
      holds = false
      for (const answer of held.splice(0)) answer()
    },
  }
}

test('who listens on /mcp is told of a change once the list they will read has it, however slowly the server lists', async () => {
  const { server, listening, held, change, release } = await slowServer()
  await using _ = server
  await using plane = await planeBefore({ slow: aRemoteEntry(server.url, '2026-07-28', []) })
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
  await expect.poll(() => listening.length).toBeGreaterThan(0)

  change('x:new')
  await expect.poll(() => held.length).toBeGreaterThan(0)
  expect(await listed()).toEqual(['mcp+slow:x:old'])
  expect(heard).not.toContain('notifications/resources/list_changed')
  release()
  await expect.poll(() => heard).toContain('notifications/resources/list_changed')
  expect(await listed()).toEqual(['mcp+slow:x:new'])
  leaving.abort()
  await within(reading, 'the stream to end')
})

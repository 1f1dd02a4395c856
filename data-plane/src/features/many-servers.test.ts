import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { RemoteEntry } from '@bir/sdk/contract/snapshot'
import { expect, test, vi } from 'vitest'
import { modernRequest, testPlane } from '../testing/plane.ts'
import type { TestPlane } from '../testing/plane.ts'
import { serverOf } from '../upstream/testing.ts'

const toolNames = Array.from({ length: 50 }, (_, at) => `tool_${at}`)
const good = Array.from({ length: 37 }, (_, at) => `good-${at}`)
const bad = ['dead-0', 'dead-1', 'hanging']

const said = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
const results: Record<string, object> = {
  'server/discover': { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, ...said },
  'tools/list': { tools: toolNames.map((name) => ({ name, inputSchema: { type: 'object' } })), ...said },
  'tools/call': { content: [{ type: 'text', text: 'here' }], resultType: 'complete' },
}

async function resultFor(request: IncomingMessage): Promise<string> {
  const { id, method } = JSON.parse(await text(request)) as { id: number; method: string }
  const result = results[method]
  return JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error: { code: -32_601, message: 'no such method' } }) })
}

const entry = (url: string): RemoteEntry => ({
  kind: 'remote',
  title: 'Things',
  remote: RemoteSettings.parse({ url, era: '2026-07-28', callTimeoutMs: 600_000 }),
  tools: Object.fromEntries(toolNames.map((name) => [name, { level: 'read' }])),
})

interface Page {
  tools: { name: string }[]
  nextCursor?: string
}

async function listed(plane: TestPlane, token: string): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  do {
    const answer = await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/list', cursor === undefined ? {} : { cursor }))
    const { result } = (await answer.json()) as { result: Page }
    names.push(...result.tools.map(({ name }) => name))
    cursor = result.nextCursor
  } while (cursor !== undefined)
  return names
}

test('of forty servers two dead ones and one that hangs take nothing from the others, and nobody waits for them', async () => {
  await using lively = await serverOf(async (request, response) => {
    response.setHeader('content-type', 'application/json').end(await resultFor(request))
  })
  const held: ServerResponse[] = []
  const letGo = vi.fn()
  await using hanging = await serverOf((_, response) => {
    held.push(response)
    response.once('close', letGo)
  })
  const gone = await serverOf(() => undefined)
  await gone[Symbol.asyncDispose]()

  const urls: [string, string][] = [
    ...good.map((id): [string, string] => [id, `${lively.url}/${id}`]),
    ['dead-0', `${gone.url}/mcp`],
    ['dead-1', `${gone.url}/mcp`],
    ['hanging', `${hanging.url}/mcp`],
  ]
  const grants = Object.fromEntries([...good, ...bad].map((id) => [id, { user: [{ level: 'read' as const }] }]))
  await using plane = await testPlane({ grants }, [], Object.fromEntries(urls.map(([id, url]) => [id, entry(url)])))
  const token = await plane.token()

  const expected = good.flatMap((id) => toolNames.map((name) => `${id}_${name}`)).toSorted()
  await expect.poll(async () => (await listed(plane, token)).toSorted()).toEqual(expected)
  const call = await fetch(`${plane.url}/mcp`, modernRequest(token, 'tools/call', { name: 'good-0_tool_0', arguments: {} }))
  expect(await call.json()).toMatchObject({ result: { content: [{ text: 'here' }] } })
  expect(held).not.toEqual([])
  expect(letGo).not.toHaveBeenCalled() // all that was answered while it was still hanging
  for (const response of held) response.destroy()
})

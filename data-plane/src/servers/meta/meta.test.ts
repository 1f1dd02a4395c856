import { expect, test } from 'vitest'
import { aServer, DAVE, modernRequest, testPlane } from '../../testing.ts'

const grants = {
  meta: { everyone: [{ level: 'read' as const }] },
  things: { groups: [{ level: 'write' as const, deny: ['get_thing'] }] },
}

async function call(name: string, args: object = {}, sub?: string) {
  await using plane = await testPlane({ grants }, [aServer()])
  const token = await plane.token(sub === undefined ? {} : { sub })
  const response = await fetch(`${plane.url}/mcp/meta`, modernRequest(token, 'tools/call', { name, arguments: args }))
  return JSON.parse(await response.text())
}

test('whoami says who one acts for', async () => {
  const { result } = await call('whoami')
  expect(result.structuredContent).toMatchObject({ user: 'alice', groups: ['analysts'], client: 'test', policy_revision: 1 })
})

test('list_permissions says of each tool its level or why not, and nothing of servers without a grant', async () => {
  const { result } = await call('list_permissions')
  const things = result.structuredContent.servers.find(({ server }: { server: string }) => server === 'things')
  expect(things.tools).toEqual([
    { tool: 'get_thing', needs: 'read', refused: 'tool-denied' },
    { tool: 'update_thing', needs: 'write', level: 'write' },
    { tool: 'delete_thing', needs: 'destroy', refused: 'level-too-low' },
  ])
  expect(JSON.stringify(result)).not.toContain('echo')
})

test('list_servers counts what can be used', async () => {
  const { result } = await call('list_servers')
  expect(result.structuredContent.items).toContainEqual({
    server: 'things',
    title: 'Things',
    usable_tools: 1,
    refused_tools: 2,
    state: 'up',
    speaks: 'mounted',
  })
})

test('search_tools finds by words among what can be used', async () => {
  const { result } = await call('search_tools', { query: 'thing', schema: true })
  expect(result.structuredContent).toMatchObject({ total: 1, items: [{ tool: 'update_thing', input_schema: { type: 'object' } }] })
})

test('get_usage tells the limits', async () => {
  const { result } = await call('get_usage')
  expect(result.structuredContent.limits).toMatchObject({ per_second: 60, burst: 300 })
})

test('somebody without a grant finds no tool here', async () => {
  const { error } = await call('whoami', {}, DAVE)
  expect(error.message).toBe('Unknown tool: whoami')
})

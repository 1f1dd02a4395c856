import { RemoteSettings } from '@bir/sdk/contract/remote'
import { expect, test } from 'vitest'
import { aServer, DAVE, modernRequest, testPlane } from '../../testing/plane.ts'

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

test('whoami names the caller, their groups, the client and the policy revision', async () => {
  const { result } = await call('whoami')
  expect(result.structuredContent).toMatchObject({ user: 'alice', groups: ['analysts'], client: 'test', policy_revision: 1 })
})

test('list_permissions lists for each tool its level or the refusal, and no server without a grant', async () => {
  const { result } = await call('list_permissions')
  const things = result.structuredContent.servers.find(({ server }: { server: string }) => server === 'things')
  expect(things.tools).toEqual([
    { tool: 'get_thing', needs: 'read', refused: 'tool-denied' },
    { tool: 'update_thing', needs: 'write', level: 'write' },
    { tool: 'delete_thing', needs: 'destroy', refused: 'level-too-low' },
  ])
  expect(JSON.stringify(result)).not.toContain('echo')
})

test('list_servers counts the tools that the caller can use', async () => {
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

test('list_servers reports that a remote server is down, and reveals nothing of the internal network', async () => {
  const remote = RemoteSettings.parse({ url: 'http://127.0.0.1:1/mcp' })
  const notes = { kind: 'remote' as const, title: 'Notes', remote, tools: {} }
  const allGrants = { ...grants, notes: { everyone: [{ level: 'read' as const }] } }
  await using plane = await testPlane({ grants: allGrants }, [aServer()], { notes })
  const token = await plane.token()
  const listServers = async () => {
    const response = await fetch(`${plane.url}/mcp/meta`, modernRequest(token, 'tools/call', { name: 'list_servers', arguments: {} }))
    const { result } = JSON.parse(await response.text())
    return {
      item: result.structuredContent.items.find(({ server }: { server: string }) => server === 'notes'),
      text: result.content[0].text,
    }
  }
  await expect.poll(async () => (await listServers()).item.state).toBe('down')
  const { item, text } = await listServers()
  expect(item).toMatchObject({ last_error: 'The MCP server cannot be reached.', last_error_at: expect.any(String) })
  expect(item).not.toHaveProperty('last_answer')
  expect(text).toContain(`notes (Notes): 0 usable, 0 refused; down, ${item.last_error_at}: The MCP server cannot be reached.`)
  expect(JSON.stringify(item)).not.toContain('127.0.0.1')
})

test('search_tools searches the words among the tools that the caller can use', async () => {
  const { result } = await call('search_tools', { query: 'thing', schema: true })
  expect(result.structuredContent).toMatchObject({ total: 1, items: [{ tool: 'update_thing', input_schema: { type: 'object' } }] })
})

test('get_usage reports the limits', async () => {
  const { result } = await call('get_usage')
  expect(result.structuredContent.limits).toMatchObject({ per_second: 60, burst: 300 })
})

test('a person without a grant on meta finds no tool there', async () => {
  const { error } = await call('whoami', {}, DAVE)
  expect(error.message).toBe('Unknown tool: whoami')
})

import { expect, test } from 'vitest'
import { modernRequest, testPlane } from '../../testing/plane.ts'

const grants = { debug: { everyone: [{ level: 'read' as const }] } }

async function callTool(plane: Awaited<ReturnType<typeof testPlane>>, name: string, args: object = {}) {
  const response = await fetch(`${plane.url}/mcp/debug`, modernRequest(await plane.token(), 'tools/call', { name, arguments: args }))
  return JSON.parse(await response.text()).result
}

test('echo returns every character it was given', async () => {
  await using plane = await testPlane({ grants })
  const text = 'salam, dünya 🌍 привет "quoted" \\ \u0001\n'
  expect((await callTool(plane, 'echo', { text })).structuredContent).toEqual({ text })
})

test('list_calls lists the latest call first, and includes calls with invalid input', async () => {
  await using plane = await testPlane({ grants })
  await callTool(plane, 'echo', { text: 'a' })
  await callTool(plane, 'echo', { text: 7 })
  const { structuredContent } = await callTool(plane, 'list_calls')
  expect(structuredContent.items).toMatchObject([
    { tool: 'echo', outcome: 'failed', reason: 'invalid_input' },
    { tool: 'echo', outcome: 'answered' },
  ])
})

test('check_server checks a server that the caller is granted, and no other', async () => {
  await using plane = await testPlane({ grants })
  expect((await callTool(plane, 'check_server', { server: 'debug' })).structuredContent).toEqual({ ok: true, steps: [] })
  expect((await callTool(plane, 'check_server', { server: 'sql' })).isError).toBe(true)
})

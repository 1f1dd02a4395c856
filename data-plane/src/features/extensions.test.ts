import { expect, test } from 'vitest'
import { extensionPlane, skillsResult } from '../testing/extensions.ts'
import { SKILLS_EXTENSION } from '../protocol/extensions/skills.ts'
import { TASKS_EXTENSION } from '../protocol/extensions/tasks.ts'

type Served = Awaited<ReturnType<typeof extensionPlane>>

const skillsOf = async ({ ask }: Served, path: string) => {
  const { result = {} } = await ask(path, 'skills/list', {})
  return (result['skills'] as { uri: string }[]).map(({ uri }) => uri)
}

test('`/mcp` declares the extensions it has a way for, and a server’s own endpoint all that the server does', async () => {
  await using served = await extensionPlane()
  const extensionsAt = async (path: string) => {
    const { result = {} } = await served.ask(path, 'server/discover', {})
    return Object.keys((result['capabilities'] as { extensions: object }).extensions).sort()
  }
  expect(await extensionsAt('/mcp')).toEqual([SKILLS_EXTENSION, TASKS_EXTENSION])
  expect(await extensionsAt('/mcp/things')).toEqual(['com.example/search', SKILLS_EXTENSION, TASKS_EXTENSION])
})

test('skills are listed to those who may read the whole server, merged on `/mcp`, as they are at its own endpoint', async () => {
  await using served = await extensionPlane({
    things: { user: [{ level: 'read' }] },
    other: { user: [{ level: 'read', allow: ['look'] }] },
  })
  expect(await skillsOf(served, '/mcp')).toEqual(['skill://things/refunds/SKILL.md'])
  expect(await skillsOf(served, '/mcp/things')).toEqual(['skill://refunds/SKILL.md'])
  expect(await skillsOf(served, '/mcp/other')).toEqual([])
  const denied = await served.ask('/mcp', 'skills/get', { uri: 'skill://other/refunds/SKILL.md' })
  expect(denied).toMatchObject({ status: 200, error: { code: -32_602, message: 'Not found.' } })
})

test('a skill that came is told of as a change of resources, once `/mcp` can list it, however long its server takes', async () => {
  await using served = await extensionPlane()
  await using stream = await served.listen('/mcp', { resourcesListChanged: true })
  await stream.next()
  const later = Promise.withResolvers<object>()
  served.answers['skills/list'] = later.promise
  const before = served.asked.length
  served.tell('notifications/resources/list_changed', {})
  await expect.poll(() => served.asked.slice(before).filter(({ method }) => method === 'skills/list')).toHaveLength(2)
  later.resolve(skillsResult('refunds', 'reports'))
  expect((await stream.next()).method).toBe('notifications/resources/list_changed')
  expect(await skillsOf(served, '/mcp')).toContain('skill://things/reports/SKILL.md')
})

test('a server that declares skills and cannot list them loses nothing else', async () => {
  await using served = await extensionPlane()
  delete served.answers['skills/list']
  served.answers['tools/list'] = {
    resultType: 'complete',
    tools: [{ name: 'look' }, { name: 'wipe', title: 'Anew' }],
    ttlMs: 0,
    cacheScope: 'private',
  }
  served.tell('notifications/tools/list_changed', {})
  await expect.poll(async () => JSON.stringify(await served.ask('/mcp', 'tools/list', {}))).toContain('Anew')
  await expect.poll(() => skillsOf(served, '/mcp')).toEqual([])
})

test('a method of an extension that `/mcp` has no way for is refused in words, and recorded; at the server’s own endpoint it reaches the server', async () => {
  await using served = await extensionPlane()
  served.answers['com.example/search'] = { resultType: 'complete', found: ['x'] }
  const refused = await served.ask('/mcp', 'com.example/search', { for: 'x' })
  expect(refused).toMatchObject({ status: 404, error: { code: -32_601, message: expect.stringContaining('/mcp/{server}') } })
  expect(served.plane.records().at(-1)?.header).toMatchObject({ method: 'com.example/search', outcome: 'refused' })
  expect(served.asked.some(({ method }) => method === 'com.example/search')).toBe(false)
  expect(await served.ask('/mcp/things', 'com.example/search', { for: 'x' })).toMatchObject({ status: 200, result: { found: ['x'] } })
})

test.for(['skills/list', 'skills/get'])('a server of the gateway’s own has no %s', async (method) => {
  await using served = await extensionPlane({ meta: { user: [{ level: 'read' }] }, things: { user: [{ level: 'read' }] } })
  expect(await served.ask('/mcp/meta', method, { uri: 'skill://a/SKILL.md' })).toMatchObject({ status: 404, error: { code: -32_601 } })
})

test('what changes while a server’s lists are being read is read once more', async () => {
  await using served = await extensionPlane()
  await using stream = await served.listen('/mcp/things', { resourcesListChanged: true })
  await stream.next()
  const tell = async () => {
    served.tell('notifications/resources/list_changed', {})
    // Whoever listens at the server's own endpoint hears it after the catalogue.
    expect((await stream.next()).method).toBe('notifications/resources/list_changed')
  }
  const held = Promise.withResolvers<object>()
  served.answers['skills/list'] = held.promise
  const before = served.asked.length
  await tell()
  await expect.poll(() => served.asked.slice(before).filter(({ method }) => method === 'skills/list')).toHaveLength(2)
  served.answers['skills/list'] = skillsResult('newest')
  await tell()
  held.resolve(skillsResult('older'))
  await expect.poll(() => skillsOf(served, '/mcp')).toContain('skill://things/newest/SKILL.md')
})

import { createClient } from '@bir/sdk'
import { expect, test } from 'vitest'
import { bootGateway } from '../../testing/boot-gateway.ts'
import { bir } from './bir-command.ts'
import { guardedServer } from './guarded-server.ts'
import { listeningClient } from './listening-client.ts'

test('a token for a remote server is tried by a data plane; refused in a call, it is tried again: a revoked one takes its tools along, a good one stays', async () => {
  await using desk = await guardedServer()
  const [former, later] = ['desk-0000000000000000fake1', 'desk-0000000000000000fake2']
  desk.accepted.add(former)
  await using gateway = await bootGateway()
  const api = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
  const headers = { Authorization: { secret: 'token', of: 'person' as const } }
  await api.servers.put({ id: 'desk', kind: 'remote', url: desk.url, headers })
  await api.grants.create({ user: 'bob', server: 'desk', level: 'read' })
  const put = (value: string) => bir(gateway.home, ['secret', 'put', 'desk', '--user', 'bob'], `${value}\n`)
  const listed = async () => (await api.secrets.list({ user: 'bob', server: 'desk' })).items[0]
  const state = async () => (await listed())?.state

  await using client = await listeningClient('modern', gateway.endpoints.mcp, await gateway.token('bob'))
  expect(await client.tools('desk_')).toEqual([])
  expect(await put('desk-0000000000000000wrong')).toMatchObject({ exit: 3, out: expect.stringMatching(/^invalid\n/) })
  expect(await state()).toBe('missing')
  expect(await put(former)).toMatchObject({ exit: 0, out: expect.stringMatching(/^ok\n/) })
  await expect.poll(() => client.tools('desk_')).toEqual(['desk_list_tickets'])
  expect(await client.call('desk_list_tickets')).toContain('one ticket')

  desk.accepted.clear()
  const heard = client.heard()
  expect(await client.call('desk_list_tickets')).toContain('secret_invalid')
  await expect.poll(state).toBe('invalid')
  await expect.poll(() => client.heard() > heard, { message: 'list_changed' }).toBe(true)
  await expect.poll(() => client.tools('desk_')).toEqual([])
  const asked = desk.heard.length
  expect(await client.call('desk_list_tickets')).toContain('secret_missing')
  expect(desk.heard).toHaveLength(asked)

  desk.accepted.add(later)
  expect(await put(later)).toMatchObject({ exit: 0 })
  await expect.poll(() => client.tools('desk_')).toEqual(['desk_list_tickets'])
  const before = desk.heard.length
  expect(await client.call('desk_list_tickets')).toContain('one ticket')
  expect(new Set(desk.heard.slice(before))).toEqual(new Set([`Bearer ${later}`]))

  // A server that refuses a good token once loses nobody's secret: what it says of the token afterwards counts.
  const checkedAt = (await listed())?.checkedAt
  desk.falseRefusals = 1
  expect(await client.call('desk_list_tickets')).toContain('secret_invalid')
  await expect.poll(async () => (await listed())?.checkedAt, { message: 'the token to be tried again' }).not.toBe(checkedAt)
  expect(await state()).toBe('ok')
  expect(await client.tools('desk_')).toEqual(['desk_list_tickets'])
  expect(await client.call('desk_list_tickets')).toContain('one ticket')
})

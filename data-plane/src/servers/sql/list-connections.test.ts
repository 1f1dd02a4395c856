import { expect, test } from 'vitest'
import type { CallContext } from '../../server-kit/context.ts'
import server from './index.ts'
import { aliceRules, failure } from './testing.ts'

const connection = {
  kind: 'postgres',
  host: 'db.example.com',
  database: 'bank',
  user: 'reader',
  password: { secret: 'bank' },
  description: 'The bank',
}

const context = (open: string[]): CallContext => ({
  caller: { id: '1', handle: 'alice', groups: [] },
  level: 'read',
  settings: { connections: { bank: connection, risk: connection, shop: connection } },
  secret: undefined,
  signal: new AbortController().signal,
  tables: (name) => (open.includes(name) ? aliceRules : undefined),
  readSecret: async () => '',
  gateway: undefined as never,
})

const call = async (tool: string, args: object, context: CallContext) => server.tools.get(tool)?.call(args, context)

test('connections without tables for the person are not listed, and the list does not show where a database is', async () => {
  const answer = await call('list_connections', {}, context(['bank', 'shop']))
  expect(answer?.structuredContent).toEqual({
    items: [
      { name: 'bank', kind: 'postgres', read_only: true, description: 'The bank' },
      { name: 'shop', kind: 'postgres', read_only: true, description: 'The bank' },
    ],
    count: 2,
  })
  expect(JSON.stringify(answer)).not.toMatch(/example|reader/)
})

test('with several connections the call must name one; a closed one fails like one that does not exist', async () => {
  const query = { query: 'select 1' }
  expect(await failure(call('execute_query', query, context(['bank', 'shop'])))).toMatchObject({
    code: 'invalid_input',
    hint: 'connection is one of: bank, shop.',
  })
  const [closed, absent] = await Promise.all(
    ['risk', 'nope'].map(async (connection) => {
      const { code, message, hint } = await failure(call('execute_query', { ...query, connection }, context(['bank', 'shop'])))
      return JSON.stringify([code, message, hint]).replaceAll(connection, '@')
    }),
  )
  expect(closed).toBe(absent)
})

test.for([
  [{ connections: { bank: { ...connection, kind: 'mysql' } } }, 'settings.connections.bank.kind'],
  [{ connections: { bank: { ...connection, password: 'open sesame' } } }, 'settings.connections.bank.password'],
  [{ connections: { 'not a name': connection } }, 'settings.connections'],
  [{}, 'settings.connections'],
] as const)('the fault of wrong settings names their path', ([settings, path]) => {
  expect(server.faults(settings).join('\n')).toContain(path)
  expect(server.faults({ connections: { bank: connection } })).toEqual([])
})

import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallContext } from '../../../server-kit/context.ts'
import { chooseConnection } from '../connection/open-connection.ts'
import type { OpenConnection } from '../connection/open-connection.ts'
import { SqlSettings } from '../connection/settings.ts'
import { aBank, failure } from '../testing.ts'
import type { Bank } from '../testing.ts'
import { readRows } from './read-rows.ts'
import { inReadOnlyTransaction } from './transaction.ts'
import { within } from '../../../testing/waiting.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

const connect = (context: CallContext): OpenConnection =>
  chooseConnection({ ...context, settings: SqlSettings.parse(context.settings) }, undefined)

// Without the guard: the transaction itself must refuse a statement that should never have passed the guard.
test.for([
  ['writing', 'insert into customers values (9)', /read-only transaction|permission denied|refuse|does not let/],
  ['a second statement', 'select 1; drop table customers', /multiple commands/],
  ['leaving the transaction', 'commit; drop table customers', /multiple commands/],
  ['creating', 'create table x (id int)', /does not let/],
] as const)('the transaction by itself refuses %s', async ([, text, said]) => {
  const error = await failure(inReadOnlyTransaction(connect(bank.context({ as: 'superuser' })), (client) => readRows(client, text, [], 1)))
  expect(`${error.message} ${(error.cause as Error).message}`).toMatch(said)
})

test('a session keeps no setting, prepared statement or lock for its next use', async () => {
  const here = connect(bank.context({ settings: { description: 'wiped' } }))
  await inReadOnlyTransaction(here, async (client) => {
    await client.query(
      'set search_path = hr; set statement_timeout = 1; set role none; prepare p as select 1; select pg_advisory_lock(4711)',
    )
  })
  const seen = await inReadOnlyTransaction(here, async (client) => {
    const { rows } =
      await client.query(`select current_setting('search_path') as path, current_setting('transaction_read_only') as readonly,
      current_setting('standard_conforming_strings') as strings, current_setting('statement_timeout') as timeout,
      (select count(*)::int from pg_prepared_statements) as prepared, (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`)
    return rows[0]
  })
  expect(seen).toEqual({ path: 'pg_catalog, public, pg_temp', readonly: 'on', strings: 'on', timeout: '15s', prepared: 0, locks: 0 })
})

test('a wrong password is reported, and the next log-in reads the password again', async () => {
  await bank.owner.query("create role moody login password 'first'; grant pg_read_all_data to moody")
  let password = 'wrong'
  const settings = { user: 'moody', password: { secret: 'moody' } }
  const context = { ...bank.context({ settings }), readSecret: async () => password }
  const query = () => bank.call('execute_query', { query: 'select 1' }, context)
  expect(await failure(query())).toMatchObject({ code: 'upstream_down', message: 'The gateway cannot log in to the database.' })
  password = 'first'
  expect((await query()).structuredContent).toMatchObject({ rows: [[1]] })
  await bank.owner.query('drop role moody')
})

test('a password that cannot be read is reported without its name, and the log-in is ended', async () => {
  // The database keeps a place for an open log-in for a minute, and cannot be dropped before.
  const asksForPassword = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])
  const open = new Set<Socket>()
  const database = createServer((socket) => {
    open.add(socket.on('close', () => open.delete(socket)).on('error', () => undefined))
    socket.once('data', () => socket.write(asksForPassword))
  })
  await new Promise<void>((resolve) => database.listen(0, '127.0.0.1', resolve))
  const { port } = database.address() as AddressInfo
  const settings = { host: '127.0.0.1', port, password: { secret: 'lost-and-found' } }
  const context = { ...bank.context({ settings }), readSecret: () => Promise.reject(new Error('ENOENT lost-and-found')) }
  const error = await failure(bank.call('execute_query', { query: 'select 1' }, context))
  expect(error).toMatchObject({ code: 'upstream_down', message: "The gateway's password for this database cannot be read." })
  await expect.poll(() => open.size).toBe(0)
  database.close()
})

test('when every session is busy, a call fails and may be retried', async () => {
  const context = bank.context({ settings: { description: 'busy' } })
  const leave = Promise.withResolvers<void>()
  const entered = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const held = entered.map(({ resolve }) =>
    inReadOnlyTransaction(connect(context), async () => {
      resolve()
      await leave.promise
    }),
  )
  await within(Promise.all(entered.map(({ promise }) => promise)), 'every session to be at work')
  expect(await failure(bank.call('list_tables', {}, context))).toMatchObject({ code: 'rate_limited', retryable: true })
  leave.resolve()
  await Promise.all(held)
})

test('a database that cannot be reached is upstream_down, and the call may be retried', async () => {
  const closedPort = await freePort()
  const context = bank.context({ settings: { host: '127.0.0.1', port: closedPort } })
  expect(await failure(bank.call('execute_query', { query: 'select 1' }, context))).toMatchObject({
    code: 'upstream_down',
    retryable: true,
  })
})

test('a connection that breaks during a query fails only that query', async () => {
  const context = bank.context({ settings: { description: 'breaks' } })
  const broken = failure(
    inReadOnlyTransaction(connect(context), async (client) => {
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await bank.owner.query('select pg_terminate_backend($1)', [rows[0]?.pid])
      return client.query('select 1')
    }),
  )
  expect(await broken).toMatchObject({ code: 'upstream_down', retryable: true })
  expect((await bank.call('execute_query', { query: 'select 1' }, context)).structuredContent).toMatchObject({ rows: [[1]] })
})

test('the check reports each step until one fails', async () => {
  const { default: sql } = await import('../index.ts')
  expect(await sql.check(bank.context())).toMatchObject([
    { ok: true, detail: 'The gateway can log in.' },
    { ok: true, detail: 'Answered 1 row.' },
    { ok: true, detail: '6 readable by you.' },
  ])
  const down = await sql.check(bank.context({ settings: { host: '127.0.0.1', port: await freePort() } }))
  expect(down).toMatchObject([{ ok: false, detail: 'The database cannot be reached.' }])
})

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

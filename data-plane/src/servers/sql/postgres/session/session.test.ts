import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CallContext } from '../../../../server-kit/context.ts'
import { chooseConnection } from '../../connection/open-connection.ts'
import type { OpenConnection } from '../../connection/open-connection.ts'
import { SqlSettings } from '../../connection/settings.ts'
import { aBank, aliceRules, failure } from '../../testing.ts'
import type { Bank } from '../../testing.ts'
import { readRows } from './read-rows.ts'
import { inReadOnlyTransaction, limitToRest } from './transaction.ts'
import { within } from '../../../../testing/waiting.ts'

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
      'set search_path = hr; set statement_timeout = 77000; set role none; prepare p as select 1; select pg_advisory_lock(4711)',
    )
  })
  const seen = await inReadOnlyTransaction(here, async (client) => {
    const { rows } =
      await client.query(`select current_setting('search_path') as path, current_setting('transaction_read_only') as readonly,
      current_setting('standard_conforming_strings') as strings, current_setting('statement_timeout') as timeout,
      (select count(*)::int from pg_prepared_statements) as prepared, (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks`)
    return rows[0]
  })
  // Of the 15 s of the call, what is left.
  const timeout = expect.stringMatching(/^(15s|1?\d{1,4}ms)$/) as string
  expect(seen).toEqual({ path: 'pg_catalog, public, pg_temp', readonly: 'on', strings: 'on', timeout, prepared: 0, locks: 0 })
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

/** Takes as many sessions as a person may, as a slow query would. */
async function holdSessions(connection: () => OpenConnection, count: number) {
  const leave = Promise.withResolvers<void>()
  const entered = Array.from({ length: count }, () => Promise.withResolvers<void>())
  const held = entered.map(({ resolve }) =>
    inReadOnlyTransaction(connection(), async () => {
      resolve()
      await leave.promise
    }),
  )
  await within(Promise.all(entered.map(({ promise }) => promise)), 'the sessions to be at work')
  return async () => {
    leave.resolve()
    await Promise.all(held)
  }
}

test('whatever one person runs, another finds a session; the person waits until the time of the call is over', async () => {
  const settings = { description: 'busy' }
  const release = await holdSessions(() => connect(bank.context({ settings })), 3)
  const late = connect(bank.context({ settings, rules: { ...aliceRules, timeoutMs: 300 } }))
  expect(await failure(inReadOnlyTransaction(late, async () => expect.unreachable()))).toMatchObject({
    code: 'rate_limited',
    message: `Earlier calls, maybe your own, kept the database ${late.name} busy until the time of this call was over.`,
    retryable: true,
    retryAfterS: 1,
  })
  const carol = { id: 'carol', handle: 'carol', groups: [] }
  const answer = await bank.call('execute_query', { query: 'select 1' }, { ...bank.context({ settings }), caller: carol })
  expect(answer.structuredContent).toMatchObject({ rows: [[1]] })
  await release()
})

test('a call whose turn comes when its time is nearly over is told that others kept it waiting', async () => {
  const connection = connect(bank.context({ settings: { description: 'late' } }))
  const late = { ...connection, deadlineMs: performance.now() + connection.timeoutMs / 100 }
  expect(await failure(inReadOnlyTransaction(late, async () => expect.unreachable()))).toMatchObject({
    code: 'rate_limited',
    retryable: true,
  })
})

test('calls that wait while the settings change are answered by the database they waited for', async () => {
  const before = () => connect(bank.context({ settings: { description: 'before' } }))
  const release = await holdSessions(before, 3)
  const waiting = inReadOnlyTransaction(before(), async (client) => client.query('select 1'))
  const after = await bank.call('execute_query', { query: 'select 1' }, bank.context({ settings: { description: 'after' } }))
  expect(after.structuredContent).toMatchObject({ rows: [[1]] })
  await release()
  expect((await waiting).rowCount).toBe(1)
})

test('a person may have so many calls waiting, and is told when to come back', async () => {
  const settings = { description: 'full' }
  const release = await holdSessions(() => connect(bank.context({ settings })), 3)
  const waiting = Array.from({ length: 32 }, () => inReadOnlyTransaction(connect(bank.context({ settings })), async () => 'served'))
  const refused = await failure(inReadOnlyTransaction(connect(bank.context({ settings })), async () => 'served'))
  expect(refused).toMatchObject({ code: 'rate_limited', retryable: true, retryAfterS: 1 })
  expect(refused.message).toContain('Too many of your calls wait for the database')
  await release()
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['served']))
})

test('the time of a call counts from its start, however many statements it takes', async () => {
  const connection = connect(bank.context({ settings: { timeoutMs: 60_000 } }))
  const timeouts = await inReadOnlyTransaction({ ...connection, deadlineMs: performance.now() + 60_000 }, async (client) => {
    const shown = async () => (await client.query<{ statement_timeout: string }>('show statement_timeout')).rows[0]?.statement_timeout
    const first = await shown()
    await limitToRest(client, { ...connection, deadlineMs: performance.now() + 10_000 })
    return [first, await shown()]
  })
  expect(timeouts).toEqual([expect.stringMatching(/^(1min|[1-5]?\d{1,4}ms|\d\ds)$/), expect.stringMatching(/^(10s|\d{1,4}ms|\ds)$/)])
})

test('a call is answered when its time is over, even while the database does not stop', async () => {
  const connection = connect(bank.context({ settings: { description: 'stuck' }, rules: { ...aliceRules, timeoutMs: 300 } }))
  const stuck = Promise.withResolvers<void>()
  const call = failure(inReadOnlyTransaction(connection, () => stuck.promise))
  expect(await within(call, 'the call to be answered')).toMatchObject({
    code: 'timed_out',
    message: 'The query took longer than 0.3 s and was stopped.',
  })
  stuck.resolve()
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
  const { default: sql } = await import('../../index.ts')
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

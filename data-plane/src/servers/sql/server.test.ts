import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { chooseConnection } from './connection/open-connection.ts'
import { SqlSettings } from './connection/settings.ts'
import { parse } from './guard/parser/parse.ts'
import { inReadOnlyTransaction } from './postgres/session/transaction.ts'
import { closePoolsAndParser } from './server.ts'
import { aBank, failure } from './testing.ts'
import type { Bank } from './testing.ts'

vi.mock('node:child_process', { spy: true })
const parserProcesses = () => vi.mocked(fork).mock.results.map(({ value }) => value as ChildProcess)

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

const query = () => bank.call('execute_query', { query: 'select 1' })

async function sessionCount(): Promise<number | null> {
  const { rowCount } = await bank.owner.query('select from pg_stat_activity where usename = $1', [bank.role])
  return rowCount
}

test('closing ends the sessions at the database and the process of the parser', async () => {
  await query()
  expect(await sessionCount()).toBe(1)
  expect(parserProcesses()).toHaveLength(1)

  await closePoolsAndParser()
  expect(parserProcesses()[0]?.signalCode).toBe('SIGKILL')
  await expect.poll(sessionCount).toBe(0)
})

test('a call after closing opens a new session and a new parser', async () => {
  await closePoolsAndParser()
  const startedParsers = parserProcesses().length
  expect((await query()).structuredContent).toMatchObject({ rows: [[1]] })
  expect(parserProcesses()).toHaveLength(startedParsers + 1)
  expect(parserProcesses().at(-1)?.exitCode).toBeNull()
})

test('closing twice, or when nothing is open, does nothing', async () => {
  await closePoolsAndParser()
  await Promise.all([closePoolsAndParser(), closePoolsAndParser()])
})

test('a statement that waits for the parser fails when it is closed, and may be sent again', async () => {
  const waiting = ['select 1', 'select 2'].map((text) =>
    failure(parse(text, { caller: 'alice', signal: new AbortController().signal, timeoutMs: 15_000 })),
  )
  await closePoolsAndParser()
  for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ code: 'upstream_down', retryable: true })
})

test('closing waits for the transactions that still run, also those of a pool that was replaced', async () => {
  const work = async (description: string) => {
    const context = bank.context({ settings: { description } })
    const connection = chooseConnection({ ...context, settings: SqlSettings.parse(context.settings) }, undefined)
    const entered = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const transaction = inReadOnlyTransaction(connection, async (client) => {
      entered.resolve()
      await leave.promise
      return client.query('select 1')
    })
    await entered.promise
    return { leave: leave.resolve, transaction }
  }
  const [older, newer] = [await work('before'), await work('after')]
  let isClosed = false
  const closing = closePoolsAndParser().then(() => (isClosed = true))

  newer.leave()
  await newer.transaction
  await expect.poll(sessionCount).toBe(1)
  expect(isClosed).toBe(false)

  older.leave()
  expect((await older.transaction).rowCount).toBe(1)
  await closing
  await expect.poll(sessionCount).toBe(0)
})

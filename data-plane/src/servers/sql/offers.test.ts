import { afterAll, beforeAll, expect, test } from 'vitest'
import { asked } from '../../upstream/mounted/testing.ts'
import server from './index.ts'
import { aBank, leaks } from './testing.ts'
import type { Bank } from './testing.ts'

let bank: Bank
beforeAll(async () => void (bank = await aBank()))
afterAll(() => bank[Symbol.asyncDispose]())

/** The bank, and the name of its one connection. */
function open(rules = bank.context()) {
  const [connection = ''] = Object.keys((rules.settings as { connections: object }).connections)
  return { connection, ...asked(server, rules) }
}

const read = async ({ ask }: ReturnType<typeof open>, uri: string) => {
  const [content] = (await ask('resources/read', { uri }))['contents'] as { text: string; mimeType: string }[]
  return content?.text ?? ''
}

test('the schema resource lists only tables the person may read', async () => {
  const sql = open()
  const text = await read(sql, `sql://${sql.connection}/schema`)
  expect(text).toContain('public.customers (table, ~3 rows): People with an account')
  expect(text).not.toMatch(/salaries|hr\.staff/)
})

test('the table resource omits a hidden column and marks a masked one, as describe_table does', async () => {
  const sql = open()
  const text = await read(sql, `sql://${sql.connection}/table/public.customers`)
  expect(text).toContain('name text not null')
  expect(text).toMatch(/national_id text MASKED/)
  expect(text).not.toContain('phone')
  expect(leaks(text)).toEqual([])
})

test('a closed table fails like one that does not exist, and a closed connection like an unknown resource', async () => {
  const sql = open()
  const refusal = async (uri: string, name: string) => {
    const error: unknown = await read(sql, uri).catch((cause: unknown) => cause)
    return String(error).replaceAll(name, '@')
  }
  const table = (name: string) => refusal(`sql://${sql.connection}/table/public.${name}`, name)
  expect(await table('salaries')).toBe(await table('nothing'))
  const shut = asked(server, bank.context({ rules: undefined }))
  await expect(shut.ask('resources/read', { uri: `sql://${sql.connection}/schema` })).rejects.toMatchObject({ code: -32602 })
})

test('completion suggests connections, schemas and tables the person may read', async () => {
  const { ask, connection } = open()
  const complete = async (name: string, value: string, given: object) => {
    const ref = { type: 'ref/resource', uri: 'sql://{connection}/table/{schema}.{table}' }
    const { completion } = await ask('completion/complete', { ref, argument: { name, value }, context: { arguments: given } })
    return (completion as { values: string[] }).values
  }
  expect(await complete('connection', 'read', {})).toEqual([connection])
  expect(await complete('schema', '', { connection })).toEqual(['public'])
  expect(await complete('table', 'ac', { connection, schema: 'public' })).toEqual(['accounts'])
  expect(await complete('table', 'sal', { connection, schema: 'public' })).toEqual([])
  expect(await complete('table', 'ac', {})).toEqual([])
})

test('answer_with_sql lists the tables the person may read, and completes the connection', async () => {
  const { ask, connection } = open()
  const { messages } = await ask('prompts/get', { name: 'answer_with_sql', arguments: { connection, question: 'Who is in London?' } })
  expect(JSON.stringify(messages)).toContain('Who is in London?')
  expect(JSON.stringify(messages)).toContain('public.accounts')
  expect(JSON.stringify(messages)).not.toContain('salaries')
  const ref = { type: 'ref/prompt', name: 'answer_with_sql' }
  const { completion } = await ask('completion/complete', { ref, argument: { name: 'connection', value: '' } })
  expect(completion).toMatchObject({ values: [connection] })
})

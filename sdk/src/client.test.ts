import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { ApiFailure, createClient } from './client.ts'
import { api, API_ERRORS } from './contract/api.ts'
import { Refusal, silentServer, standIn } from './testing.ts'

const grant = { group: 'analysts', server: 'sql', level: 'read' } as const
const id = '01890000-0000-7000-8000-000000000001'

const failureOf = async (call: Promise<unknown>): Promise<ApiFailure> => {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error instanceof ApiFailure) return error
  throw new Error(`not an ApiFailure: ${String(error)}`)
}

test('every operation of the contract is a method of the client', () => {
  const client = createClient({ url: 'http://127.0.0.1', token: 't' })
  const called = Object.entries(client).map(([group, calls]) => [group, Object.keys(calls)])
  expect(called).toEqual(Object.entries(api).map(([group, operations]) => [group, Object.keys(operations)]))
})

test('a query and a mutation travel over the real tRPC wire, with the bearer token', async () => {
  const seen: unknown[] = []
  await using server = await standIn({
    grants: {
      create(input, bearer) {
        seen.push([input, bearer])
        return { id, ...input }
      },
      list: ({ server, first }) => ({ items: [{ id, ...grant, server: server ?? '' }], next: String(first) }),
    },
  })
  const client = createClient({ url: `${server.url}/`, token: async () => 'fresh' })

  expect(await client.grants.create(grant)).toEqual({ id, ...grant })
  expect(await client.grants.list({ server: 'sql', first: 7 })).toEqual({ items: [{ id, ...grant }], next: '7' })
  expect(seen).toEqual([[grant, 'fresh']])
})

test('an operation without required input is called without any', async () => {
  await using server = await standIn({ settings: { get: () => ({}) } })
  const settings = await createClient({ url: server.url, token: 't' }).settings.get()
  expect(settings.truncateChars).toBe(100_000)
})

test('a query that is too long for a URL is posted', async () => {
  await using server = await standIn({ policy: { plan: ({ file }) => ({ edits: Object.keys(file.groups ?? {}), people: [] }) } })
  const groups = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`group-${at}`, { members: ['alice'] }]))
  const { edits } = await createClient({ url: server.url, token: 't' }).policy.plan({ file: { groups } })
  expect(edits).toHaveLength(2000)
})

test.for(API_ERRORS)('a refusal arrives with its code: %s', async (code) => {
  await using server = await standIn({
    policy: {
      export() {
        throw new Refusal(code, 'because')
      },
    },
  })
  const failure = await failureOf(createClient({ url: server.url, token: 't' }).policy.export())
  expect([failure.code, failure.message]).toEqual([code, 'because'])
})

test('members that a newer gateway adds are left out, and the rest is checked as ever', async () => {
  const group = { handle: 'analysts', title: null, members: ['alice'] }
  await using server = await standIn({
    groups: {
      list: () => ({ items: [{ ...group, colour: 'red', nested: { a: 1 } }], next: null, more: true }),
      delete: () => ({ revision: 1.5, more: 1 }),
    },
  })
  const client = createClient({ url: server.url, token: 't' })
  expect(await client.groups.list({})).toMatchObject({ items: [group] })
  expect((await failureOf(client.groups.delete({ handle: 'analysts' }))).message).toContain('revision')
})

test('an answer that breaks the contract is a failure that names the place', async () => {
  await using server = await standIn({ groups: { delete: () => ({ revision: 1.5 }) } })
  const failure = await failureOf(createClient({ url: server.url, token: 't' }).groups.delete({ handle: 'analysts' }))
  expect(failure.code).toBe('internal')
  expect(failure.message).toContain('revision')
})

test('a server that is no gateway, and one that does not answer, give one sentence each', async () => {
  const other = createServer((_, res) => res.writeHead(502).end('<html>'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const client = createClient({ url: `http://127.0.0.1:${(other.address() as AddressInfo).port}`, token: 't' })

  const stranger = await failureOf(client.settings.get())
  expect([stranger.code, stranger.httpStatus]).toEqual(['unavailable', 502])

  other.closeAllConnections()
  await new Promise((resolve) => other.close(resolve))
  const nobody = await failureOf(client.settings.get())
  expect(nobody.code).toBe('unavailable')
  expect(nobody.message).toContain('does not answer')
})

test.for([
  ['says nothing', ''],
  ['begins an answer and does not end it', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'],
] as const)('a gateway that takes a request and %s is given up', async ([, beginning]) => {
  await using silent = await silentServer(beginning)
  const client = createClient({ url: silent.url, token: 't', timeoutMs: { query: 50, mutation: 60 } })
  const read = await failureOf(client.settings.get())
  expect([read.code, read.message]).toEqual([
    'unavailable',
    `The gateway at ${silent.url} has not answered for 0.05 s: its control plane hangs or has too much to do. Look at its log, and try again.`,
  ])
  const change = await failureOf(client.groups.delete({ handle: 'analysts' }))
  expect(change.message).toContain('has not answered for 0.06 s')
  expect(change.message).toContain('The change may be made all the same')
})

test('a wrong input does not compile', () => {
  const client = createClient({ url: 'http://127.0.0.1', token: 't' })
  // @ts-expect-error: a level that does not exist
  const wrong = () => client.grants.create({ group: 'analysts', server: 'sql', level: 'admin' })
  // @ts-expect-error: explain needs a question
  const empty = () => client.policy.explain()
  expect([wrong, empty]).toHaveLength(2)
})

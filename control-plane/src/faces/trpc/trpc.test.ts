import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createClient } from '@bir/sdk'
import { expect, test } from 'vitest'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { operations } from '../operations.ts'
import { procedures } from '../../base/perform.ts'
import { aControlPlane } from '../../testing.ts'
import { routerOf, trpcHandler } from './trpc.ts'

/** The handler in a real server on a free port. The bearer token `admin` gets `ctx`; other tokens are refused. */
async function serving(ctx: Ctx) {
  const reported: unknown[] = []
  const ctxOf = async ({ headers }: IncomingMessage) => {
    if (headers.authorization === 'Bearer admin') return ctx
    throw new ApiError('unauthenticated', 'Sign in and try again.')
  }
  const server = createServer(trpcHandler(operations, { ctxOf, report: (error) => void reported.push(error) }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const stop = () => new Promise<void>((resolve) => void server.close(() => resolve()))
  return { url, reported, [Symbol.asyncDispose]: stop }
}

test('every operation of the contract is a query or a mutation', () => {
  const made = routerOf(operations)._def.procedures as unknown as Record<string, { _def: { type: string } }>
  expect(Object.entries(made).map(([path, { _def }]) => `${_def.type} ${path}`)).toEqual(
    procedures.map(({ kind, path }) => `${kind} ${path}`),
  )
})

test('the client of the SDK can read and write', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const client = createClient({ url: served.url, token: 'admin' })
  const alice = await client.users.put({ handle: 'alice', provider: 'demo', subject: '1' })
  await client.servers.put({ id: 'sql', kind: 'mounted' })
  await client.grants.create({ user: 'alice', server: 'sql', level: 'read' })
  expect((await client.users.list({})).items).toEqual([alice])
  expect(await client.policy.explain({ user: 'alice', server: 'sql', tool: 'drop_table' })).toMatchObject({ reason: 'level-too-low' })
})

test('a query that is too long for a URL is sent as POST', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const client = createClient({ url: served.url, token: 'admin' })
  expect(await client.users.list({ search: 'x'.repeat(10_000) })).toEqual({ items: [], next: null })
})

test.for([
  ['GET', '/trpc/users.get?input=%7B%22handle%22%3A%22mallory%22%7D', 404, 'not_found', 'There is no person mallory.'],
  ['GET', '/trpc/users.get?input=%7B%7D', 400, 'invalid_input', expect.stringContaining('handle')],
  ['GET', '/trpc/users.get?input=%7B', 400, 'invalid_input', expect.any(String)],
  ['GET', '/trpc/users.absent', 404, 'not_found', expect.any(String)],
  ['GET', '/trpc/users.put?input=%7B%7D', 405, 'invalid_input', expect.any(String)],
] as const)('%s %s answers %i with %s', async ([method, path, status, code, message]) => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const response = await fetch(served.url + path, { method, headers: { authorization: 'Bearer admin' } })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error: { message, data: { code, httpStatus: status } } })
})

test('an unauthenticated caller gets only that error', async () => {
  await using it = await aControlPlane()
  await using served = await serving(it.ctx)
  const response = await fetch(`${served.url}/trpc/users.list`, { headers: { authorization: 'Bearer other' } })
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ error: { data: { code: 'unauthenticated' } } })
  expect(served.reported).toEqual([])
})

test('an internal error is reported in full, and the response does not show it', async () => {
  await using it = await aControlPlane()
  await using served = await serving({ ...it.ctx, db: undefined as never })
  const response = await fetch(`${served.url}/trpc/users.list`, { headers: { authorization: 'Bearer admin' } })
  const body = await response.text()
  expect(response.status).toBe(500)
  expect(JSON.parse(body)).toMatchObject({ error: { data: { code: 'internal' } } })
  expect(body).not.toMatch(/undefined|TypeError|stack|\.ts/)
  expect(served.reported).toEqual([expect.any(TypeError)])
})

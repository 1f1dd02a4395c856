import { connect as connectTo, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { connect } from '@bir/db'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { aPlane, aRunningControlPlane, MCP_URL } from './testing.ts'
import type { TestControlPlane } from './testing.ts'

/** Takes the database away: it cuts all connections and lets nobody in. Resolves with what brings it back. */
async function takeDatabaseAway(control: TestControlPlane): Promise<() => Promise<void>> {
  const url = new URL(control.databaseUrl)
  const name = url.pathname.slice(1)
  url.pathname = '/postgres'
  const admin = connect(url.href)
  await sql.raw(`alter database ${name} with allow_connections false`).execute(admin)
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`.execute(admin)
  return async () => {
    await sql.raw(`alter database ${name} with allow_connections true`).execute(admin)
    await admin.destroy()
  }
}

const healthOf = async (control: TestControlPlane) => {
  const answer = await control.get('/health')
  return { status: answer.status, body: (await answer.json()) as unknown }
}

test('without its database the control plane says so in its health, and every answer calls it an outage', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  await control.client().users.put({ handle: 'alice', provider: 'demo', subject: 'alice' })
  const bringBack = await takeDatabaseAway(control)
  const away = { status: 503, body: { status: 'unavailable', why: 'The database cannot be reached.' } }
  await expect.poll(() => healthOf(control), { timeout: 20_000 }).toEqual(away)

  const outage = expect.stringContaining('cannot reach its database')
  await expect(control.client().users.list({})).rejects.toMatchObject({ code: 'unavailable', httpStatus: 503, message: outage })
  const graphql = await control.get('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await control.assertion()}` },
    body: '{"query":"{ planes { items { name } } }"}',
  })
  expect([graphql.status, await graphql.json()]).toEqual([503, { errors: [{ message: outage, extensions: { code: 'unavailable' } }] }])
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: await control.assertion({ person: 'alice' }),
    resource: `${MCP_URL}/mcp`,
  }
  const token = await control.token(form)
  expect([token.status, await token.json()]).toEqual([503, { error: 'temporarily_unavailable', error_description: outage }])
  const poll = await plane.get('/snapshot?have=0')
  expect([poll.status, poll.headers.get('retry-after')]).toEqual([503, '2'])

  await bringBack()
  await expect.poll(async () => (await healthOf(control)).status, { timeout: 20_000 }).toBe(200)
  expect(await control.client().users.list({})).toMatchObject({ items: [{ handle: 'alice' }] })
})

/** A way to the database that can hang: then it takes connections and passes nothing on, as a stopped process does. */
async function aWayThatHangs(databaseUrl: string) {
  const to = new URL(databaseUrl)
  const folder = to.searchParams.get('host')
  const port = Number(to.port || 5432)
  const sockets = new Set<Socket>()
  let isHanging = false
  const server = createServer((from) => {
    const target = folder === null ? connectTo(port, to.hostname) : connectTo(`${folder}/.s.PGSQL.${port}`)
    for (const [one, other] of [
      [from, target],
      [target, from],
    ] as const) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => other.destroy())
      one.pipe(other)
      if (isHanging) one.pause()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.searchParams.delete('host')
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    hang(hangs: boolean) {
      isHanging = hangs
      for (const socket of sockets) if (hangs) socket.pause()
      for (const socket of sockets) if (!hangs) socket.resume()
    },
    close: () => server.close(),
  }
}

test('while the database hangs, requests that wait and those that come are answered 503, and all goes on after it', async () => {
  await using control = await aRunningControlPlane()
  const plane = await aPlane(control)
  const way = await aWayThatHangs(control.databaseUrl)
  await control.restart(async () => ({ databaseUrl: way.url }))
  await control.client().users.put({ handle: 'alice', provider: 'demo', subject: 'alice' })
  await control.client().policy.apply({ file: { clients: { metadataDocuments: 'off' } } })
  const metadata = async () => {
    const answer = await control.get('/.well-known/oauth-authorization-server')
    return { status: answer.status, body: (await answer.json()) as unknown }
  }
  const known = await metadata()
  expect(known).toMatchObject({ status: 200, body: { client_id_metadata_document_supported: false } })
  way.hang(true)

  const begun = { code: 'unavailable', httpStatus: 503, message: expect.stringContaining('Whether a change was made is not known') }
  await expect(control.client().users.list({})).rejects.toMatchObject(begun)
  const outage = expect.stringContaining('cannot reach its database')
  await expect(control.client().users.list({})).rejects.toMatchObject({ code: 'unavailable', httpStatus: 503, message: outage })
  const assertion = await control.assertion({ person: 'alice' })
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
  const token = await control.token({ grant_type, assertion, resource: `${MCP_URL}/mcp` })
  expect([token.status, await token.json()]).toEqual([503, { error: 'temporarily_unavailable', error_description: outage }])
  for (const path of ['/snapshot?have=0&wait=20', '/planes']) expect((await plane.get(path)).status).toBe(503)
  expect((await healthOf(control)).status).toBe(503)
  expect(await metadata()).toEqual(known)

  way.hang(false)
  await expect.poll(async () => (await healthOf(control)).status, { timeout: 20_000 }).toBe(200)
  expect(await control.client().users.list({})).toMatchObject({ items: [{ handle: 'alice' }] })
  way.close()
})

test('a control plane that stops says so first, answers on, and then closes its port', async () => {
  await using control = await aRunningControlPlane()
  const another = await control.start({ stopDelayMs: 3_000 })
  const closing = another.close()
  const health = await fetch(`${another.url}/health`)
  expect([health.status, await health.json()]).toEqual([503, { status: 'stopping' }])
  const answer = await fetch(`${another.url}/.well-known/oauth-authorization-server`)
  expect([answer.status, answer.headers.get('connection')]).toEqual([200, 'close'])
  await closing
  await expect(fetch(`${another.url}/health`)).rejects.toThrow()
})

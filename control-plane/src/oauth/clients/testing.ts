import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { testDb } from '@bir/db/testing'
import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { noProxies } from '@bir/sdk/proxies'
import { openClients } from './authentication/open-clients.ts'

export const ISSUER = 'https://gateway.example'

/** The clients of a gateway with a database of its own. */
export async function clientsOfAGateway() {
  const { db, drop } = await testDb()
  const addressOf = ({ headers }: IncomingMessage) => String(headers['x-test-address'] ?? '192.0.2.1')
  const open = () => {
    const { findClient, authenticateClient } = openClients({ db, issuer: ISSUER, proxyFor: noProxies, addressOf })
    return { authenticateClient, findClient: (clientId: string, address = '192.0.2.1') => findClient(clientId, address) }
  }
  const clients = open()
  return {
    db,
    ...clients,
    /** Another replica with the same database. */
    open,
    async policy(section: NonNullable<PolicyFile['clients']>) {
      const row = { value: JSON.stringify(section) }
      await db
        .insertInto('policy_sections')
        .values({ name: 'clients', ...row })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
        .execute()
    },
    /** Authenticates a request with this form and these headers. */
    authenticate: (form: Record<string, string> | URLSearchParams, headers: Record<string, string> = {}) =>
      clients.authenticateClient(new URLSearchParams(form), { headers } as unknown as IncomingMessage),
    [Symbol.asyncDispose]: drop,
  }
}

/** A web site whose answers a test chooses. It keeps the requests. */
export async function aSite(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const sendJson = (response: ServerResponse, body: unknown, headers: Record<string, string> = {}) =>
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))

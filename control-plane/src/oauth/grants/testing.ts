import { aRunningControlPlane, ISSUER, MCP_URL } from '../../internal/testing.ts'
import { aProvider, asked, exchange } from '../../tokens/testing.ts'
import { createStoredClient } from '../clients/stored-client.ts'

export const mcpUrl = `${MCP_URL}/mcp`
export const apiUrl = `${ISSUER}/api`
export const accessType = 'urn:ietf:params:oauth:token-type:access_token'

export interface TestClient {
  id: string
  secret: string
}

/** A control plane whose policy names an identity provider and the service account ci, with clients of every kind. */
export async function aGateway({ idJag = true } = {}) {
  const idp = await aProvider()
  const control = await aRunningControlPlane()
  const client = control.client()
  await client.policy.apply({
    file: {
      servers: { debug: { kind: 'mounted' }, charts: { kind: 'mounted' } },
      serviceAccounts: { ci: { administrator: true } },
      providers: { demo: { issuer: idp.issuer, clientId: 'bir', idJag } },
    },
  })

  async function aClient(kind: 'service' | 'administered', account?: string): Promise<TestClient> {
    const metadata = {
      client_name: kind,
      redirect_uris: [],
      grant_types: ['client_credentials'],
      response_types: [],
      token_endpoint_auth_method: 'client_secret_basic' as const,
      application_type: 'web' as const,
    }
    const userId = account === undefined ? undefined : (await client.users.get({ handle: account })).id
    const { row, secret = '' } = await createStoredClient(control.db, { kind, metadata, userId, madeBy: 'test' })
    return { id: row.client_id, secret }
  }

  /** What the token endpoint answers to this form of this client. */
  function ask(form: Record<string, string>, by?: TestClient) {
    const authorization = `Basic ${Buffer.from(`${by?.id}:${by?.secret}`).toString('base64')}`
    return asked(control, form, by ? { headers: { authorization } } : {})
  }
  /** The same, of the client that the tokens of the people here were issued to. */
  const askBir = (form: Record<string, string>) => ask({ client_id: 'bir', ...form })
  const alice = async () => (await ask(exchange(await idp.sign()))).body.access_token
  const bob = async () =>
    (await ask(exchange(await idp.sign({ claims: { sub: 'b', preferred_username: 'bob', email: 'b@bank.example' } })))).body.access_token
  const lastRecord = async () => {
    const { items } = await client.audit.search({ kind: 'change', first: 1 })
    return { actor: items[0]?.actor, args: items[0]?.args }
  }

  const dispose = async () => {
    await control[Symbol.asyncDispose]()
    await idp[Symbol.asyncDispose]()
  }
  return { idp, control, client, aClient, ask, askBir, alice, bob, lastRecord, [Symbol.asyncDispose]: dispose }
}

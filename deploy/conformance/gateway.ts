import { createClient } from '@bir/sdk'
import { bootGateway } from '../e2e/boot-gateway.ts'

/** A gateway that has servers behind it, and a person who may use all of them. */
export interface TestedGateway extends AsyncDisposable {
  /** The endpoint of one server, names and URIs untouched. */
  url(server: string): URL
  token: string
  /** The origin that its own pages have. */
  origin: string
}

/** URLs of MCP servers by the id they get. */
export type Remotes = Record<string, string>

const person = 'alice'

/** The composed product, told of the servers as an administrator would. */
export async function startGateway(remotes: Remotes): Promise<TestedGateway> {
  const gateway = await bootGateway()
  try {
    const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
    const { servers = {}, grants = [] } = await client.policy.export()
    const added = Object.entries(remotes).map(([id, url]) => [id, { kind: 'remote' as const, url, title: `Fixture ${id}` }] as const)
    await client.policy.apply({
      file: {
        servers: { ...servers, ...Object.fromEntries(added) },
        grants: [...grants, ...added.map(([server]) => ({ user: person, server, level: 'destroy' as const }))],
      },
    })
    return {
      url: (server) => new URL(`${gateway.endpoints.mcp}/${server}`),
      token: await gateway.token(person),
      origin: new URL(gateway.endpoints.mcp).origin,
      [Symbol.asyncDispose]: () => gateway.stop(),
    }
  } catch (error) {
    await gateway.stop()
    throw error
  }
}

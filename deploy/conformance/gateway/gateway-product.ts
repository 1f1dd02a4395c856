import { createClient } from '@bir/sdk'
import type { MountedServer } from '@bir/data-plane/server-kit/define'
import { bootGateway } from '../../testing/boot-gateway.ts'
import type { Remotes, TestedGateway } from './tested-gateway.ts'

const person = 'alice'

/** Starts the whole gateway, and registers the servers through its API. */
export async function productGateway(remotes: Remotes, mounted: MountedServer[]): Promise<TestedGateway> {
  if (mounted.length > 0) throw new Error('The product mounts its own servers and no others.')
  const gateway = await bootGateway()
  try {
    const client = createClient({ url: gateway.endpoints.control, token: () => gateway.operatorToken() })
    const { servers = {}, grants = [] } = await client.policy.export()
    const added = Object.entries(remotes).map(([id, { url }]) => [id, { kind: 'remote' as const, url, title: `Fixture ${id}` }] as const)
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
      faults: () => [],
      [Symbol.asyncDispose]: () => gateway.stop(),
    }
  } catch (error) {
    await gateway.stop()
    throw error
  }
}

import type { MountedServer } from '@bir/data-plane/server-kit/define'
import { PUBLIC_URL, testPlane } from '@bir/data-plane/testing'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { RemoteEntry } from '@bir/sdk/contract/snapshot'
import type { Remotes, TestedGateway } from './tested-gateway.ts'

/** The suite makes all its calls as one person, as fast as it can. */
const settings = { ratePerSecond: 10_000, rateBurst: 10_000 }

/** Starts the real data plane in this process, with a policy that the test makes. */
export async function planeGateway(remotes: Remotes, mounted: MountedServer[]): Promise<TestedGateway> {
  const entries = Object.entries(remotes).map(([id, remote]) => [id, entryOf(remote)] as const)
  const serverIds = [...Object.keys(remotes), ...mounted.map(({ id }) => id)]
  const grants = Object.fromEntries(serverIds.map((id) => [id, { user: [{ level: 'destroy' as const }] }]))
  const plane = await testPlane({ grants, settings }, mounted, Object.fromEntries(entries))
  return {
    url: (server) => new URL(`${plane.url}/mcp/${server}`),
    token: await plane.token(),
    origin: new URL(PUBLIC_URL).origin,
    faults: () => plane.records().flatMap(({ header }) => faultOf(header)),
    [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose](),
  }
}

const faultOf = ({ method, tool, reason, detail }: AuditRecord['header']) =>
  reason === 'internal' ? [`${method} ${tool ?? ''}: ${detail}`] : []

const entryOf = ({ url, tools }: Remotes[string]): RemoteEntry => ({
  kind: 'remote',
  title: 'Conformance fixture',
  remote: RemoteSettings.parse({ url }),
  tools: Object.fromEntries(tools.map((name) => [name, { level: 'read' }])),
})

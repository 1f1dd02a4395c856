import { RemoteSettings } from '@bir/sdk/contract/remote'
import type { RemoteEntry, ServerGrants } from '@bir/sdk/contract/snapshot'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js'
import { testPlane } from './plane.ts'
import type { TestPlane } from './plane.ts'

type Era = 'legacy' | 'sse' | '2026-07-28'

/** A remote server as the policy has it; its tools are for readers. */
export const aRemoteEntry = (url: string, era: Era, tools: readonly string[]): RemoteEntry => ({
  kind: 'remote',
  title: 'Things',
  remote: RemoteSettings.parse({ url, era }),
  tools: Object.fromEntries(tools.map((name) => [name, { level: 'read' as const }])),
})

/** A plane before remote servers that alice may use, unless told otherwise. */
export function planeBefore(remotes: Record<string, RemoteEntry>, grants?: Record<string, ServerGrants>): Promise<TestPlane> {
  const all = Object.fromEntries(Object.keys(remotes).map((id) => [id, { user: [{ level: 'destroy' as const }] }]))
  return testPlane({ grants: grants ?? all }, [], remotes)
}

export interface LegacySide extends AsyncDisposable {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
}

/**
 * The official client of the legacy eras at an endpoint of the plane. `handle` sets its handlers before it connects.
 */
export async function legacyClient(
  plane: TestPlane,
  path: string,
  capabilities: ClientCapabilities = {},
  handle: (client: Client) => void = () => undefined,
): Promise<LegacySide> {
  const client = new Client({ name: 'old', version: '1' }, { capabilities })
  handle(client)
  const headers = { Authorization: `Bearer ${await plane.token()}` }
  const transport = new StreamableHTTPClientTransport(new URL(plane.url + path), { requestInit: { headers } })
  await client.connect(transport)
  return { client, transport, [Symbol.asyncDispose]: () => client.close() }
}

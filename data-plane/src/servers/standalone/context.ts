import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import { plainHealth } from '../../upstream/upstream.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import type { GatewayView } from '../../server-kit/gateway-view.ts'

export interface Alone {
  readonly server: MountedServer
  readonly settings: object
  readSecret(ref: SecretRef): Promise<string>
}

/** No policy stands in front: whoever can reach the server may do all that it can. */
const everyTable: TableRules = { allow: ['*.*'], deny: [], hide: {}, mask: {} }

/** The context of a call to a server that runs by itself. */
export const aloneContext = (alone: Alone, signal: AbortSignal): CallContext => ({
  caller: { id: 'standalone', handle: 'standalone', groups: [] },
  level: 'destroy',
  settings: alone.settings,
  secret: undefined,
  signal,
  tables: () => everyTable,
  readSecret: (ref) => alone.readSecret(ref),
  gateway: aloneView(alone),
})

/** All there is to see is the server itself. */
const aloneView = (alone: Alone): GatewayView => ({
  authentication: { client: 'standalone', actor: undefined, tokenId: '', expiresAtMs: 0, sessionId: undefined },
  revision: 0,
  limits: { ratePerSecond: 0, rateBurst: 0, truncateChars: 0, callTimeoutMs: 0 },
  servers: () => [
    {
      id: alone.server.id,
      title: alone.server.title,
      tools: toolsOf(alone.server),
      health: plainHealth('up', 'mounted'),
    },
  ],
  calls: () => [],
  check: (_server, signal) => alone.server.check(aloneContext(alone, signal)),
})

const toolsOf = ({ tools }: MountedServer) =>
  [...tools.values()].map(({ name, description, level, entry }) => ({
    name,
    description,
    needs: level,
    level: 'destroy' as const,
    inputSchema: entry.inputSchema,
  }))

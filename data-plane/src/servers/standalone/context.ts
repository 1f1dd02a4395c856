import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { TableRules } from '@bir/sdk/contract/tables'
import { plainHealth } from '../../upstream/upstream.ts'
import type { CallContext } from '../../server-kit/context.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import type { GatewayView } from '../../server-kit/gateway-view.ts'

/** A server that runs by itself, without a gateway in front. */
export interface StandaloneSetup {
  readonly server: MountedServer
  readonly settings: object
  readSecret(ref: SecretRef): Promise<string>
  /** The secret that the server needs, by field; absent where it needs none. */
  readonly secret?: SecretFields | undefined
}

/** No policy limits a standalone server: whoever can reach it may use all of it. */
const everyTable: TableRules = { allow: ['*.*'], deny: [], hide: {}, mask: {} }

/** The context of a call to a standalone server. */
export const standaloneContext = (setup: StandaloneSetup, signal: AbortSignal): CallContext => ({
  caller: { id: 'standalone', handle: 'standalone', groups: [] },
  level: 'destroy',
  settings: setup.settings,
  secret: setup.secret,
  signal,
  tables: () => everyTable,
  readSecret: (ref) => setup.readSecret(ref),
  gateway: standaloneView(setup),
})

/** A gateway with this one server. */
const standaloneView = (setup: StandaloneSetup): GatewayView => ({
  authentication: { client: 'standalone', actor: undefined, tokenId: '', expiresAtMs: 0, sessionId: undefined },
  revision: 0,
  limits: { ratePerSecond: 0, rateBurst: 0, callsAtOnce: 0, streamsAtOnce: 0, truncateChars: 0, callTimeoutMs: 0 },
  servers: () => [
    {
      id: setup.server.id,
      title: setup.server.title,
      tools: toolsOf(setup.server),
      health: plainHealth('up', 'mounted'),
    },
  ],
  calls: () => [],
  check: (_server, signal) => setup.server.check(standaloneContext(setup, signal)),
})

const toolsOf = ({ tools }: MountedServer) =>
  [...tools.values()].map(({ name, description, level, entry }) => ({
    name,
    description,
    needs: level,
    level: 'destroy' as const,
    inputSchema: entry.inputSchema,
  }))

import { randomBytes } from 'node:crypto'
import { ToolError } from '@bir/sdk/contract/errors'
import { CLIENT_CAPABILITIES_META_KEY, ProtocolError, Server } from '@modelcontextprotocol/server'
import type { McpRequestContext, ServerContext } from '@modelcontextprotocol/server'
import { Sealer } from '../../runtime/sealer.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { MountedUpstream } from '../../upstream/mounted/mounted-upstream.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamRequest } from '../../upstream/upstream.ts'
import { errorAnswer } from '../../protocol/tool-answer.ts'
import { aloneContext } from './context.ts'
import type { Alone } from './context.ts'
import type { Notification } from '../../protocol/notification.ts'

export type { Alone } from './context.ts'

const internalError = -32603

const methods = {
  tools: ['tools/list', 'tools/call'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  prompts: ['prompts/list', 'prompts/get'],
  completions: ['completion/complete'],
} as const

/** Makes the SDK's server for one connection, or one request, from the declarations that the gateway mounts. */
export function standaloneFactory(alone: Alone, onFault: (error: unknown) => void) {
  const sealer = new Sealer()
  sealer.use([{ kid: 'standalone', key: randomBytes(32) }])
  const upstream = new MountedUpstream(alone.server, sealer)

  return async function makeServer(connection: McpRequestContext): Promise<Server> {
    const { capabilities, serverInfo } = await upstream.describe()
    const { id, title } = alone.server
    const server = new Server({ name: id, title, version: String(serverInfo?.['version']) }, { capabilities })
    const offered = Object.entries(methods).flatMap(([capability, names]) => (capability in capabilities ? names : []))
    for (const method of offered) {
      server.setRequestHandler(method, async (request, ctx) => {
        const asked = askedOf(alone, server, method, { ...request.params }, ctx)
        // The SDK checks the result again, against the era's own schema.
        return (await answered(upstream, asked, onFault)) as never
      })
    }
    tellOfChanges(server, alone, connection)
    return server
  }
}

async function answered(upstream: MountedUpstream, request: UpstreamRequest, onFault: (error: unknown) => void): Promise<object> {
  try {
    return (await upstream.request(request)).value
  } catch (error) {
    if (error instanceof ToolError) return errorAnswer(error)
    if (error instanceof UpstreamRpcError) throw new ProtocolError(error.code, error.message, error.data)
    onFault(error)
    throw new ProtocolError(internalError, error instanceof UpstreamFault ? error.publicMessage : 'Internal error')
  }
}

function askedOf(
  alone: Alone,
  server: Server,
  method: string,
  params: Record<string, unknown>,
  { mcpReq }: ServerContext,
): UpstreamRequest {
  const { inputResponses, signal } = mcpReq
  const requestState: unknown = mcpReq.requestState()
  const envelope = mcpReq.envelope as Record<string, object> | undefined
  const capabilities = envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.getClientCapabilities() ?? {}
  return {
    person: 'standalone',
    session: undefined,
    // The SDK knows in both eras which severity the client wants: every message is handed to it.
    client: { capabilities: { ...capabilities }, info: undefined, logLevel: 'debug' },
    method,
    params: { ...params, ...(inputResponses && { inputResponses }), ...(requestState !== undefined && { requestState }) },
    onNotification: (notification) => told(mcpReq, notification),
    cancel: new Cancel(),
    context: aloneContext(alone, signal),
  }
}

function told(mcpReq: ServerContext['mcpReq'], { method, params = {} }: Notification): Promise<void> {
  if (method !== 'notifications/message') return mcpReq.notify({ method, params })
  const { level, data, logger } = params
  return mcpReq.log(level as 'info', data, logger as string | undefined)
}

/**
 * Tells a connection of changes. A legacy client hears of the resources it subscribed to; for a modern one the SDK sorts out who
 * listens to what. Over HTTP a server lives for one request, and the endpoint tells instead.
 */
function tellOfChanges(server: Server, { server: { changes, emits } }: Alone, { era, requestInfo }: McpRequestContext): void {
  const subscribed = new Set<string>()
  if (emits.includes('updates')) {
    server.setRequestHandler('resources/subscribe', async ({ params }) => {
      subscribed.add(params.uri)
      return {}
    })
    server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
      subscribed.delete(params.uri)
      return {}
    })
  }
  if (emits.length === 0 || requestInfo) return
  const wanted = ({ method, params }: Notification) =>
    era === 'modern' || method !== 'notifications/resources/updated' || subscribed.has(String(params?.['uri']))
  const stop = changes.listen((notification) => {
    if (wanted(notification)) server.notification(notification as never).catch(() => undefined) // the connection is going away
  })
  Object.assign(server, { onclose: stop })
}

import { randomBytes } from 'node:crypto'
import { ToolError } from '@bir/sdk/contract/errors'
import { CLIENT_CAPABILITIES_META_KEY, ProtocolError, Server } from '@modelcontextprotocol/server'
import type { McpRequestContext, ServerContext } from '@modelcontextprotocol/server'
import { Sealer } from '../../runtime/sealer.ts'
import { Cancel } from '../../runtime/cancellation.ts'
import { MountedUpstream } from '../../upstream/mounted/mounted-upstream.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamRequest } from '../../upstream/upstream.ts'
import { INTERNAL_ERROR } from '../../protocol/facts/rpc-codes.ts'
import { errorAnswer } from '../../protocol/tool-answer.ts'
import { standaloneContext } from './context.ts'
import type { StandaloneSetup } from './context.ts'
import type { Notification } from '../../protocol/notification.ts'

export type { StandaloneSetup } from './context.ts'

const methodsByCapability = {
  tools: ['tools/list', 'tools/call'],
  resources: ['resources/list', 'resources/templates/list', 'resources/read'],
  prompts: ['prompts/list', 'prompts/get'],
  completions: ['completion/complete'],
} as const

/** Makes an SDK server for each connection or request, out of the declaration that the gateway mounts. */
export function standaloneFactory(setup: StandaloneSetup, onFault: (error: unknown) => void) {
  const sealer = new Sealer()
  sealer.use([{ kid: 'standalone', key: randomBytes(32) }])
  const upstream = new MountedUpstream(setup.server, sealer)

  return async function makeServer(connection: McpRequestContext): Promise<Server> {
    const { capabilities, serverInfo } = await upstream.describe()
    const { id, title } = setup.server
    const server = new Server({ name: id, title, version: String(serverInfo?.['version']) }, { capabilities })
    const methods = Object.entries(methodsByCapability).flatMap(([capability, names]) => (capability in capabilities ? names : []))
    for (const method of methods) {
      server.setRequestHandler(method, async (request, ctx) => {
        const upstreamRequest = toUpstreamRequest(setup, server, method, { ...request.params }, ctx)
        // The SDK validates the result again, against the schema of the era.
        return (await answerRequest(upstream, upstreamRequest, onFault)) as never
      })
    }
    forwardChanges(server, setup, connection)
    return server
  }
}

async function answerRequest(upstream: MountedUpstream, request: UpstreamRequest, onFault: (error: unknown) => void): Promise<object> {
  try {
    return (await upstream.request(request)).value
  } catch (error) {
    if (error instanceof ToolError) return errorAnswer(error)
    if (error instanceof UpstreamRpcError) throw new ProtocolError(error.code, error.message, error.data)
    onFault(error)
    throw new ProtocolError(INTERNAL_ERROR, error instanceof UpstreamFault ? error.publicMessage : 'Internal error')
  }
}

function toUpstreamRequest(
  setup: StandaloneSetup,
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
    // Pass every log message to the SDK. It knows in both eras which severity the client asked for.
    client: { capabilities: { ...capabilities }, info: undefined, logLevel: 'debug' },
    method,
    params: { ...params, ...(inputResponses && { inputResponses }), ...(requestState !== undefined && { requestState }) },
    onNotification: (notification) => forwardNotification(mcpReq, notification),
    cancel: new Cancel(),
    context: standaloneContext(setup, signal),
  }
}

function forwardNotification(mcpReq: ServerContext['mcpReq'], { method, params = {} }: Notification): Promise<void> {
  if (method !== 'notifications/message') return mcpReq.notify({ method, params })
  const { level, data, logger } = params
  return mcpReq.log(level as 'info', data, logger as string | undefined)
}

/**
 * Forwards changes to a connection. A legacy client gets the updates of resources it subscribed to. For a modern
 * client the SDK decides who gets what. Over HTTP a server lives for one request only, so the endpoint forwards the
 * changes instead.
 */
function forwardChanges(server: Server, { server: { changes, emits } }: StandaloneSetup, { era, requestInfo }: McpRequestContext): void {
  const subscribedUris = new Set<string>()
  if (emits.includes('updates')) {
    server.setRequestHandler('resources/subscribe', async ({ params }) => {
      subscribedUris.add(params.uri)
      return {}
    })
    server.setRequestHandler('resources/unsubscribe', async ({ params }) => {
      subscribedUris.delete(params.uri)
      return {}
    })
  }
  if (emits.length === 0 || requestInfo) return
  const reachesClient = ({ method, params }: Notification) =>
    era === 'modern' || method !== 'notifications/resources/updated' || subscribedUris.has(String(params?.['uri']))
  const stop = changes.listen((notification) => {
    if (!reachesClient(notification)) return
    server.notification(notification as never).catch(() => undefined) // the connection is closing
  })
  Object.assign(server, { onclose: stop })
}

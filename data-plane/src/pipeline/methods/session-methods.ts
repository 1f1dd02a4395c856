import { decideServer } from '@bir/sdk/contract/decide-server'
import { GatewayError } from '@bir/sdk/contract/errors'
import { ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { isLevel } from '../../protocol/log-level.ts'
import { unawaited } from '../../runtime/awaitable.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer } from '../call/types.ts'
import type { Upstream } from '../../upstream/upstream.ts'
import { askerOf } from '../call/scope.ts'

type Call = Incoming & Audited & Authenticated & ResolvedServer & Authorised
type Needs = Pick<Ports, 'sessions' | 'upstream'>

/**
 * Legacy methods that change what a session remembers; the modern era has no sessions. On `/mcp` the log level is for
 * every server behind it.
 */
export const setLevel =
  ({ sessions, upstream }: Needs) =>
  async (call: Incoming & Authenticated): Promise<Cleared<object>> => {
    const { level } = call.params
    if (typeof level !== 'string' || !isLevel(level))
      throw new GatewayError('invalidParams', 'no such log level', { publicMessage: 'params.level is no log level.' })
    const { server } = call.endpoint
    if (server !== undefined) {
      const endpointServer = upstream(server)
      if (!endpointServer || !decideServer(call.policy, call.person, server, 'read', Date.now()).allow) throw without('logging')
      await mustHave(endpointServer, call, 'logging')
    }
    const state = sessions.of(sessionOf(call))
    state.logLevel = level
    unawaited(state.stream?.follow())
    return ownWords({})
  }

export const subscribe =
  ({ sessions }: Pick<Ports, 'sessions'>, wanted: boolean) =>
  async (call: Call): Promise<Cleared<object>> => {
    // In the client's terms: the stream of the session names the resource in the same terms.
    const { uri } = call.params
    if (typeof uri !== 'string' || uri.length > 8_192)
      throw new GatewayError('invalidParams', 'no uri', { publicMessage: 'params.uri is missing.' })
    await mustHave(call.upstream, call, 'resources', 'subscribe')
    const state = sessions.of(sessionOf(call))
    if (wanted && state.subscriptions.size >= 1_000)
      throw new GatewayError('invalidParams', 'too many subscriptions', { publicMessage: 'This session has too many subscriptions.' })
    if (wanted) state.subscriptions.add(uri)
    else state.subscriptions.delete(uri)
    // When the session has a stream, the server has been asked by now.
    const honoured = await state.stream?.follow()
    if (wanted && honoured && honoured.resourceSubscriptions?.includes(uri) !== true) {
      state.subscriptions.delete(uri)
      throw new GatewayError('invalidParams', 'the server does not honour the subscription', {
        publicMessage: 'The server does not tell of this resource.',
      })
    }
    return ownWords({})
  }

function sessionOf({ session, method }: Incoming): string {
  if (session) return session.id
  throw new GatewayError('unknownMethod', `${method} without a session`)
}

/** Refuses what the server cannot do, so that the request is not silently lost. */
async function mustHave(upstream: Upstream, call: Incoming & Authenticated, capability: string, part?: string): Promise<void> {
  const { capabilities } = await upstream.describe(askerOf(call))
  const has = capabilities[capability]
  const enough = part === undefined ? has : (has as Record<string, unknown> | undefined)?.[part]
  if (enough === undefined || enough === false) throw without(capability)
}

const without = (capability: string) => new GatewayError('unknownMethod', `the server has no ${capability}`)

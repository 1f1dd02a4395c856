import { decideServer } from '@bir/sdk/contract/decide-server'
import { GatewayError } from '@bir/sdk/contract/errors'
import { ownWords } from '../../protocol/channel/cleared.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer } from '../call/types.ts'
import { withoutEnvelope } from '../../protocol/client-info.ts'
import type { DropReason } from '../../upstream/dropped.ts'
import { ServedByOtherPlane } from '../../peers/served-by-other-plane.ts'
import { askingPlane } from '../../sessions/client-requests.ts'
import type { Notification } from '../../protocol/notification.ts'
import { scopeOf, askerOf } from '../call/scope.ts'

type Call = Incoming & Audited & Authenticated
type Needs = Pick<Ports, 'upstream' | 'dropped'>

/**
 * Relays a client's notification to its server, whether or not the gateway knows the method. On `/mcp` such a
 * notification names no server, so the stages above refuse it.
 */
export const tellServer =
  ({ dropped }: Pick<Ports, 'dropped'>) =>
  async (call: Call & ResolvedServer & Authorised): Promise<Cleared<object>> => {
    const { method, params, source } = call.upstreamCall
    counted(dropped, await call.upstream.notify(askerOf(call), notification(method, params, source)))
    return ownWords({})
  }

/**
 * Tells that a client's roots changed to every server behind the endpoint that has a session for this client and that
 * the person may reach.
 */
export const tellRootsChanged =
  ({ upstream, dropped }: Needs) =>
  async (call: Call): Promise<Cleared<object>> => {
    const { server } = call.endpoint
    if (server !== undefined && !mayHear(call, server)) throw refused(call, server)
    const serverIds = server === undefined ? [...call.policy.servers.keys()].filter((id) => mayHear(call, id)) : [server]
    const changed = notification(call.method, withoutEnvelope(call.params), call.source)
    await Promise.all(
      serverIds.map(async (id) => {
        const reason = await upstream(id)
          ?.notify(askerOf(call), changed)
          .catch(() => 'server-away' as const) // the others are told all the same
        counted(dropped, reason)
      }),
    )
    return ownWords({})
  }

/** Relays a client's progress on a question to the server that asked, under the token that the server chose. */
export const tellProgress =
  ({ upstream, dropped, clientRequests, node }: Needs & Pick<Ports, 'clientRequests' | 'node'>) =>
  async (call: Call): Promise<Cleared<object>> => {
    const { progressToken, ...rest } = withoutEnvelope(call.params)
    const asker = call.modern ? undefined : askingPlane(progressToken)
    if (asker !== undefined && asker !== node) throw new ServedByOtherPlane(asker)
    const question = clientRequests.progressOf(scopeOf(call), progressToken)
    if (call.modern || !question) {
      dropped.count(call.modern ? 'era-has-none' : 'unknown-token')
      return ownWords({})
    }
    call.note.server = question.server
    const askingServer = mayHear(call, question.server) ? upstream(question.server) : undefined
    if (!askingServer) throw refused(call, question.server)
    counted(
      dropped,
      await askingServer.notify(askerOf(call), notification(call.method, { ...rest, progressToken: question.token }, call.source)),
    )
    return ownWords({})
  }

const notification = (method: string, params: Readonly<Record<string, unknown>>, source: Notification['source']): Notification =>
  Object.keys(params).length === 0 ? { method } : { method, params, source }

const mayHear = ({ policy, person }: Call, server: string): boolean => decideServer(policy, person, server, 'read', Date.now()).allow

function refused(call: Call, server: string): GatewayError {
  call.note.server = server
  const verdict = decideServer(call.policy, call.person, server, 'read', Date.now())
  return new GatewayError('unknownMethod', 'a notification to a server this person may not hear', {
    reason: verdict.allow ? 'unknown-server' : verdict.reason,
  })
}

function counted(dropped: Ports['dropped'], reason: DropReason | undefined): void {
  if (reason !== undefined) dropped.count(reason)
}

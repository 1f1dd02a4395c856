import type { Reason } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import { GatewayError } from '@bir/sdk/contract/errors'
import { resolveServer } from '../routing/target.ts'
import { methodLevel } from '../../protocol/method-level.ts'
import { refuseStale } from './authorise.ts'
import { isSecretReason, secretRefusal } from './secret/secret-refusal.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer } from '../call/types.ts'

/**
 * Finds the server of a method that is no tool call, and decides whether this person may reach it. If not, the call is
 * answered as if nothing were there.
 */
export function findServer(
  ports: Pick<Ports, 'upstream' | 'policy' | 'sealer' | 'catalogue' | 'portalUrl'>,
): Guard<Incoming & Audited & Authenticated, ResolvedServer & Authorised> {
  return function findServer(call, next) {
    const needs = methodLevel(call.method)
    call.note.level = needs
    call.note.argsText = JSON.stringify(call.params)
    const target = resolveServer(ports, call)
    if (!target) throw notThere(call, 'unknown-server')
    call.note.server = target.server

    const server = call.policy.servers.get(target.server)
    const upstream = ports.upstream(target.server)
    if (!server || !upstream) throw notThere(call, 'unknown-server')
    const nowMs = Date.now()
    const verdict = decideServer(call.policy, call.person, target.server, needs, nowMs)
    if (!verdict.allow) throw refusedServer({ ...call, serverId: target.server, needs }, verdict.reason, ports.portalUrl)
    refuseStale(ports.policy, call, needs, nowMs)
    return next({ serverId: target.server, server, upstream, needs, upstreamCall: target.upstreamCall, level: verdict.level })
  }
}

/** Who lacks only the secret may know the server, and learns why it does not work. */
export const refusedServer = (
  call: Incoming & Authenticated & Pick<ResolvedServer, 'serverId' | 'needs'>,
  reason: Reason,
  portalUrl: string | undefined,
): GatewayError => (isSecretReason(reason) ? secretRefusal(reason, call, portalUrl) : notThere(call, reason))

/**
 * Methods that every server may have. When access is refused, the thing they name is reported missing, not the method.
 */
const naming = new Set([
  'resources/read',
  'prompts/get',
  'completion/complete',
  'resources/subscribe',
  'resources/unsubscribe',
  'skills/get',
  'resources/directory/read',
])

function notThere({ method, endpoint }: Pick<Incoming, 'method' | 'endpoint'>, reason: string): GatewayError {
  if (naming.has(method)) return new GatewayError('invalidParams', reason, { publicMessage: 'Not found.', reason })
  if (endpoint.server !== undefined || method.startsWith('tasks/')) return new GatewayError('unknownMethod', reason, { reason })
  return new GatewayError('unknownMethod', reason, { reason, publicMessage: notOnAggregate })
}

const notOnAggregate =
  'Method not found. What a server has beyond the protocol and the extensions declared here is had at its own endpoint, /mcp/{server}.'

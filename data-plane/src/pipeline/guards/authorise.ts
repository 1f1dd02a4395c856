import { decideFor } from '@bir/sdk/contract/decide'
import type { Reason } from '@bir/sdk/contract/decide'
import { GatewayError } from '@bir/sdk/contract/errors'
import { covers } from '@bir/sdk/contract/level'
import type { Level } from '@bir/sdk/contract/level'
import type { Settings } from '@bir/sdk/contract/settings'
import { unauthenticated } from '../../policy/tokens/unauthenticated.ts'
import { unknownTool } from './find-tool.ts'
import { isSecretReason, secretRefusal } from './secret/secret-refusal.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Authorised, ResolvedTool, Incoming } from '../call/types.ts'

/** May they call it? Below this guard, a call has the level of the person on the server. */
export function authorise({
  policy,
  portalUrl,
}: Pick<Ports, 'policy' | 'portalUrl'>): Guard<Incoming & Audited & Authenticated & ResolvedTool, Authorised> {
  return function authorise(call, next) {
    const nowMs = Date.now()
    const verdict = decideFor(call.policy, call.person, call.serverId, call.toolName, nowMs)
    if (!verdict.allow) throw refusedTool(call, verdict.reason, portalUrl)
    refuseStale(policy, call, call.needs, nowMs)
    return next({ level: verdict.level })
  }
}

/**
 * A tool that only a secret keeps from the person is theirs, and they learn why it does not work. Any other is answered
 * as if it were not there.
 */
export const refusedTool = (call: Authenticated & ResolvedTool & Pick<Incoming, 'params'>, reason: Reason, portalUrl: string | undefined) =>
  isSecretReason(reason) ? secretRefusal(reason, call, portalUrl) : unknownTool(String(call.params['name']), reason)

/** Throws when the control plane has been silent for too long for a call of this level. */
export function refuseStale(policy: Ports['policy'], call: Authenticated, needs: Level, nowMs: number): void {
  const refusal = staleRefusal(policy, call, needs, nowMs)
  if (refusal) throw refusal
}

/** Undefined while the policy, and a token that nobody can renew, are good for a call of this level. */
export function staleRefusal(source: Ports['policy'], call: Authenticated, needs: Level, nowMs: number): GatewayError | undefined {
  if (call.isOffline && !covers('read', needs)) return unauthenticated('token-expired', { ...call.token, isAway: true })
  return nowMs - source.freshAtMs() > staleAfterMs(call.policy.settings, needs) ? tooOld(needs) : undefined
}

/** How long the policy stays good without a word from the control plane, by the level of the call. */
function staleAfterMs(settings: Settings, needs: Level): number {
  switch (needs) {
    case 'disabled':
      return 0
    case 'read':
      return settings.staleReadMs
    case 'write':
      return settings.staleWriteMs
    case 'destroy':
      return settings.staleDestroyMs
  }
}

const tooOld = (needs: Level) =>
  new GatewayError('unavailable', 'the policy is too old for this level', {
    publicMessage: `The gateway has not heard from its control plane for too long to allow ${needs} calls. Tell an administrator; they work again once it answers.`,
    reason: 'policy-stale',
  })

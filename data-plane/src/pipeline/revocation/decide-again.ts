import { decideFor } from '@bir/sdk/contract/decide'
import type { Reason, Verdict } from '@bir/sdk/contract/decide'
import { decideServer } from '@bir/sdk/contract/decide-server'
import type { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { refusalOf } from '../../policy/caller.ts'
import { revocationOf } from '../../policy/tokens/token.ts'
import { unauthenticated } from '../../policy/tokens/unauthenticated.ts'
import { decideTask } from '../../protocol/extensions/tasks.ts'
import type { Ports } from '../call/ports.ts'
import type { OpenCall } from '../call/types.ts'
import { refusedTool, staleRefusal } from '../guards/authorise.ts'
import { refusedServer } from '../guards/find-server.ts'
import { refusedTask } from '../guards/find-task.ts'

/**
 * The refusal that a new call like this one would get now; undefined while it is allowed. That its token has expired
 * meanwhile is none: a call lasts as long as it takes.
 */
export function refusalNow(policy: Policy, call: OpenCall, nowMs: number, portalUrl: string | undefined): GatewayError | undefined {
  const revocation = revocationOf(policy, call.token)
  if (revocation !== undefined && revocation !== 'token-expired') return unauthenticated(revocation, call.token)
  const person = personOf(policy, call.token.subject)
  if (!person || person.disabled) return refusalOf(person)
  const verdict = verdictNow(policy, person, call, nowMs)
  return verdict.allow ? undefined : refusalFor({ ...call, policy, person }, verdict.reason, portalUrl)
}

/**
 * Decides about a call again before something of its client goes to its server, such as the answer to a question. The
 * call goes on under the policy of now. Stops the call, and throws, when it is not allowed any more.
 */
export function decideAgain({ policy: source, portalUrl }: Pick<Ports, 'policy' | 'portalUrl'>, call: OpenCall): void {
  const nowMs = Date.now()
  const policy = source.current()
  const refusal =
    source.refusal() ?? refusalNow(policy, call, nowMs, portalUrl) ?? staleRefusal(source, { ...call, policy }, call.needs, nowMs)
  if (refusal) {
    stopCall(call, refusal)
    throw refusal
  }
  const person = personOf(policy, call.token.subject) ?? call.person
  const verdict = verdictNow(policy, person, call, nowMs)
  call.note.revision = policy.revision
  Object.assign(call, { policy, person, ...(verdict.allow && { level: verdict.level }) })
}

/** Ends a call under way: its server is told to stop, and its client gets the refusal. */
export function stopCall({ cancel, note }: OpenCall, refusal: GatewayError): void {
  if (cancel.cancelled) return
  note.stoppedBy = refusal
  cancel.abort(refusal)
}

function verdictNow(policy: Policy, person: Person, { serverId, toolName, task, needs }: OpenCall, nowMs: number): Verdict {
  if (toolName !== undefined) return decideFor(policy, person, serverId, toolName, nowMs)
  return task ? decideTask(policy, person, task, nowMs) : decideServer(policy, person, serverId, needs, nowMs)
}

function refusalFor(call: OpenCall, reason: Reason, portalUrl: string | undefined): GatewayError {
  const { toolName } = call
  if (toolName !== undefined) return refusedTool({ ...call, toolName }, reason, portalUrl)
  return call.task ? refusedTask(call, reason, portalUrl) : refusedServer(call, reason, portalUrl)
}

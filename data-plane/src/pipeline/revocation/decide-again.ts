import { decideFor } from '@bir/sdk/contract/decide'
import type { Reason, Verdict } from '@bir/sdk/contract/decide'
import { canonical } from '@bir/sdk/contract/canonical'
import { secretFor } from '@bir/sdk/contract/decide-secret'
import { decideServer } from '@bir/sdk/contract/decide-server'
import type { GatewayError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy, ServerPolicy } from '@bir/sdk/contract/policy'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import { refusalOf } from '../../policy/caller.ts'
import { revocationOf } from '../../policy/tokens/token.ts'
import { unauthenticated } from '../../policy/tokens/unauthenticated.ts'
import { decideTask } from '../../protocol/extensions/tasks.ts'
import type { Ports } from '../call/ports.ts'
import type { OpenCall } from '../call/types.ts'
import { refusedTool, staleRefusal } from '../guards/authorise.ts'
import { refusedServer } from '../guards/find-server.ts'
import { refusedTask } from '../guards/find-task.ts'
import { secretChanged } from '../guards/secret/secret-refusal.ts'

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
 * Decides about a call again before something goes to its server after a wait, such as the answer to a question. The
 * call goes on under the policy of now. Stops the call, and throws, when it is not allowed any more, and when its
 * secret or the server that the secret is for is another one now.
 */
export function decideAgain({ policy: source, portalUrl }: Pick<Ports, 'policy' | 'portalUrl'>, call: OpenCall): void {
  const nowMs = Date.now()
  const policy = source.current()
  const refusal =
    source.refusal() ??
    refusalNow(policy, call, nowMs, portalUrl) ??
    staleRefusal(source, { ...call, policy }, call.needs, nowMs) ??
    changeOf(policy, call, nowMs)
  if (refusal) {
    stopCall(call, refusal)
    throw refusal
  }
  const person = personOf(policy, call.token.subject) ?? call.person
  const verdict = verdictNow(policy, person, call, nowMs)
  call.note.revision = policy.revision
  Object.assign(call, { policy, person, ...(verdict.allow && { level: verdict.level }) })
}

/**
 * A secret was proven for the server as it was, and for the person as they stood: neither it nor a newer one goes to
 * the address of then.
 */
function changeOf(policy: Policy, { server, serverId, secret, token }: OpenCall, nowMs: number): GatewayError | undefined {
  if (!secret) return undefined
  const person = personOf(policy, token.subject)
  const now = policy.servers.get(serverId)
  const standing = person && secretFor(policy, person, serverId, nowMs)
  const isSame =
    standing?.usable === true &&
    standing.secret.version === secret.version &&
    secretPath({ holder: standing.secret.holder, server: serverId }) === secretPath(secret.place)
  return isSame && now && settingsOf(now) === settingsOf(server) ? undefined : secretChanged(server.title)
}

const settingsOf = (server: ServerPolicy): string => canonical(server.kind === 'remote' ? server.remote : server.settings)

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

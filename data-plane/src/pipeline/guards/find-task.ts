import type { Reason } from '@bir/sdk/contract/decide'
import { GatewayError } from '@bir/sdk/contract/errors'
import { decideTask, declaresTasks, taskNeeds, tasksUndeclared } from '../../protocol/extensions/tasks.ts'
import { resolveTask } from '../routing/target.ts'
import { refuseStale } from './authorise.ts'
import { isSecretReason, secretRefusal } from './secret/secret-refusal.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer } from '../call/types.ts'

/**
 * Finds the task, and decides whether it is the person's own. A task of another person, an altered id, and a task
 * whose tool the person may no longer call are all reported as unknown.
 */
export function findTask(
  ports: Pick<Ports, 'upstream' | 'policy' | 'sealer' | 'catalogue' | 'portalUrl'>,
): Guard<Incoming & Audited & Authenticated, ResolvedServer & Authorised> {
  return function findTask(call, next) {
    const { method, note, policy, person } = call
    if (!call.modern) throw new GatewayError('unknownMethod', 'tasks belong to the modern era')
    if (!declaresTasks(call.client.capabilities)) throw tasksUndeclared()
    note.argsText = JSON.stringify(call.params)
    const target = resolveTask(ports, call)
    if (!target) throw unknownTask('unknown-task')
    const { task, upstreamCall } = target
    const needs = taskNeeds(policy, task, method)
    note.server = task.server
    note.level = needs
    if (task.tool !== undefined) note.tool = task.tool

    const nowMs = Date.now()
    const server = policy.servers.get(task.server)
    const upstream = ports.upstream(task.server)
    if (!server || !upstream) throw unknownTask('unknown-server')
    const verdict = decideTask(policy, person, task, nowMs)
    if (!verdict.allow) throw refusedTask({ ...call, serverId: task.server, needs }, verdict.reason, ports.portalUrl)
    refuseStale(ports.policy, call, needs, nowMs)
    return next({ serverId: task.server, server, upstream, needs, upstreamCall, task, level: verdict.level })
  }
}

export const refusedTask = (
  call: Authenticated & Pick<ResolvedServer, 'serverId' | 'needs'>,
  reason: Reason,
  portalUrl: string | undefined,
): GatewayError => (isSecretReason(reason) ? secretRefusal(reason, call, portalUrl) : unknownTask(reason))

const unknownTask = (reason: string) => new GatewayError('invalidParams', reason, { publicMessage: 'Unknown task.', reason })

import { AUDIT_TEXT_CHARS, boundText } from '@bir/sdk/contract/audit-limits'
import { GatewayError } from '@bir/sdk/contract/errors'
import { isCallableBy } from '../../aggregate/apps.ts'
import { responsesForServer } from '../../aggregate/rewrite-request.ts'
import { withoutEnvelope } from '../../protocol/client-info.ts'
import { ownName } from '../../protocol/names/policy-name.ts'
import type { Guard } from '../call/pipeline.ts'
import type { Ports } from '../call/ports.ts'
import type { Audited, Authenticated, ResolvedTool, Incoming } from '../call/types.ts'
import { addressOf } from '../routing/tool-address.ts'

/** Finds the tool. A tool that the policy does not know, or whose server this plane cannot reach, does not exist. */
export function findTool({
  upstream,
  catalogue,
}: Pick<Ports, 'upstream' | 'catalogue'>): Guard<Incoming & Audited & Authenticated, ResolvedTool> {
  return function findTool(call, next) {
    const { name, arguments: args = {} } = call.params
    if (typeof name !== 'string')
      throw new GatewayError('invalidParams', 'tools/call without a name', { publicMessage: 'tools/call needs params.name.' })
    call.note.tool = boundText(name, AUDIT_TEXT_CHARS.tool)
    call.note.argsText = call.source?.memberJson('arguments') ?? JSON.stringify(args)

    const address = addressOf(call.policy, call.endpoint, name)
    if (call.endpoint.server !== undefined) call.note.server = call.endpoint.server
    if (!address) throw unknownTool(name, 'unknown-tool')
    call.note.server = address.server
    call.note.tool = address.tool

    const server = call.policy.servers.get(address.server)
    const entry = server?.tools.get(address.tool)
    const toolServer = upstream(address.server)
    if (!server || !entry || !toolServer) throw unknownTool(name, 'unknown-tool')
    const entries = catalogue.entries(address.server, 'tools/list', call.policy, call.token.subject.id)
    const own = ownName(entries, address.tool, call.endpoint.server === undefined ? address.tool : name)
    if (!isCallableBy(call.client.capabilities, entries, own)) throw unknownTool(name, 'app-only')
    const isOffered = () => catalogue.isOffered(address.server, own, call.client.capabilities, call.token.subject.id)
    if (call.endpoint.server === undefined && isOffered() === false) throw unknownTool(name, 'not-offered-to-client')
    call.note.level = entry.level
    const ownParams = withoutEnvelope(call.params)
    const params = call.endpoint.server === undefined ? responsesForServer(address.server, ownParams) : ownParams
    const upstreamCall = {
      method: 'tools/call',
      params: own === name ? params : { ...params, name: own },
      source: call.source,
    }
    return next({ serverId: address.server, server, upstream: toolServer, toolName: address.tool, needs: entry.level, upstreamCall })
  }
}

/**
 * The same words for a tool that does not exist and for one that the person may not call. `reason` does not leave the
 * gateway.
 */
export const unknownTool = (name: string, reason: string) =>
  new GatewayError('unknownTool', reason, { publicMessage: `Unknown tool: ${name.slice(0, 200)}`, reason })

import { GatewayError } from '@bir/sdk/contract/errors'
import { capabilities, instructions, resultJson, uncached } from '../mcp/envelope.ts'
import { initialize } from '../mcp/initialize.ts'
import { listTools } from '../mcp/list-tools.ts'
import { MODERN_VERSIONS } from '../mcp/versions.ts'
import type { ToolAnswer } from '../servers/answer.ts'
import { announce } from './announce.ts'
import { audit } from './audit.ts'
import { authenticate } from './authenticate.ts'
import { authorise } from './authorise.ts'
import { findTool } from './find-tool.ts'
import { inSession } from './in-session.ts'
import { Pipeline } from './pipeline.ts'
import type { Ports } from './ports.ts'
import { rateLimit } from './rate-limit.ts'
import { runTool, scopeOf } from './run-tool.ts'
import { scrub } from './scrub.ts'
import { truncate } from './truncate.ts'
import type { Authenticated, Incoming, Rendered } from './types.ts'

export type Method = (call: Incoming) => Promise<Rendered>

/** THE LIST: what happens to a request, method by method, in the order it happens. */
export function methodsOf(ports: Ports): (method: string) => Method {
  const everyone = new Pipeline<Incoming>()
    .guard(audit(ports)) // outermost: refusals are recorded too. Adds note
    .guard(authenticate(ports)) // adds token, policy, person
    .guard(inSession(ports)) // legacy only
    .guard(rateLimit())

  const table: Record<string, Method> = {
    initialize: everyone.call(initialize(ports), [], asIs),
    ping: everyone.call(() => ({}), [], inEra),
    'server/discover': everyone.call(() => ({ supportedVersions: MODERN_VERSIONS, capabilities, instructions, ...uncached }), [], inEra),
    'tools/list': everyone.call(listTools(ports), [], asIs),
    'tools/call': everyone
      .guard(findTool(ports)) // adds server, tool, needs, args
      .guard(authorise(ports)) // adds level
      .guard(announce(ports)) // writes and destroys are on disk before they are tried
      .call(runTool(ports), [scrub(ports), truncate], inEra<ToolAnswer>),
    'notifications/initialized': everyone.call(() => ({}), [], inEra),
    'notifications/cancelled': everyone.call(cancel(ports), [], inEra),
  }
  const unknown = everyone.call(unknownMethod, [], asIs)
  return (method) => (Object.hasOwn(table, method) ? (table[method] ?? unknown) : unknown)
}

const asIs = (rendered: Rendered) => rendered

const inEra = <A extends object>(answer: A, { modern }: Incoming): Rendered => ({ json: resultJson(answer, modern) })

function unknownMethod({ id, method, modern }: Incoming & Authenticated): Rendered {
  // A notification nobody waits for is not an error.
  if (id === undefined) return { json: '{}' }
  throw new GatewayError('unknownMethod', `${method.slice(0, 100)} in ${modern ? 'the modern' : 'a legacy'} era`)
}

const cancel =
  ({ inflight }: Ports) =>
  (call: Incoming & Authenticated) => {
    if (!call.modern) inflight.cancel(scopeOf(call), call.params['requestId'], new Error('the client cancelled the call'))
    return {}
  }

import { GatewayError } from '@bir/sdk/contract/errors'
import { describeEndpoint } from './methods/describe.ts'
import { relayedJson, resultJson, UNCACHED } from './methods/render.ts'
import { initialize } from './methods/initialize.ts'
import { list } from './methods/list.ts'
import { listen } from './subscriptions/listen.ts'
import { tellProgress, tellRootsChanged, tellServer } from './methods/client-notifications.ts'
import { endSession } from './session-end/end.ts'
import { ServedByOtherPlane } from '../peers/home-elsewhere.ts'
import { askingPlane } from '../sessions/client-requests.ts'
import { setLevel, subscribe } from './methods/session-methods.ts'
import { openStream } from './subscriptions/session-stream.ts'
import { MODERN_VERSIONS } from '../protocol/versions.ts'
import { LONG_CHARS, yieldToEventLoop } from '../runtime/event-loop.ts'
import type { UpstreamResult } from '../upstream/upstream.ts'
import { recordAttempt } from './guards/record-attempt.ts'
import { audit } from './guards/audit.ts'
import { authenticate } from './guards/authenticate.ts'
import { authorise } from './guards/authorise.ts'
import { findServer } from './guards/find-server.ts'
import { findTask } from './guards/find-task.ts'
import { findTool } from './guards/find-tool.ts'
import { resumeSession } from './guards/resume-session.ts'
import { matchParamHeaders } from './guards/match-param-headers.ts'
import { Pipeline } from './call/pipeline.ts'
import type { Ports } from './call/ports.ts'
import { rateLimit } from './guards/rate-limit.ts'
import { relay } from './relay/relay.ts'
import { redactSecrets } from './filters/redact-secrets.ts'
import { truncateTaskResult } from './filters/truncate-task.ts'
import { truncate } from './filters/truncate.ts'
import type { Authenticated, Incoming, Rendered } from './call/types.ts'
import type { Awaitable } from '../runtime/awaitable.ts'
import { scopeOf } from './call/scope.ts'
import type { Method, Methods } from './call/method.ts'

/** THE LIST: what happens to a request, method by method, in the order it happens. */
export function methodsOf(ports: Ports): Methods {
  const known = new Pipeline<Incoming>()
    .guard(audit(ports)) // outermost: refusals are recorded too. Adds note
    .guard(authenticate(ports)) // adds token, policy, person
    .guard(resumeSession(ports)) // legacy only: what its client declared when it initialized
  const everyone = known.guard(rateLimit())
  const ofServer = everyone.guard(findServer(ports)) // adds server, upstream, asked, level
  const ofTask = everyone.guard(findTask(ports)).guard(recordAttempt(ports)) // adds the same, and task

  const table: Record<string, Method> = {
    initialize: everyone.call(initialize(ports), [], asIs),
    ping: everyone.call(() => ({}), [], inEra),
    'server/discover': everyone.call(
      (call) => describeEndpoint(ports, call),
      [],
      (described, call) => inEra({ supportedVersions: MODERN_VERSIONS, ...described, ...UNCACHED }, call),
    ),
    'tools/list': everyone.call(list(ports, 'tools/list'), [], asIs),
    'prompts/list': everyone.call(list(ports, 'prompts/list'), [], asIs),
    'resources/list': everyone.call(list(ports, 'resources/list'), [], asIs),
    'resources/templates/list': everyone.call(list(ports, 'resources/templates/list'), [], asIs),
    'skills/list': everyone.call(list(ports, 'skills/list'), [], asIs),
    'tools/call': everyone
      .guard(findTool(ports)) // adds server, upstream, toolName, needs, asked
      .guard(authorise(ports)) // adds level
      .guard(matchParamHeaders(ports)) // modern only: arguments that are headers too
      .guard(recordAttempt(ports)) // writes and destroys are on disk before they are tried
      .call(relay(ports), [redactSecrets(ports), inTurns, truncate, inTurns], relayed),
    'tasks/get': ofTask.call(relay(ports), [redactSecrets(ports), truncateTaskResult], relayed),
    'tasks/update': ofTask.call(relay(ports), [redactSecrets(ports)], relayed),
    'tasks/cancel': ofTask.call(relay(ports), [redactSecrets(ports)], relayed),
    'subscriptions/listen': everyone.call(listen(ports), [], asIs),
    'logging/setLevel': everyone.call(setLevel(ports), [], inEra),
    'resources/subscribe': ofServer.call(subscribe(ports, true), [], inEra),
    'resources/unsubscribe': ofServer.call(subscribe(ports, false), [], inEra),
    'notifications/initialized': everyone.call(() => ({}), [], inEra),
    'notifications/progress': everyone.call(tellProgress(ports), [], inEra),
    'notifications/roots/list_changed': everyone.call(tellRootsChanged(ports), [], inEra),
    'notifications/cancelled': everyone.call(cancel(ports), [], asIs),
  }
  const other = ofServer.guard(recordAttempt(ports)).call(relay(ports), [redactSecrets(ports), inTurns, truncate, inTurns], relayed)
  const told = ofServer.call(tellServer(ports), [], inEra)
  const removed = everyone.call(unknownMethod, [], asIs)
  return {
    of(method, modern) {
      if (modern && removedFrom.has(method)) return removed
      if (Object.hasOwn(table, method)) return table[method] ?? other
      return method.startsWith('notifications/') ? told : other
    },
    response: everyone.call(answerRound(ports), [], inEra),
    stream: everyone.call(openStream(ports), [], asIs),
    end: known.call(endSession(ports), [], everywhere), // whoever calls too often may end it all the same
  }
}

/** Methods that MCP 2026-07-28 took away. */
const removedFrom = new Set(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])

function unknownMethod({ method }: Incoming): Rendered {
  throw new GatewayError('unknownMethod', `${method.slice(0, 100)} is no method of this era`)
}

const asIs = (rendered: Rendered) => rendered

const inEra = <A extends object>(answer: A, { modern }: Incoming): Rendered => ({ json: resultJson(answer, modern) })

const everywhere = (answer: object, call: Incoming): Rendered => ({ ...inEra(answer, call), broadcastToPeers: true })

const relayed = (result: UpstreamResult, { method, modern }: Incoming): Rendered => ({ json: relayedJson(result, method, modern) })

/** Between two looks at a long answer others have their turn. */
const inTurns = (result: UpstreamResult): Awaitable<UpstreamResult> =>
  result.source && result.source.maxLength >= LONG_CHARS ? yieldToEventLoop().then(() => result) : result

/** From 2026-07-28 on a client cancels by ending the stream. A call that is not here may be at another plane. */
const cancel =
  ({ callsInFlight, dropped }: Ports) =>
  (call: Incoming & Authenticated): Rendered => {
    if (call.modern) dropped.count('era-has-none')
    else if (!callsInFlight.cancel(scopeOf(call), call.params['requestId'], new Error('the client cancelled the call')))
      return everywhere({}, call)
    return inEra({}, call)
  }

const answerRound =
  ({ clientRequests, node, dropped }: Ports) =>
  (call: Incoming & Authenticated) => {
    if (call.modern) throw new GatewayError('invalidRequest', 'a response from a modern client')
    const asker = askingPlane(call.params['id'])
    if (asker !== undefined && asker !== node) throw new ServedByOtherPlane(asker)
    if (!clientRequests.settle(scopeOf(call), call.params, call.source)) dropped.count('unknown-request')
    return {}
  }

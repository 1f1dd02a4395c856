import { GatewayError } from '@bir/sdk/contract/errors'
import type { Cleared } from '../protocol/channel/cleared.ts'
import { ownWords, withOwnMembers } from '../protocol/channel/cleared.ts'
import { NOT_CACHEABLE } from '../protocol/facts/cache-hints.ts'
import { MODERN_VERSIONS } from '../protocol/versions.ts'
import type { UpstreamResult } from '../upstream/upstream.ts'
import type { Method, Methods } from './call/method.ts'
import { Pipeline } from './call/pipeline.ts'
import type { Ports } from './call/ports.ts'
import type { Incoming, Rendered } from './call/types.ts'
import { clearError } from './filters/clear-error.ts'
import { OutgoingFilters } from './filters/outgoing.ts'
import type { OutgoingFilter } from './filters/outgoing.ts'
import { redactSecrets } from './filters/redact-secrets.ts'
import { truncate } from './filters/truncate.ts'
import { atOnce, CALLS_AT_ONCE, STREAMS_AT_ONCE } from './guards/at-once.ts'
import { audit } from './guards/audit.ts'
import { authenticate } from './guards/caller/authenticate.ts'
import { authorise } from './guards/authorise.ts'
import { bind } from './guards/caller/bind.ts'
import { findServer } from './guards/find-server.ts'
import { findTask } from './guards/find-task.ts'
import { findTool } from './guards/find-tool.ts'
import { matchParamHeaders } from './guards/match-param-headers.ts'
import { refuseLookAlikes } from './guards/refuse-look-alikes.ts'
import { rateLimit } from './guards/rate-limit.ts'
import { injectSecret } from './guards/secret/inject-secret.ts'
import { recordAttempt } from './guards/record-attempt.ts'
import { resumeSession } from './guards/resume-session.ts'
import { answerQuestion } from './methods/answer-question.ts'
import { cancelCall } from './methods/cancel.ts'
import { tellProgress, tellRootsChanged, tellServer } from './methods/client-notifications.ts'
import { describeEndpoint } from './methods/describe.ts'
import type { EndpointDescription } from './methods/describe.ts'
import { initialize } from './methods/initialize.ts'
import { list } from './methods/list.ts'
import { introductionJson, relayedJson, resultJson } from './methods/render.ts'
import { setLevel, subscribe } from './methods/session-methods.ts'
import { beginEarly } from './relay/begin-early.ts'
import { relay } from './relay/relay.ts'
import { stillAllowed } from './revocation/still-allowed.ts'
import { endSession } from './session-end/end.ts'
import { listen } from './subscriptions/listen.ts'
import { openStream } from './subscriptions/session-stream.ts'

/**
 * THE WAY OUT: what happens to everything a server says, in this order: results, notifications, errors, questions,
 * lists, streams.
 */
const outgoingFilters = (ports: Ports): OutgoingFilter[] => [
  redactSecrets(ports), // secrets that the gateway sent to the server
  truncate, // last: no answer floods a model
]

/**
 * THE LIST: what happens to a request, method by method, in the order it happens. `moreFilters` run before the last
 * filter.
 */
export function methodsOf(ports: Ports, moreFilters: readonly OutgoingFilter[] = []): Methods {
  const filters = outgoingFilters(ports)
  const out = new OutgoingFilters([...filters.slice(0, -1), ...moreFilters, ...filters.slice(-1)], ports.dropped)
  const authenticated = new Pipeline<Incoming>(clearError(out))
    .guard(audit(ports)) // outermost: refusals are recorded too. Adds note
    .guard(authenticate(ports)) // adds token, policy, person
    .guard(bind(ports)) // to the network and the program that the token was issued to
    .guard(resumeSession(ports)) // legacy only: what its client declared when it initialized
  const everyone = authenticated.guard(rateLimit()).guard(refuseLookAlikes) // names that a server could read as others
  const opening = everyone.guard(atOnce(CALLS_AT_ONCE)) // the headers of its answer have the session's id
  const calls = opening.guard(beginEarly(ports)) // whatever may wait for a server
  const streams = everyone.guard(atOnce(STREAMS_AT_ONCE))
  const decided = stillAllowed(ports) // by the policy of now, where another has come since
  const ofServer = calls
    .guard(findServer(ports)) // adds server, upstream, upstreamCall, level
    .guard(injectSecret(ports)) // adds secret
    .guard(decided)
  const ofTask = calls
    .guard(findTask(ports)) // adds the same, and task
    .guard(injectSecret(ports))
    .guard(recordAttempt(ports))
    .guard(decided)
  const ofTool = calls
    .guard(findTool(ports)) // adds server, upstream, toolName, needs, upstreamCall
    .guard(authorise(ports)) // adds level
    .guard(matchParamHeaders(ports)) // modern only: arguments that are headers too
    .guard(injectSecret(ports)) // adds secret
    .guard(recordAttempt(ports)) // writes and destroys are on disk before they are tried
    .guard(decided)

  const table: Record<string, Method> = {
    initialize: opening.call(initialize(ports, out), asIs),
    ping: everyone.call(nothing, inEra),
    'server/discover': calls.call((call) => describeEndpoint(ports, out, call), discovery),
    'tools/list': calls.call(list(ports, out, 'tools/list'), asIs),
    'prompts/list': calls.call(list(ports, out, 'prompts/list'), asIs),
    'resources/list': calls.call(list(ports, out, 'resources/list'), asIs),
    'resources/templates/list': calls.call(list(ports, out, 'resources/templates/list'), asIs),
    'skills/list': calls.call(list(ports, out, 'skills/list'), asIs),
    'tools/call': ofTool.call(relay(ports, out), relayed),
    'tasks/get': ofTask.call(relay(ports, out), relayed),
    'tasks/update': ofTask.call(relay(ports, out), relayed),
    'tasks/cancel': ofTask.call(relay(ports, out), relayed),
    'subscriptions/listen': streams.call(listen(ports, out), asIs),
    'logging/setLevel': everyone.call(setLevel(ports), inEra),
    'resources/subscribe': ofServer.call(subscribe(ports, true), inEra),
    'resources/unsubscribe': ofServer.call(subscribe(ports, false), inEra),
    'notifications/initialized': everyone.call(nothing, inEra),
    'notifications/progress': everyone.call(tellProgress(ports), inEra),
    'notifications/roots/list_changed': everyone.call(tellRootsChanged(ports), inEra),
    'notifications/cancelled': everyone.call(cancelCall(ports), asIs),
  }
  const otherMethod = ofServer.guard(recordAttempt(ports)).guard(decided).call(relay(ports, out), relayed)
  const otherNotification = ofServer.call(tellServer(ports), inEra)
  const removedMethod = everyone.call(unknownMethod, asIs)
  return {
    of(method, modern) {
      if (modern && removedIn2026.has(method)) return removedMethod
      if (Object.hasOwn(table, method)) return table[method] ?? otherMethod
      return method.startsWith('notifications/') ? otherNotification : otherMethod
    },
    response: everyone.call(answerQuestion(ports), inEra),
    stream: streams.call(openStream(ports, out), asIs),
    end: authenticated.call(endSession(ports), broadcast), // whoever calls too often may still end the session
  }
}

/** Methods that MCP 2026-07-28 took away. */
const removedIn2026 = new Set(['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe'])

function unknownMethod({ method }: Incoming): Rendered {
  throw new GatewayError('unknownMethod', `${method.slice(0, 100)} is no method of this era`)
}

const nothing = () => ownWords({})

const asIs = (rendered: Rendered) => rendered

const inEra = (answer: Cleared<object>, { modern }: Incoming): Rendered => ({ json: resultJson(answer, modern) })

const discovery = (description: Cleared<EndpointDescription>, { modern }: Incoming): Rendered => ({
  json: introductionJson(withOwnMembers(description, { supportedVersions: MODERN_VERSIONS, ...NOT_CACHEABLE }), modern),
})

const broadcast = (answer: Cleared<object>, call: Incoming): Rendered => ({ ...inEra(answer, call), broadcastToPeers: true })

const relayed = (result: Cleared<UpstreamResult>, { method, modern }: Incoming): Rendered => ({ json: relayedJson(result, method, modern) })

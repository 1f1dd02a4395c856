import { responsesForServer } from '../../aggregate/rewrite-request.ts'
import { isObject } from '../../json/is-object.ts'
import { assembleObject, VerbatimJson } from '../../json/verbatim.ts'
import type { Member } from '../../json/verbatim.ts'
import { ServedByOtherPlane } from '../../peers/served-by-other-plane.ts'
import type { Cleared } from '../../protocol/channel/cleared.ts'
import { MISSING_CAPABILITY } from '../../protocol/facts/rpc-codes.ts'
import { isInput, MAX_QUESTION_CHARS, MAX_QUESTIONS, missingCapabilities } from '../../protocol/input-capability.ts'
import type { Notification } from '../../protocol/notification.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import type { ClientAnswers } from '../../sessions/client-requests.ts'
import { questionFault } from '../../upstream/faults.ts'
import { UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamFault, UpstreamRequest, UpstreamResult } from '../../upstream/upstream.ts'
import type { Ports } from '../call/ports.ts'
import { scopeOf } from '../call/scope.ts'
import type { Audited, Authenticated, Authorised, Incoming, ResolvedServer, ResolvedTool, WithSecret } from '../call/types.ts'
import { OrderedNotifications } from '../filters/ordered-notifications.ts'
import type { OutgoingContext, OutgoingFilters } from '../filters/outgoing.ts'
import { decideAgain } from '../revocation/decide-again.ts'
import { errorInClientTerms, isOnAggregate, notificationInClientTerms, resultInClientTerms } from './client-terms.ts'
import { failureOf } from './failure.ts'
import { MountedContext } from './mounted-context.ts'
import { afterRefusedSecret, isSecretRefused } from './refused-secret.ts'
import { homeOfState, sealState, unsealState } from './request-state.ts'
import { withinTime } from './within-time.ts'

type Call = Incoming & Audited & Authenticated & ResolvedServer & Authorised & WithSecret & Partial<Pick<ResolvedTool, 'toolName'>>
type RelayPorts = Pick<
  Ports,
  | 'servers'
  | 'timers'
  | 'callsInFlight'
  | 'openCalls'
  | 'policy'
  | 'secrets'
  | 'callLog'
  | 'clientRequests'
  | 'sessions'
  | 'sealer'
  | 'node'
  | 'catalogue'
  | 'upstream'
  | 'dropped'
  | 'leases'
  | 'recheck'
  | 'portalUrl'
>

/** What a legacy server may say, and MCP 2026-07-28 has no notification for. */
const legacyOnlyNotifications = new Set(['notifications/elicitation/complete', 'notifications/tasks/status'])

/**
 * The call itself, whichever server answers it. A tool that cannot do its work says so to the model; any other failure
 * is thrown.
 */
export function relay(ports: RelayPorts, outgoing: OutgoingFilters): (call: Call) => Awaitable<Cleared<UpstreamResult>> {
  return function relay(call) {
    const relayed = new RelayedCall(ports, outgoing, call)
    try {
      const answer = call.upstream.request(relayed.firstRequest())
      if (answer instanceof Promise) return relayed.finish(call.secret ? relayed.withGoodSecret(answer) : answer)
      return isInputRequired(answer) ? relayed.finish(Promise.resolve(answer)) : relayed.clear(answer)
    } catch (error) {
      return call.secret && isSecretRefused(error) ? relayed.finish(relayed.withGoodSecret(Promise.reject(error))) : relayed.fail(error)
    }
  }
}

const isInputRequired = ({ value }: UpstreamResult) => value['resultType'] === 'input_required'

/** One call on its way to its server and back: its rounds, its notifications, its end. */
class RelayedCall {
  private readonly ports: RelayPorts
  private readonly outgoing: OutgoingFilters
  private readonly call: Call
  private readonly context: OutgoingContext
  private notifications: OrderedNotifications | undefined

  constructor(ports: RelayPorts, outgoing: OutgoingFilters, call: Call) {
    this.ports = ports
    this.outgoing = outgoing
    this.call = call
    const { policy, person, token, endpoint, serverId } = call
    this.context = { policy, person, token, endpoint, server: serverId }
  }

  /**
   * The client's request. A modern client's retry carries our seal where we set one; a seal of another plane is
   * forwarded to it.
   */
  firstRequest(): UpstreamRequest {
    const { ports, call } = this
    const { params } = call.upstreamCall
    const { requestState } = params
    if (requestState === undefined) return this.request(params, call.upstreamCall.source)
    const home = homeOfState(ports, call.token.subject.id, requestState)
    if (home !== undefined && home !== ports.node) throw new ServedByOtherPlane(home)
    return this.request({ ...params, requestState: unsealState(ports, call, requestState) }, call.upstreamCall.source)
  }

  /** The same answer, or another one: when the service refused the secret, and the store has a newer one. */
  withGoodSecret(answer: Promise<UpstreamResult>): Promise<UpstreamResult> {
    return answer.catch((error: unknown) => {
      if (!isSecretRefused(error)) throw error
      return afterRefusedSecret(this.ports, this.call, error, () => {
        decideAgain(this.ports, this.call)
        return this.call.upstream.request(this.firstRequest())
      })
    })
  }

  /**
   * Waits for the answer within the time limit. A legacy client is asked what a server wants to know, as often as it
   * does.
   */
  async finish(answer: Promise<UpstreamResult>): Promise<Cleared<UpstreamResult>> {
    const { ports, call } = this
    // A modern client cancels by leaving, not by the id of its request.
    const unregister = call.modern || call.id === undefined ? undefined : ports.callsInFlight.add(scopeOf(call), call.id, call.cancel)
    const releaseSession = call.session && ports.sessions.hold(call.session)
    call.note.releases.push(ports.secrets.for(call.serverId, call.token.subject.id).hold())
    const place = ports.openCalls.add(call)
    let isParked = false
    try {
      let result = await withinTime(ports.timers, call, answer)
      refuseQuestions(call, result)
      while (isInputRequired(result) && !call.modern) {
        result = await this.askClient(result)
        refuseQuestions(call, result)
      }
      const cleared = await this.clear(isInputRequired(result) ? sealState(ports, call, result) : result)
      // The client carries the question away, and the server may wait for its answer: such a call is not over there.
      isParked = isInputRequired(result) && result.ownState === true
      return cleared
    } catch (error) {
      return await this.fail(error)
    } finally {
      if (!isParked) ports.openCalls.remove(place, call)
      unregister?.()
      releaseSession?.()
    }
  }

  /** The answer does not overtake a notification. */
  clear(result: UpstreamResult): Awaitable<Cleared<UpstreamResult>> {
    const translated = resultInClientTerms(this.ports, this.call, result)
    const pass = () => this.outgoing.result(translated, this.call.method, this.context)
    return this.notifications?.pending?.then(pass) ?? pass()
  }

  /** A failure of a tool is an answer for the model; any other is thrown. */
  fail(error: unknown): Awaitable<Cleared<UpstreamResult>> {
    const { note } = this.call
    if (note.stoppedBy !== undefined && error === note.stoppedBy) note.outcome = 'unknown'
    const failure = failureOf(this.call, error)
    if ('answer' in failure) return this.outgoing.result({ value: failure.answer }, this.call.method, this.context)
    throw errorInClientTerms(this.ports, this.call, failure.error)
  }

  private request(params: UpstreamRequest['params'], source: VerbatimJson | undefined): UpstreamRequest {
    const { ports, call } = this
    return {
      method: call.upstreamCall.method,
      params,
      source,
      // A legacy client did not promise that its headers repeat its body.
      paramHeaders: call.modern ? call.paramHeaders : undefined,
      person: call.token.subject.id,
      session: call.session?.id,
      client: call.client,
      onNotification: (notification) => this.notify(notification),
      cancel: call.cancel,
      context: new MountedContext(ports, call),
    }
  }

  private notify(notification: Notification): Awaitable<void> {
    const { ports, call } = this
    if (call.modern && legacyOnlyNotifications.has(notification.method)) return ports.dropped.count('era-has-none')
    this.notifications ??= new OrderedNotifications((cleared) => call.channel.notify(cleared))
    return this.notifications.put(this.outgoing.notification(notificationInClientTerms(ports, call, notification), this.context))
  }

  /**
   * A legacy client is asked on its stream. Its answers go back with the request, as a modern client would send them.
   */
  private async askClient(result: UpstreamResult): Promise<UpstreamResult> {
    const { ports, call } = this
    const questions = await this.clear(result)
    const asker = { scope: scopeOf(call), server: call.serverId }
    const answers = await ports.clientRequests.ask(call.channel, asker, questions, call.cancel.signal).catch((error: Error) => {
      // The server waits for the answer: it learns that none will come.
      call.cancel.abort(error)
      throw error
    })
    decideAgain(ports, call)
    const retry = retryWith(call, answers, result.value['requestState'])
    const params = isOnAggregate(call) ? responsesForServer(call.serverId, retry.value) : retry.value
    const request = this.request(params, retry.source)
    const answer = call.upstream.request(answers.refusals ? { ...request, refusals: answers.refusals } : request)
    return withinTime(ports.timers, call, Promise.resolve(answer))
  }
}

/** The request with the answers of its client, both as the client wrote them. */
function retryWith({ upstreamCall }: Call, { answers, source }: ClientAnswers, requestState: unknown) {
  const { inputResponses: _r, requestState: _s, ...params } = upstreamCall.params
  const original = new VerbatimJson(params, upstreamCall.source?.toJson(params) ?? JSON.stringify(params))
  return assembleObject([
    ...Object.entries(params).map(([key, value]): Member => [key, value, original.memberJson(key)]),
    ['inputResponses', answers, source.toJson(answers)],
    ['requestState', requestState, undefined],
  ])
}

/**
 * A client is asked only for what it declared (MCP 2026-07-28), and within limits: a server that asks for more has
 * failed. It may wait for an answer, so it learns that none will come.
 */
function refuseQuestions({ client, cancel }: Call, result: UpstreamResult): void {
  const { inputRequests } = result.value
  if (!isInputRequired(result) || !isObject(inputRequests)) return
  const error = sizeFaultOf(inputRequests, result.source) ?? undeclaredErrorOf(client, inputRequests)
  if (!error) return
  cancel.abort(error)
  throw error
}

function sizeFaultOf(inputRequests: object, source: VerbatimJson | undefined): UpstreamFault | undefined {
  const { length } = Object.keys(inputRequests)
  if (length > MAX_QUESTIONS) return questionFault(`${length} questions at once, of at most ${MAX_QUESTIONS}`)
  if (source && source.maxLength <= MAX_QUESTION_CHARS) return undefined
  const { length: chars } = JSON.stringify(inputRequests)
  return chars > MAX_QUESTION_CHARS ? questionFault(`questions of ${chars} characters, of at most ${MAX_QUESTION_CHARS}`) : undefined
}

function undeclaredErrorOf({ capabilities }: Call['client'], inputRequests: object): UpstreamRpcError | undefined {
  const requiredCapabilities = missingCapabilities(capabilities, Object.values(inputRequests).filter(isInput))
  return (
    requiredCapabilities && new UpstreamRpcError(MISSING_CAPABILITY, 'The client lacks a capability this needs', { requiredCapabilities })
  )
}

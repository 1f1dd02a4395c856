import { GatewayError, ToolError } from '@bir/sdk/contract/errors'
import { responsesForServer } from '../../aggregate/rewrite-request.ts'
import { ServedByOtherPlane } from '../../peers/home-elsewhere.ts'
import { isObject } from '../../json/is-object.ts'
import {
  errorCodeOnAggregate,
  errorDataOnAggregate,
  notificationOnAggregate,
  resultOnAggregate,
  taskHandle,
} from '../../aggregate/rewrite-result.ts'
import type { ClientAnswers } from '../../sessions/client-requests.ts'
import { homeOfState, sealState, unsealState } from './request-state.ts'
import { serverOrigin } from '../routing/origin.ts'
import type { ServerOrigin } from '../../aggregate/rewrite-result.ts'
import { declaresTasks } from '../../protocol/extensions/tasks.ts'
import { errorAnswer } from '../../protocol/tool-answer.ts'
import { protocolFault } from '../../upstream/faults.ts'
import { isInput, missingCapabilities } from '../../protocol/input-capability.ts'
import { UpstreamFault, UpstreamRpcError } from '../../upstream/upstream.ts'
import type { UpstreamRequest, UpstreamResult } from '../../upstream/upstream.ts'
import { assembleObject, VerbatimJson } from '../../json/verbatim.ts'
import type { Member } from '../../json/verbatim.ts'
import { toGatewayError } from './fault.ts'
import { MountedContext } from './mounted-context.ts'
import type { Ports } from '../call/ports.ts'
import { redactSecrets, redactError, redactNotification } from '../filters/redact-secrets.ts'
import { truncateError } from '../filters/truncate.ts'
import type { Audited, Authenticated, Authorised, ResolvedTool, Incoming, ResolvedServer } from '../call/types.ts'
import type { Awaitable } from '../../runtime/awaitable.ts'
import { scopeOf } from '../call/scope.ts'

type Ready = Incoming & Audited & Authenticated & ResolvedServer & Authorised & Partial<Pick<ResolvedTool, 'toolName'>>
type Needs = Pick<
  Ports,
  | 'servers'
  | 'timers'
  | 'callsInFlight'
  | 'readSecret'
  | 'callLog'
  | 'clientRequests'
  | 'sessions'
  | 'sealer'
  | 'node'
  | 'catalogue'
  | 'upstream'
  | 'secretsInUse'
  | 'dropped'
>

/** The call itself, whoever answers it. A tool that cannot do its work says so to the model; what breaks is said with whose fault it is. */
export function relay(ports: Needs): (call: Ready) => Awaitable<UpstreamResult> {
  return function relay(call) {
    try {
      const answer = call.upstream.request(upstreamRequest(ports, call, resumed(ports, call)))
      if (answer instanceof Promise) return finish(ports, call, answer)
      return isUnfinished(answer) ? finish(ports, call, Promise.resolve(answer)) : toClientTerms(ports, call, answer)
    } catch (error) {
      return failure(ports, call, error)
    }
  }
}

/** What a legacy server may say, and MCP 2026-07-28 has no word for. */
const goneIn2026 = new Set(['notifications/elicitation/complete', 'notifications/tasks/status'])

const isUnfinished = ({ value }: UpstreamResult) => value['resultType'] === 'input_required'

function upstreamRequest(ports: Needs, call: Ready, params: UpstreamRequest['params']): UpstreamRequest {
  return {
    method: call.upstreamCall.method,
    params,
    source: call.upstreamCall.source,
    // Of an older client nobody knows that headers and body say the same.
    paramHeaders: call.modern ? call.paramHeaders : undefined,
    person: call.token.subject.id,
    session: call.session?.id,
    client: call.client,
    onNotification(notification) {
      if (call.modern && goneIn2026.has(notification.method)) return ports.dropped.count('era-has-none')
      const clean = redactNotification(ports, notification)
      return call.channel.notify(onAggregate(call) ? notificationOnAggregate(originFor(ports, call), clean) : clean)
    },
    cancel: call.cancel,
    context: new MountedContext(ports, call),
  }
}

async function finish(ports: Needs, call: Ready, work: Promise<UpstreamResult>): Promise<UpstreamResult> {
  // A modern client cancels by leaving, not by the id of its request.
  const finished = call.modern || call.id === undefined ? undefined : ports.callsInFlight.add(scopeOf(call), call.id, call.cancel)
  const letGo = call.session && ports.sessions.hold(call.session)
  try {
    let result = await withinTime(ports, call, work)
    refuseUndeclared(call, result)
    while (isUnfinished(result) && !call.modern) {
      result = await askClient(ports, call, result)
      refuseUndeclared(call, result)
    }
    return toClientTerms(ports, call, isUnfinished(result) ? sealState(ports, call, result) : result)
  } catch (error) {
    return failure(ports, call, error)
  } finally {
    finished?.()
    letGo?.()
  }
}

/** A legacy client is asked on its stream; what it answers goes back with the request, as a modern client would send it. */
async function askClient(ports: Needs, call: Ready, result: UpstreamResult): Promise<UpstreamResult> {
  const { value, source } = toClientTerms(ports, call, await redactSecrets(ports)(result, call))
  const { inputRequests } = value
  const asked = isObject(inputRequests) ? inputRequests : {}
  const questions = { asked, source: (key: string) => source?.at('inputRequests', key, 'params') }
  const asking = { scope: scopeOf(call), server: call.serverId }
  const said = await ports.clientRequests.ask(call.channel, asking, questions, call.cancel.signal).catch((error: Error) => {
    // Whoever waits for the answer is told that none will come.
    call.cancel.abort(error)
    throw error
  })
  const { params, source: again } = retried(call, said, result.value['requestState'])
  const request = { ...upstreamRequest(ports, call, onAggregate(call) ? responsesForServer(call.serverId, params) : params), source: again }
  const answer = call.upstream.request(said.refusals ? { ...request, refusals: said.refusals } : request)
  return withinTime(ports, call, Promise.resolve(answer))
}

/** The request with the answers of its client, both as that wrote them. */
function retried({ upstreamCall }: Ready, { answers, source }: ClientAnswers, requestState: unknown) {
  const { inputResponses: _r, requestState: _s, ...params } = upstreamCall.params
  const before = new VerbatimJson(params, upstreamCall.source?.toJson(params) ?? JSON.stringify(params))
  const { value, source: whole } = assembleObject([
    ...Object.entries(params).map(([key, one]): Member => [key, one, before.memberJson(key)]),
    ['inputResponses', answers, source.toJson(answers)],
    ['requestState', requestState, undefined],
  ])
  return { params: value, source: whole }
}

const onAggregate = ({ endpoint }: Ready) => endpoint.server === undefined

const originFor = (ports: Needs, call: Ready): ServerOrigin =>
  serverOrigin(ports, call, call.serverId, {
    tool: call.toolName ?? call.task?.tool,
    ...(call.task && { sealed: new Map([[call.task.taskId, call.task.sealed]]) }),
  })

/** Nobody is asked for what they did not declare (MCP 2026-07-28): a server that would has failed. */
function refuseUndeclared({ client }: Ready, result: UpstreamResult): void {
  const { inputRequests } = result.value
  if (!isUnfinished(result) || !isObject(inputRequests)) return
  const requiredCapabilities = missingCapabilities(client.capabilities, Object.values(inputRequests).filter(isInput))
  if (requiredCapabilities) throw new UpstreamRpcError(-32021, 'The client lacks a capability this needs', { requiredCapabilities })
}

/** On `/mcp` a server's names and URIs are said in its words; all else as the server wrote it. */
function toClientTerms(ports: Needs, call: Ready, result: UpstreamResult): UpstreamResult {
  if (result.value['resultType'] === 'task' && !declaresTasks(call.client.capabilities))
    throw protocolFault('a task, for a client that declared none')
  if (!onAggregate(call)) return withSealedTask(ports, call, result)
  const value = resultOnAggregate(originFor(ports, call), call.upstreamCall.method, result.value)
  return value === result.value ? result : { ...result, value }
}

/** The id of a task carries whose it is. */
function withSealedTask(ports: Needs, call: Ready, result: UpstreamResult): UpstreamResult {
  const { taskId, resultType } = result.value
  if (typeof taskId !== 'string' || (resultType !== 'task' && !call.task)) return result
  return { ...result, value: taskHandle(originFor(ports, call), result.value) }
}

function errorInClientTerms(ports: Needs, call: Ready, error: UpstreamRpcError): UpstreamRpcError {
  const data = errorDataOnAggregate(originFor(ports, call), call.upstreamCall.method, error.data)
  const code = errorCodeOnAggregate(call.upstreamCall.method, error.code)
  return data === error.data && code === error.code ? error : new UpstreamRpcError(code, error.message, data, error.source)
}

/** A modern client's retry carries our seal where we set one. */
function resumed(ports: Needs, call: Ready): UpstreamRequest['params'] {
  const { params } = call.upstreamCall
  if (params['requestState'] === undefined) return params
  const home = homeOfState(ports, call.token.subject.id, params['requestState'])
  if (home !== undefined && home !== ports.node) throw new ServedByOtherPlane(home)
  return { ...params, requestState: unsealState(ports, call, params['requestState']) }
}

function failure(ports: Needs, call: Ready, thrown: unknown): UpstreamResult {
  const error = redactError(ports, thrown)
  const { note, method } = call
  if (error instanceof ServedByOtherPlane) throw error
  if (error instanceof UpstreamRpcError) {
    const said = truncateError(error, call.policy.settings.truncateChars)
    throw onAggregate(call) ? errorInClientTerms(ports, call, said) : said
  }
  if (!(error instanceof ToolError) && !(error instanceof UpstreamFault)) throw GatewayError.from(error)
  note.outcome = error.code === 'refused_by_policy' ? 'refused' : 'failed'
  note.reason = error.code
  note.detail = error.message
  if (method === 'tools/call') return { value: { ...errorAnswer(toolError(error)), resultType: 'complete' } }
  if (error instanceof UpstreamFault) throw toGatewayError(error)
  throw new GatewayError('unavailable', error.message, { publicMessage: error.message, reason: error.code, cause: error })
}

function toolError(error: ToolError | UpstreamFault): ToolError {
  if (error instanceof ToolError) return error
  const { code, publicMessage, hint, retryable } = error
  return new ToolError(code, publicMessage, hint === undefined ? { retryable } : { hint, retryable })
}

function withinTime({ timers }: Needs, { cancel, policy, server }: Ready, work: Promise<UpstreamResult>): Promise<UpstreamResult> {
  const timeoutMs = (server.kind === 'remote' ? server.remote.callTimeoutMs : undefined) ?? policy.settings.callTimeoutMs
  return new Promise((resolve, reject) => {
    const stop = timers.after(timeoutMs, () => cancel.abort(timedOut(timeoutMs)))
    const forget = cancel.subscribe((cause) =>
      reject(cause instanceof ToolError ? cause : new GatewayError('unavailable', cause.message, { reason: 'cancelled' })),
    )
    const done = () => {
      stop()
      forget()
    }
    work.then(
      (result) => {
        done()
        return resolve(result)
      },
      (error: unknown) => {
        done()
        reject(error)
      },
    )
  })
}

const timedOut = (timeoutMs: number) =>
  new ToolError('timed_out', `The tool did not answer within ${timeoutMs / 1000} s.`, {
    hint: 'Ask for less, or try again later.',
    retryable: true,
  })

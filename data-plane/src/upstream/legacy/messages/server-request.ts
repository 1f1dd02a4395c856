import { isObject } from '../../../json/is-object.ts'
import { MAX_QUESTION_CHARS, missingCapabilities } from '../../../protocol/input-capability.ts'
import type { ServerId } from './message.ts'
import { INVALID_PARAMS, METHOD_NOT_FOUND, MISSING_CAPABILITY } from '../../../protocol/facts/rpc-codes.ts'
import { assembleObject } from '../../../json/verbatim.ts'
import type { Member, VerbatimJson } from '../../../json/verbatim.ts'
import { UpstreamRpcError } from '../../upstream.ts'
import type { Asker, UpstreamRequest } from '../../upstream.ts'
import type { InputRequest } from '../../../protocol/input-capability.ts'

/** A request that a server sends to the client, for example while it works on a request of the client. */
export interface ServerRequest {
  readonly id: ServerId
  readonly method: string
  readonly params: Record<string, unknown>
  /** The whole message, as the server wrote it. */
  readonly source: VerbatimJson
}

/** JSON-RPC 2.0 leaves this code to implementations (section 5.1). */
export const SERVER_ERROR = -32_000

export interface Refusal {
  readonly code: number
  readonly message: string
}

type RequestContent = Pick<ServerRequest, 'method' | 'params'>
type Capabilities = Readonly<Record<string, unknown>>

/** By method: why a client with these capabilities refuses the request; undefined when it accepts. */
const capabilityChecks: Readonly<Record<string, (declared: Capabilities, params: Record<string, unknown>) => Refusal | undefined>> = {
  'elicitation/create': (declared, params) => {
    const mode = params['mode'] ?? 'form'
    if (!isObject(declared['elicitation'])) return unknownMethod
    if (mode === 'url') return isObject(declared['elicitation']['url']) ? undefined : invalidParams('URL elicitation is not supported')
    if (mode !== 'form') return invalidParams('Unknown elicitation mode')
    const { form, url } = declared['elicitation']
    // An empty declaration means forms: before there were two modes, clients declared it so.
    return isObject(form) || url === undefined ? undefined : invalidParams('Form elicitation is not supported')
  },
  'sampling/createMessage': (declared, params) => {
    if (!isObject(declared['sampling'])) return unknownMethod
    const withTools = params['tools'] !== undefined || params['toolChoice'] !== undefined
    return withTools && !isObject(declared['sampling']['tools']) ? invalidParams('Sampling with tools is not supported') : undefined
  },
  'roots/list': (declared) => (isObject(declared['roots']) ? undefined : unknownMethod),
}

const unknownMethod: Refusal = { code: METHOD_NOT_FOUND, message: 'Method not found' }
const invalidParams = (message: string): Refusal => ({ code: INVALID_PARAMS, message })

/**
 * Why the client cannot be asked this. Undefined when it declared the capability. A method that the gateway does not
 * know is passed to a legacy client, which can refuse it itself. For a modern client it is refused, because the
 * modern protocol cannot carry it.
 */
export function refusalOf({ client: { capabilities }, session }: Asker, { method, params }: RequestContent): Refusal | undefined {
  const check = Object.hasOwn(capabilityChecks, method) ? capabilityChecks[method] : undefined
  if (check) return check(capabilities, params)
  return session === undefined ? unknownMethod : undefined
}

/** Undefined for a request of a size that a client may be sent. */
export const sizeRefusalOf = ({ source }: Pick<ServerRequest, 'source'>): Refusal | undefined =>
  source.maxLength > MAX_QUESTION_CHARS
    ? invalidParams(`The request is too large: a client is asked with ${MAX_QUESTION_CHARS} characters at most`)
    : undefined

/** The error of the modern era for a request that fails because its client cannot be asked this. */
export function missingCapabilityError(declared: Capabilities, { method, params }: RequestContent): UpstreamRpcError | undefined {
  if (!isInput(method)) return undefined
  const requiredCapabilities = missingCapabilities(declared, [{ method, params }])
  return (
    requiredCapabilities && new UpstreamRpcError(MISSING_CAPABILITY, 'The client lacks a capability this needs', { requiredCapabilities })
  )
}

const isInput = (method: string): method is InputRequest['method'] => Object.hasOwn(capabilityChecks, method)

/** Whether a modern client may be asked during a request with this method. */
export const allowsInputRequests = (method: string): boolean =>
  method === 'tools/call' || method === 'prompts/get' || method === 'resources/read'

/** A legacy client may be asked during any request except a list, which the gateway also reads for other clients. */
export const mayAsk = ({ method, session }: Pick<UpstreamRequest, 'method' | 'session'>): boolean =>
  allowsInputRequests(method) || (session !== undefined && !method.endsWith('/list'))

/** `inputRequests` of the modern era for requests of a legacy server, by the keys we gave them. */
export const inputRequestsOf = (requests: ReadonlyMap<string, ServerRequest>): Member =>
  inputRequestsMember(
    [...requests].map(([key, { method, params, source }]) => [key, { method, params, json: source.at('params')?.toJson(params) }]),
  )

/** `json`: the text of the parameters, where there is one. */
export function inputRequestsMember(
  requests: readonly (readonly [key: string, request: RequestContent & { json: string | undefined }])[],
): Member {
  const members = requests.map(([key, { method, params, json }]): Member => {
    const { value, source } = assembleObject([
      ['method', method, undefined],
      ['params', params, json],
    ])
    return [key, value, source.toJson(value)]
  })
  const { value, source } = assembleObject(members)
  return ['inputRequests', value, source.toJson(value)]
}

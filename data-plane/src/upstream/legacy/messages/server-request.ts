import { isObject } from '../../../json/is-object.ts'
import { missingCapabilities } from '../../../protocol/input-capability.ts'
import type { ServerId } from './message.ts'
import { INVALID_PARAMS, METHOD_NOT_FOUND } from './result.ts'
import { assembleObject } from '../../../json/verbatim.ts'
import type { Member, VerbatimJson } from '../../../json/verbatim.ts'
import { UpstreamRpcError } from '../../upstream.ts'
import type { Asker, UpstreamRequest } from '../../upstream.ts'
import type { InputRequest } from '../../../protocol/input-capability.ts'

/** What a server asks of the client while it works on a request. */
export interface ServerRequest {
  readonly id: ServerId
  readonly method: string
  readonly params: Record<string, unknown>
  /** The whole message, as the server wrote it. */
  readonly source: VerbatimJson
}

export interface Refusal {
  readonly code: number
  readonly message: string
}

type Question = Pick<ServerRequest, 'method' | 'params'>
type Declared = Readonly<Record<string, unknown>>

const needs: Readonly<Record<string, (declared: Declared, params: Record<string, unknown>) => Refusal | undefined>> = {
  'elicitation/create': (declared, params) => {
    const mode = params['mode'] ?? 'form'
    if (!isObject(declared['elicitation'])) return unknownMethod
    if (mode === 'url') return isObject(declared['elicitation']['url']) ? undefined : invalid('URL elicitation is not supported')
    if (mode !== 'form') return invalid('Unknown elicitation mode')
    const { form, url } = declared['elicitation']
    // An empty declaration means forms, as it did before there were two modes.
    return isObject(form) || url === undefined ? undefined : invalid('Form elicitation is not supported')
  },
  'sampling/createMessage': (declared, params) => {
    if (!isObject(declared['sampling'])) return unknownMethod
    const withTools = params['tools'] !== undefined || params['toolChoice'] !== undefined
    return withTools && !isObject(declared['sampling']['tools']) ? invalid('Sampling with tools is not supported') : undefined
  },
  'roots/list': (declared) => (isObject(declared['roots']) ? undefined : unknownMethod),
}

const unknownMethod: Refusal = { code: METHOD_NOT_FOUND, message: 'Method not found' }
const invalid = (message: string): Refusal => ({ code: INVALID_PARAMS, message })

/**
 * Undefined where the client declared on this very request that it can be asked this. What nobody here knows is put to a client of the
 * server's own era, which refuses it itself; for a modern client there is no word for it.
 */
export function refusalOf({ client: { capabilities }, session }: Asker, { method, params }: Question): Refusal | undefined {
  const need = Object.hasOwn(needs, method) ? needs[method] : undefined
  if (need) return need(capabilities, params)
  return session === undefined ? unknownMethod : undefined
}

/** The modern era's word for a request that fails because its client cannot be asked this. */
export function lacking(declared: Declared, { method, params }: Question): UpstreamRpcError | undefined {
  if (!isInput(method)) return undefined
  const requiredCapabilities = missingCapabilities(declared, [{ method, params }])
  return requiredCapabilities && new UpstreamRpcError(-32021, 'The client lacks a capability this needs', { requiredCapabilities })
}

const isInput = (method: string): method is InputRequest['method'] => Object.hasOwn(needs, method)

/** Requests that a modern client may be asked back on. */
export const usualCapabilities = (method: string): boolean =>
  method === 'tools/call' || method === 'prompts/get' || method === 'resources/read'

/** One of the legacy eras may be asked on any, but for lists, which are read for others too. */
export const mayAsk = ({ method, session }: Pick<UpstreamRequest, 'method' | 'session'>): boolean =>
  usualCapabilities(method) || (session !== undefined && !method.endsWith('/list'))

/** `inputRequests` of the modern era, from what a server asks, by the keys we gave. */
export const inputRequests = (asks: ReadonlyMap<string, ServerRequest>): Member =>
  questions([...asks].map(([key, { method, params, source }]) => [key, { method, params, json: source.at('params')?.toJson(params) }]))

/** `json`: the parameters as they were written. */
export function questions(asked: readonly (readonly [key: string, question: Question & { json: string | undefined }])[]): Member {
  const all = asked.map(([key, { method, params, json }]): Member => {
    const { value, source } = assembleObject([
      ['method', method, undefined],
      ['params', params, json],
    ])
    return [key, value, source.toJson(value)]
  })
  const { value, source } = assembleObject(all)
  return ['inputRequests', value, source.toJson(value)]
}

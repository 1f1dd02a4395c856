import { isObject } from '../../../json/is-object.ts'
import { INVALID_PARAMS, URL_ELICITATION_REQUIRED } from '../../../protocol/facts/rpc-codes.ts'
import { inputRequestsMember, refusalOf } from './server-request.ts'
import type { Member } from '../../../json/verbatim.ts'
import { UpstreamRpcError } from '../../upstream.ts'
import type { UpstreamRequest } from '../../upstream.ts'

const maxElicitations = 16
const keyPrefix = 'visit-'

/**
 * In 2025-11-25 "visit these URLs first, then call again" is an error. For a modern client it becomes
 * `inputRequests`: they ask for the same, and the retry of the client calls again. Undefined for any other error, and
 * when the client cannot open URLs.
 */
export function urlInputRequests(error: unknown, request: UpstreamRequest): Member | undefined {
  if (!(error instanceof UpstreamRpcError) || error.code !== URL_ELICITATION_REQUIRED || !isObject(error.data)) return undefined
  const { elicitations } = error.data
  if (!Array.isArray(elicitations) || elicitations.length === 0 || elicitations.length > maxElicitations) return undefined
  const asks = elicitations.filter(isObject).map((params) => ({ method: 'elicitation/create', params: { mode: 'url', ...params } }))
  if (asks.length < elicitations.length || asks.some(({ params }) => params.mode !== 'url')) return undefined
  if (asks.some((ask) => refusalOf(request, ask))) return undefined
  return inputRequestsMember(
    asks.map(({ method, params }, at) => {
      const source = error.source?.at('data', 'elicitations', at)
      return [`${keyPrefix}${at + 1}`, { method, params, json: source?.toJson(params) }]
    }),
  )
}

/** Throws when the person declined to visit a URL: without the visit the server would only ask again. */
export function checkVisited(answers: Readonly<Record<string, unknown>>): void {
  const declined = Object.entries(answers).some(
    ([key, answer]) => key.startsWith(keyPrefix) && isObject(answer) && answer['action'] !== 'accept',
  )
  if (declined) throw new UpstreamRpcError(INVALID_PARAMS, 'The server needs a page to be visited first, and that was declined')
}

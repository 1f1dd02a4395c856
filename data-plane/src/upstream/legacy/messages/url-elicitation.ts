import { isObject } from '../../../json/is-object.ts'
import { INVALID_PARAMS } from './result.ts'
import { questions, refusalOf } from './server-request.ts'
import type { Member } from '../../../json/verbatim.ts'
import { UpstreamRpcError } from '../../upstream.ts'
import type { UpstreamRequest } from '../../upstream.ts'

const urlElicitationRequired = -32042
const max = 16
const prefix = 'visit-'

/**
 * "Visit these first, then call again" was an error before it was a round: the round asks for the same, and its retry calls again.
 * Undefined where it is another error, or the client cannot open URLs.
 */
export function visitFirst(error: unknown, request: UpstreamRequest): Member | undefined {
  if (!(error instanceof UpstreamRpcError) || error.code !== urlElicitationRequired || !isObject(error.data)) return undefined
  const { elicitations } = error.data
  if (!Array.isArray(elicitations) || elicitations.length === 0 || elicitations.length > max) return undefined
  const asks = elicitations.filter(isObject).map((params) => ({ method: 'elicitation/create', params: { mode: 'url', ...params } }))
  if (asks.length < elicitations.length || asks.some(({ params }) => params.mode !== 'url')) return undefined
  if (asks.some((ask) => refusalOf(request, ask))) return undefined
  return questions(
    asks.map(({ method, params }, at) => {
      const source = error.source?.at('data', 'elicitations', at)
      return [`${prefix}${at + 1}`, { method, params, json: source?.toJson(params) }]
    }),
  )
}

/** Throws when the person would not go where the server sent them: it would only send them again. */
export function checkVisited(answers: Readonly<Record<string, unknown>>): void {
  const refused = Object.entries(answers).some(
    ([key, answer]) => key.startsWith(prefix) && isObject(answer) && answer['action'] !== 'accept',
  )
  if (refused) throw new UpstreamRpcError(INVALID_PARAMS, 'The server needs a page to be visited first, and that was declined')
}

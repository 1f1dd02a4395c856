import type { WireAnswer } from '../wire/session-wire.ts'

/**
 * What an answer to GET means. `stream`: the stream is open. `later`: not now. `absent`: the server offers none
 * (the specification says 405; servers without the route say 404, and some anything else).
 */
type GetAnswer = 'stream' | 'later' | 'absent'

/** 409: the server has not noticed yet that the earlier stream is gone. */
const laterStatuses = new Set([408, 409, 425, 429])

export function getAnswerOf({ status, kind }: Pick<WireAnswer, 'status' | 'kind'>): GetAnswer {
  if (status === 200 && kind === 'stream') return 'stream'
  return laterStatuses.has(status) || (status >= 500 && status !== 501) ? 'later' : 'absent'
}

/** A server that has lost the session may say so by one of these. Only a POST in the session tells. */
const doubtfulStatuses = new Set([400, 401, 403, 404, 410, 500, 503])

export const mayMeanLostSession = ({ status }: Pick<WireAnswer, 'status'>): boolean => doubtfulStatuses.has(status)

import { ApiError } from '../../base/api-error.ts'
import { StoreFault } from '../stores/store.ts'

/**
 * Does something with the store. Its faults become errors of the API: they say nothing of the store to its people, and
 * of what was done no more than is known. An answer may be lost after the store did its part.
 */
export async function withStore<T>(act: Act, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    if (error.kind === 'conflict') throw changedMeanwhile()
    throw new ApiError('unavailable', unavailableText(error, act), { cause: error })
  }
}

export const changedMeanwhile = () =>
  new ApiError('conflict', 'Somebody else changed this secret meanwhile, and nothing of yours was saved: look at it, and try again.')

type Act = 'read' | 'write' | 'delete'

const unanswered = 'The store of the secrets does not answer as it should'
const inTheEnd = 'if it stays so, tell an operator.'
const unansweredTexts: Record<Act, string> = {
  read: `${unanswered}, and nothing was changed. Try again in a moment; ${inTheEnd}`,
  write: `${unanswered}: it may have taken the secret or not. Save it once more in a moment; ${inTheEnd}`,
  delete: `${unanswered}: the secret may lie there still, and is listed as before. Delete it once more in a moment; ${inTheEnd}`,
}

function unavailableText({ kind }: StoreFault, act: Act): string {
  if (kind === 'malformed')
    return 'What lies in the store for this secret cannot be read. Delete the secret and put it again, or tell an operator.'
  return unansweredTexts[act]
}

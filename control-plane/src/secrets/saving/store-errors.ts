import { ApiError } from '../../base/api-error.ts'
import { StoreFault } from '../stores/store.ts'

/** Does something with the store. Its faults become errors of the API: they say nothing of the store to its people. */
export async function withStore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    if (error.kind === 'conflict') throw changedMeanwhile()
    throw new ApiError('unavailable', unavailableText(error), { cause: error })
  }
}

export const changedMeanwhile = () =>
  new ApiError('conflict', 'Somebody else changed this secret meanwhile, and nothing of yours was saved: look at it, and try again.')

function unavailableText({ kind }: StoreFault): string {
  if (kind === 'malformed')
    return 'What lies in the store for this secret cannot be read. Delete the secret and put it again, or tell an operator.'
  return 'The store of the secrets does not answer as it should, and nothing was changed. Try again in a moment; if it stays so, tell an operator.'
}

import { ApiError } from '../../base/api-error.ts'
import type { Actor } from '../../base/context.ts'
import { isUnreadable, StoreFault } from '../stores/store.ts'
import type { StoreFaultKind } from '../stores/store.ts'

/**
 * Does something with the store. Its faults become errors of the API: administrators get the store's own words, which
 * name addresses and settings and no secret; others the word of the fault, for the operator whom they tell. Of what was
 * done they say no more than is known: an answer may be lost after the store did its part.
 */
export async function withStore<T>(
  { administrator }: Pick<Actor, 'administrator'>,
  act: Act,
  work: () => Promise<T>,
  server = '<server>',
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    if (error.kind === 'conflict') throw changedMeanwhile()
    if (isUnreadable(error)) throw new ApiError('conflict', unreadableText(error, administrator, server), { cause: error })
    const says = administrator ? error.message : peopleText(error)
    const done = act === 'write' && !unsure.has(error.kind) ? doneTexts.read : doneTexts[act]
    throw new ApiError('unavailable', `${says} ${done}${administrator ? '' : nextText(error)}`, { cause: error })
  }
}

export const changedMeanwhile = () =>
  new ApiError('conflict', 'Somebody else changed this secret meanwhile, and nothing of yours was saved: look at it, and try again.')

type Act = 'read' | 'write' | 'delete'

/** With these the store may have taken a value. Others are its refusals. */
const unsure: ReadonlySet<StoreFaultKind> = new Set<StoreFaultKind>(['unreachable', 'service_error'])

const doneTexts: Record<Act, string> = {
  read: 'Nothing was changed.',
  write: 'It may have taken the secret or not: save it once more in a moment.',
  delete: 'The secret may lie there still, and is listed as before. Delete it once more in a moment.',
}

function unreadableText({ message }: StoreFault, administrator: boolean, server: string): string {
  const todo =
    'What lies in the store here cannot be read (malformed), and nothing was written over it. Delete the secret ' +
    `("bir secret delete ${server}") and put it again. Where the store keeps all secrets of one holder in one document, as Consul does, ` +
    'all of that document goes: put each again, or have an administrator mend it there.'
  return administrator ? `${todo} ${message}` : todo
}

function peopleText({ kind }: StoreFault): string {
  if (kind === 'malformed') return 'The key of these secrets does not open (malformed).'
  return `The store of the secrets cannot be used now (${kind}).`
}

function nextText({ retryable }: StoreFault): string {
  return retryable ? ' Try again; if it stays so, tell an operator.' : ' Tell an operator.'
}

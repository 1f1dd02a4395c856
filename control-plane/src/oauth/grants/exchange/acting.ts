import { oauthError } from '../../../base/errors/oauth-error.ts'
import type { UserRow } from '../../../users/users.ts'
import type { Act } from '../../issue/act.ts'
import { actDepth } from '../../issue/act.ts'

const maxDepth = 5

/** How a principal is called where it acts for somebody: a person by the handle, a program as `service:ci`. */
const actorName = ({ kind, handle }: Pick<UserRow, 'kind' | 'handle'>): string => (kind === 'service' ? `service:${handle}` : handle)

/**
 * Who acts for the subject with the new token (RFC 8693, section 4.1): the actor, and below it all who acted before.
 * Nobody acts for themselves.
 */
export function actingFor(subject: UserRow, actor: UserRow | undefined, before: Act | undefined): Act | undefined {
  if (!actor || actor.id === subject.id) return before
  if (actDepth(before) >= maxDepth) throw oauthError('invalid_grant', `A token passes through ${maxDepth} hands at most.`)
  return { sub: actorName(actor), ...(before && { act: before }) }
}

import { ApiError, notFound } from '../base/api-error.ts'
import type { Actor } from '../base/context.ts'
import type { Db } from '../policy-rows/types.ts'
import { userRow } from '../users/users.ts'
import type { UserRow } from '../users/users.ts'

/** The operator of an embedded gateway, who is no person: such a label is of nobody else. */
const isOperator = ({ userId, label }: Actor) => userId === undefined && label.startsWith('operator:')

/**
 * Whose token is made: the caller's. Only the operator makes one for another person: an administrator who did could act
 * as them.
 */
export async function ownerOf(db: Db, actor: Actor, named: string | undefined): Promise<UserRow> {
  if (named === undefined && isOperator(actor)) throw new ApiError('invalid_input', 'user: name the person whose token it is.')
  const owner = named === undefined ? await ownRow(db, actor) : await userRow(db, named)
  if (owner.id !== actor.userId && !isOperator(actor))
    throw new ApiError('forbidden', 'You may make personal access tokens of your own alone.')
  if (owner.kind === 'service')
    throw new ApiError('invalid_input', `${owner.handle} is a service account: it gets tokens with its client, at the token endpoint.`)
  if (owner.disabled) throw new ApiError('conflict', `${owner.handle} is disabled.`)
  return owner
}

async function ownRow(db: Db, { userId = '' }: Actor): Promise<UserRow> {
  const row = userId === '' ? undefined : await db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
  if (!row) throw new ApiError('forbidden', 'Only people have personal access tokens.')
  return row
}

/** Whose tokens are listed; undefined = everybody's. */
export async function whoseTokens(db: Db, actor: Actor, named: string | undefined): Promise<string | undefined> {
  if (named === undefined) return isOperator(actor) ? undefined : (actor.userId ?? actor.id)
  if (actor.administrator) return (await userRow(db, named)).id
  if (named === actor.label && actor.userId !== undefined) return actor.userId
  throw notFound('person', named)
}

/**
 * Who acts for a person with a token that ends in minutes must not make one that lasts. The operator may: nothing that
 * they could make is more than they have.
 */
export function refuseBorrowed({ through }: Actor): void {
  if (through === undefined || through.startsWith('operator:')) return
  throw new ApiError('forbidden', `${through} acts for you here: make the token when you are signed in yourself.`)
}

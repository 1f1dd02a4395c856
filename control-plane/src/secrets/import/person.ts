import { sql } from 'kysely'
import type { Db } from '../../policy-rows/types.ts'

export interface Person {
  id: string
  handle: string
}

/** Why nobody gets the tokens. unverified: somebody says that it is their address, and nobody vouches for that. */
export type NoPerson = 'none' | 'ambiguous' | 'unverified'

/** The person whom the last part of a key names: the subject of a provider, an e-mail address or a handle. */
export async function personOfKey(db: Db, key: string): Promise<Person | NoPerson> {
  const name = nameOf(key)
  if (name === '') return 'none'
  const small = name.toLowerCase()
  const people = db.selectFrom('users').select(['id', 'handle']).where('kind', '=', 'person').limit(2)
  const isAddress = sql<boolean>`lower(email) = ${small}`
  const rows = await people
    .where(({ and, eb, or }) => or([eb('subject', '=', name), and([isAddress, eb('email_verified', '=', true)]), eb('handle', '=', small)]))
    .execute()
  if (rows.length > 1) return 'ambiguous'
  return rows[0] ?? ((await people.where(isAddress).executeTakeFirst()) ? 'unverified' : 'none')
}

/** `team/alice.yaml` names alice. A subject may have been encoded for its path. */
function nameOf(key: string): string {
  const last = key.split('/').at(-1) ?? ''
  const name = last.replace(/\.(ya?ml|json)$/i, '')
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

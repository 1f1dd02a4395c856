import type { Db } from '../../policy-rows/types.ts'

export interface Person {
  id: string
  handle: string
}

/**
 * The person whom the last part of a key names: the subject of a provider, an e-mail address or a handle. `ambiguous`:
 * more than one; then nobody gets the tokens.
 */
export async function personOfKey(db: Db, key: string): Promise<Person | 'ambiguous' | undefined> {
  const name = nameOf(key)
  if (name === '') return undefined
  const small = name.toLowerCase()
  const rows = await db
    .selectFrom('users')
    .select(['id', 'handle'])
    .where('kind', '=', 'person')
    .where(({ eb, fn, or }) => or([eb('subject', '=', name), eb(fn<string>('lower', ['email']), '=', small), eb('handle', '=', small)]))
    .limit(2)
    .execute()
  return rows.length > 1 ? 'ambiguous' : rows[0]
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

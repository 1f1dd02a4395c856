import { randomBytes } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { secretPath } from '@bir/sdk/contract/secret-holder'
import type { SecretHolder } from '@bir/sdk/contract/secret-holder'
import type { Kysely, Transaction } from 'kysely'
import { masterKeyOf } from '../../../keys/master-key.ts'
import type { MasterKey } from '../../../keys/master-key.ts'
import { StoreFault } from '../store.ts'

/** Whose key seals a secret: `people/<id>`, `groups/<id>`, or `shared` for all that are shared. */
export const holderName = (holder: SecretHolder): string => secretPath({ holder, server: '' }).slice(0, -1)

/**
 * Deletes the data key of a holder, and with it all secrets that the embedded store has of them: what backups still
 * hold of the values cannot be opened with what is left here. Other stores have nothing to erase here.
 */
export async function eraseHolder(db: Kysely<Database>, holder: SecretHolder): Promise<void> {
  await db.deleteFrom('secret_keys').where('holder', '=', holderName(holder)).execute()
}

/** The data key of a holder, made where there is none. Nobody erases the holder before the transaction ends. */
export async function ensureHolderKey(trx: Transaction<Database>, master: MasterKey, holder: string): Promise<MasterKey> {
  await trx
    .insertInto('secret_keys')
    .values({ holder, wrapped: master.wrap(keyName(holder), randomBytes(32)) })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await trx.selectFrom('secret_keys').select('wrapped').where('holder', '=', holder).forKeyShare().executeTakeFirst()
  // Erased between the two statements.
  if (!row) throw new StoreFault('conflict', `The secrets of ${holder} were erased meanwhile.`, { retryable: true })
  return unwrapHolderKey(master, holder, row.wrapped)
}

/** Opens a data key. Throws `malformed` when another master key wrapped it. */
export function unwrapHolderKey(master: MasterKey, holder: string, wrapped: Uint8Array): MasterKey {
  try {
    return masterKeyOf(master.unwrap(keyName(holder), wrapped))
  } catch {
    throw new StoreFault(
      'malformed',
      `The key of the secrets of ${holder} does not open with this MASTER_KEY. Start the control plane with the MASTER_KEY that this database was made with, or put these secrets again.`,
    )
  }
}

const keyName = (holder: string) => `secret-key ${holder}`

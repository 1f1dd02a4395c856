import type { Database } from '@bir/db/schema'
import type { Transaction } from 'kysely'
import { endSessionsOf } from '../sessions/end-session.ts'
import { voidingEpoch } from '../users/users.ts'
import { insertAccount } from './account.ts'
import { accountsLeftOut, changedAccounts } from './declared.ts'
import type { DeclaredAccounts } from './declared.ts'

/** Writes the difference. Resolves with the buckets that it makes dirty. */
export async function writeAccounts(trx: Transaction<Database>, before: DeclaredAccounts, after: DeclaredAccounts): Promise<number[]> {
  const buckets: number[] = []
  for (const [, { id }] of accountsLeftOut(before, after)) {
    const out = { disabled: true, disabled_by_file: true, epoch: voidingEpoch(), updated_at: new Date() }
    const row = await trx.updateTable('users').set(out).where('id', '=', id).returning('bucket').executeTakeFirstOrThrow()
    await endSessionsOf(trx, id, 'the policy file leaves the account out')
    buckets.push(row.bucket)
  }
  for (const [handle, { id, title, administrator, standing }] of changedAccounts(before, after)) {
    const isBack = standing === 'out' ? { disabled: false, disabled_by_file: false } : {}
    const row =
      standing === 'new'
        ? await insertAccount(trx, { id, handle, title, administrator })
        : await trx
            .updateTable('users')
            .set({ name: title, administrator, updated_at: new Date(), ...isBack })
            .where('id', '=', id)
            .returning('bucket')
            .executeTakeFirstOrThrow()
    buckets.push(row.bucket)
  }
  return buckets
}

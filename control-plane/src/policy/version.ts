import { createHash } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { canonical } from '@bir/sdk/contract/canonical'
import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import type { Db } from '../policy-rows/types.ts'
import { fileOf } from './export.ts'
import { readState } from './state.ts'
import type { PolicyState } from './state.ts'

/** Which policy is in force. */
export async function version({ db, publisher }: Ctx) {
  const revision = await publisher.publish()
  const state = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((trx) => readState(trx, { withMembers: true }))
  return { policy: policyHash(state), revision }
}

/** The SHA-256 of all that a policy file can say, in hexadecimal. */
export const policyHash = (state: PolicyState): string =>
  createHash('sha256')
    .update(canonical(fileOf(state)))
    .digest('hex')

export interface Expectation {
  expectPolicy?: string | undefined
  expectRevision?: number | undefined
}

/** Refuses when the policy in force is not the expected one. Call it inside a change, which no other overtakes. */
export async function refuseUnexpected(trx: Transaction<Database>, expected: Expectation, state: PolicyState): Promise<void> {
  const { expectPolicy, expectRevision } = expected
  if (expectPolicy === undefined && expectRevision === undefined) return
  const isExpected = expectPolicy === undefined || expectPolicy === policyHash(state)
  const { revision, isDirty } = await publishedIn(trx)
  if (isExpected && (expectRevision === undefined || (revision === expectRevision && !isDirty))) return

  const known = expectRevision === undefined ? `policy ${expectPolicy}` : `revision ${expectRevision}`
  throw new ApiError(
    'conflict',
    `Nothing was changed: you expected ${known}, and in force is policy ${policyHash(state)}, revision ${revision}${isDirty ? ', with changes that are about to be published' : ''}.`,
  )
}

async function publishedIn(db: Db) {
  const { rows } = await sql<{ revision: string; dirty: boolean }>`
    select coalesce((select max(revision) from revisions), 0) as revision, exists (select from dirty) as dirty`.execute(db)
  return { revision: Number(rows[0]?.revision ?? 0), isDirty: rows[0]?.dirty === true }
}

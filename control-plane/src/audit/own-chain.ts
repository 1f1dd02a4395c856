import { sign } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { headerText, sha256 } from '@bir/sdk/chain'
import { AuditHeader, FIRST_PREV } from '@bir/sdk/contract/audit'
import { boundTexts } from '@bir/sdk/contract/audit-limits'
import { canonical } from '@bir/sdk/contract/canonical'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Kysely, Transaction } from 'kysely'
import type { RecordChange } from '../base/context.ts'
import type { SigningKey } from '../keys/key-rows.ts'
import { lockHead } from './ingest.ts'
import { appendLocked } from './store.ts'

type RecordFields = Partial<AuditHeader> & Pick<AuditHeader, 'kind'>

/**
 * The control plane's own audit chain: changes by administrators, and starts. All replicas write to the same chain.
 */
export interface OwnChain {
  recordChange: RecordChange
  /** Appends any other record, such as of a sign-in. */
  record: (trx: Transaction<Database>, fields: RecordFields) => Promise<void>
  /** Adds a signed head to the chain, unless the last record is one. */
  signHead: () => Promise<void>
}

export async function openOwnChain(db: Kysely<Database>, key: SigningKey): Promise<OwnChain> {
  const plane = key.kid
  const boot = uuidv7()

  const append = async (trx: Transaction<Database>, fieldsFor: (prev: string) => RecordFields, body?: object) => {
    const head = await lockHead(trx, plane)
    const args = body && canonical(body)
    const digests = args === undefined ? {} : { argsBytes: Buffer.byteLength(args), argsDigest: sha256(args) }
    const fields = boundTexts(fieldsFor(head.hash))
    const header = AuditHeader.parse({
      v: fields.sessionId === undefined ? 1 : 2,
      plane,
      seq: head.seq + 1,
      prev: head.hash,
      boot,
      atMs: Date.now(),
      ...fields,
      ...digests,
    })
    const text = headerText(header)
    const record = { hash: sha256(text), header, text, ...(args === undefined ? {} : { args }) }
    await appendLocked(trx, plane, head, [record], header.atMs)
  }

  await db.transaction().execute(async (trx) => {
    const emptyChain = { plane, seq: 0, hash: FIRST_PREV }
    await trx
      .insertInto('audit_chains')
      .values(emptyChain)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    await append(trx, () => ({ kind: 'boot' }))
  })

  return {
    recordChange: (trx, { actor, action, target, detail, summary, about }) => {
      const through = actor.through === undefined ? {} : { actor: actor.through }
      const person = actor.userId === undefined ? { actor: actor.label } : { subject: actor.userId, handle: actor.label, ...through }
      const fields = { kind: 'change', ...person, method: action, outcome: 'answered', detail: summary ?? target, ...about } as const
      return append(trx, () => fields, { action, target, ...(detail === undefined ? {} : { detail }) })
    },

    record: (trx, fields) => append(trx, () => fields),

    async signHead() {
      await db.transaction().execute(async (trx) => {
        const last = await trx
          .selectFrom('audit_headers')
          .select('kind')
          .where('plane', '=', plane)
          .orderBy('seq', 'desc')
          .limit(1)
          .executeTakeFirst()
        if (last?.kind === 'head') return
        const signatureOf = (prev: string) => sign(null, Buffer.from(prev), key.privateKey).toString('base64url')
        await append(trx, (prev) => ({ kind: 'head', signature: signatureOf(prev) }))
      })
    },
  }
}

import { createPublicKey } from 'node:crypto'
import { testDb } from '@bir/db/testing'
import { faultOf } from '@bir/sdk/chain'
import { FIRST_PREV } from '@bir/sdk/contract/audit'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { expect, test } from 'vitest'
import type { Ctx } from '../base/context.ts'
import { openKeyRing } from '../keys/key-ring.ts'
import { masterKeyOf } from '../keys/master-key.ts'
import { openOwnChain } from './own-chain.ts'
import { chains } from './chains.ts'
import { chain } from './read-chain.ts'

const admin = { id: 'operator:root', label: 'operator:root', administrator: true }

async function aChainOfChanges() {
  const made = await testDb()
  const { db }: Pick<Ctx, 'db'> = made
  const { audit } = await openKeyRing(db, masterKeyOf(Buffer.alloc(32, 1)))
  const records = async () => (await chain({ db } as Ctx, { plane: audit.kid, afterSeq: 0, first: 1000 })).records
  /** Verifies every link of the chain, and every signature. */
  const verified = async () => {
    const key = createPublicKey({ key: audit.jwk, format: 'jwk' })
    let head = { seq: 0, hash: FIRST_PREV }
    for (const record of await records()) {
      expect(faultOf(head, record, key)).toBeUndefined()
      head = { seq: record.header.seq, hash: record.hash }
    }
    return head.seq
  }
  return { db, audit, records, verified, open: () => openOwnChain(db, audit), [Symbol.asyncDispose]: () => made.drop() }
}

test('a change is recorded with actor, action and target, in the same transaction', async () => {
  await using made = await aChainOfChanges()
  const { recordChange } = await made.open()
  await made.db.transaction().execute((trx) => recordChange(trx, { actor: admin, action: 'grants.create', target: 'sql', detail: 'read' }))
  const alice = { id: 'a', label: 'alice', administrator: false, userId: '01890000-0000-7000-8000-000000000001' }
  const undone = made.db.transaction().execute(async (trx) => {
    await recordChange(trx, { actor: alice, action: 'selections.set', target: 'alice' })
    throw new Error('the change failed')
  })
  await expect(undone).rejects.toThrow('the change failed')
  await made.db.transaction().execute((trx) => recordChange(trx, { actor: alice, action: 'selections.set', target: 'sql' }))

  const [, first, second, ...more] = await made.records()
  expect(more).toEqual([])
  expect(first).toMatchObject({
    header: { kind: 'change', actor: 'operator:root', method: 'grants.create', detail: 'sql' },
    args: '{"action":"grants.create","detail":"read","target":"sql"}',
  })
  expect(second?.header).toMatchObject({ subject: alice.userId, handle: 'alice' })
  expect(second?.header.actor).toBeUndefined()
  expect(await made.verified()).toBe(3)
})

test('replicas that write at once write one valid chain', async () => {
  await using made = await aChainOfChanges()
  const replicas = [await made.open(), await made.open(), await made.open()]
  const write = (at: number) =>
    made.db.transaction().execute(async (trx) => {
      await replicas[at % 3]?.recordChange(trx, { actor: admin, action: 'users.put', target: `person-${at}` })
    })
  await Promise.all(Array.from({ length: 24 }, (_, at) => write(at)))
  expect(await made.verified()).toBe(27)
})

test('the head is signed only if records were added since the last signature', async () => {
  await using made = await aChainOfChanges()
  const { signHead, recordChange } = await made.open()
  await signHead()
  await signHead()
  expect((await made.records()).map(({ header }) => header.kind)).toEqual(['boot', 'head'])
  await made.db.transaction().execute((trx) => recordChange(trx, { actor: admin, action: 'users.put', target: 'alice' }))
  await signHead()
  expect(await made.verified()).toBe(4)
})

test('every chain is listed with its length and its public key', async () => {
  await using made = await aChainOfChanges()
  const { signHead } = await made.open()
  await signHead()
  const plane = uuidv7()
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'x' }
  await made.db
    .insertInto('planes')
    .values({ id: plane, name: 'local', public_jwk: JSON.stringify(key), sealing_jwk: '{}', internal_url: null })
    .execute()
  await made.db.insertInto('audit_chains').values({ plane, seq: 7, hash: FIRST_PREV }).execute()
  expect(await chains({ db: made.db, ownChainKey: made.audit.jwk } as Ctx)).toEqual({
    items: [
      { plane, name: 'local', publicKey: key, seq: 7 },
      { plane: made.audit.kid, name: 'control plane', publicKey: made.audit.jwk, seq: 2 },
    ],
    strays: [],
  })
})

import { generateKeyPairSync, sign } from 'node:crypto'
import { headerHash, sha256 } from '@bir/sdk/chain'
import { AuditHeader, FIRST_PREV } from '@bir/sdk/contract/audit'
import type { AuditRecord } from '@bir/sdk/contract/audit'
import { uuidv7 } from '@bir/sdk/contract/uuid'

type Said = Partial<AuditHeader> & { args?: string; result?: string }

/** Builds the chain of a plane: each record continues the chain. */
export function aChain(plane = uuidv7(), { privateKey, publicKey } = generateKeyPairSync('ed25519')) {
  let head = { seq: 0, hash: FIRST_PREV }
  const boot = uuidv7()

  const add = ({ args, result, ...said }: Said = {}): AuditRecord => {
    const header = AuditHeader.parse({
      v: 1,
      kind: 'call',
      plane,
      seq: head.seq + 1,
      prev: head.hash,
      boot,
      atMs: Date.now(),
      ...said,
      ...(args === undefined ? {} : { argsDigest: sha256(args) }),
      ...(result === undefined ? {} : { resultDigest: sha256(result) }),
      ...(said.kind === 'head' ? { signature: sign(null, Buffer.from(head.hash), privateKey).toString('base64url') } : {}),
    })
    head = { seq: header.seq, hash: headerHash(header) }
    return { hash: head.hash, header, ...(args === undefined ? {} : { args }), ...(result === undefined ? {} : { result }) }
  }
  return { plane, key: publicKey, add, many: (count: number, said?: Said) => Array.from({ length: count }, () => add(said)) }
}

export const ndjson = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('')

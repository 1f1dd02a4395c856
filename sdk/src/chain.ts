import { hash, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { AuditHeader, AuditRecord } from './contract/audit.ts'

export interface ChainHead {
  seq: number
  hash: string
}

export type ChainFault = { seq: number; fault: 'gap' | 'broken-link' | 'wrong-hash' | 'wrong-body' | 'wrong-signature' }

/** The hash of a record: SHA-256 of its header's canonical bytes. */
export const headerHash = (header: AuditHeader): string => sha256(headerText(header))

/** A header's canonical bytes. */
export const headerText = (header: AuditHeader): string => JSON.stringify(header)

export const sha256 = (text: string): string => hash('sha256', text, 'hex')

/**
 * Does this record follow that head, unaltered? Undefined when it does. Without a key, signatures are not looked at.
 * Whoever has made the header's canonical bytes already hands them over.
 */
export function faultOf(head: ChainHead, record: AuditRecord, key?: KeyObject, text?: string): ChainFault | undefined {
  const { header } = record
  const fault = (fault: ChainFault['fault']): ChainFault => ({ seq: header.seq, fault })
  if (header.seq !== head.seq + 1) return fault('gap')
  if (header.prev !== head.hash) return fault('broken-link')
  if (sha256(text ?? headerText(header)) !== record.hash) return fault('wrong-hash')
  if (!fits(record.args, header.argsDigest)) return fault('wrong-body')
  if (!fits(record.result, header.resultDigest)) return fault('wrong-body')
  if (header.kind === 'head' && key && !signed(header, key)) return fault('wrong-signature')
  return undefined
}

/** The digest is of the body as it was kept (redacted, cut); an erased body leaves it behind. */
const fits = (body: string | undefined, digest: string | undefined) => body === undefined || sha256(body) === digest

const signed = (header: AuditHeader, key: KeyObject) =>
  verify(null, Buffer.from(header.prev), key, Buffer.from(header.signature ?? '', 'base64url'))

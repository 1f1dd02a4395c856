import { hash, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { AuditHeader, AuditRecord, SetApart } from './contract/audit.ts'

/** The last record of a chain so far. Before the first record: `seq` 0 and `FIRST_PREV`. */
export interface ChainHead {
  seq: number
  hash: string
}

/** The first fault of a record. `seq` is the sequence number of that record. */
export type ChainFault = { seq: number; fault: 'gap' | 'broken-link' | 'wrong-hash' | 'wrong-body' | 'wrong-signature' }

/** The hash of a record: SHA-256 of its header's canonical text, in hex. */
export const headerHash = (header: AuditHeader): string => sha256(headerText(header))

/** The canonical text of a header: compact JSON with the keys in the order of `AuditHeader`. */
export const headerText = (header: AuditHeader): string => JSON.stringify(header)

/** SHA-256 of the UTF-8 bytes of a text, in lower-case hex. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex')

/**
 * Checks that a record follows a head and was not altered. Returns undefined when
 * it is so. `key` is the plane's public key; without it, signatures are not
 * checked. `text` is the header's canonical text, for callers that have it already.
 */
export function faultOf(head: ChainHead, record: AuditRecord, key?: KeyObject, text?: string): ChainFault | undefined {
  const { header } = record
  const fault = (fault: ChainFault['fault']): ChainFault => ({ seq: header.seq, fault })
  const brokenLink = linkFaultOf(head, header)
  if (brokenLink) return brokenLink
  if (sha256(text ?? headerText(header)) !== record.hash) return fault('wrong-hash')
  if (!fitsDigest(record.args, header.argsDigest)) return fault('wrong-body')
  if (!fitsDigest(record.result, header.resultDigest)) return fault('wrong-body')
  if (header.kind === 'head' && key && !isSigned(header, key)) return fault('wrong-signature')
  return undefined
}

/** The same for what stands in for a record that was set apart: its place in the chain is all that can be checked. */
export const standInFaultOf = (head: ChainHead, { apart }: SetApart): ChainFault | undefined => linkFaultOf(head, apart)

function linkFaultOf(head: ChainHead, { seq, prev }: AuditHeader): ChainFault | undefined {
  if (seq !== head.seq + 1) return { seq, fault: 'gap' }
  return prev === head.hash ? undefined : { seq, fault: 'broken-link' }
}

/**
 * The digest is of the body as it was stored (redacted and cut).
 * An erased body leaves its digest, so a missing body fits.
 */
const fitsDigest = (body: string | undefined, digest: string | undefined) => body === undefined || sha256(body) === digest

const isSigned = (header: AuditHeader, key: KeyObject) =>
  verify(null, Buffer.from(header.prev), key, Buffer.from(header.signature ?? '', 'base64url'))

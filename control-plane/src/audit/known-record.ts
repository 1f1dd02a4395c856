import { AuditHeader, AuditRecord, Outcome, RecordKind } from '@bir/sdk/contract/audit'
import { Level } from '@bir/sdk/contract/level'
import type { z } from 'zod'

type Check = (value: unknown) => boolean

const text: Check = (value) => typeof value === 'string'
const int: Check = Number.isSafeInteger
const sha256: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const id: Check = (value) =>
  typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value)
const oneOf = (values: readonly string[]): Check => {
  const known = new Set<unknown>(values)
  return (value) => known.has(value)
}

/** In the schema's order, which is that of the bytes the hash covers. */
const header: Record<keyof AuditHeader, Check> = {
  v: (value) => value === 1,
  kind: oneOf(RecordKind.options),
  plane: id,
  seq: (value) => int(value) && (value as number) > 0,
  prev: sha256,
  boot: id,
  atMs: int,
  call: id,
  subject: text,
  handle: text,
  actor: text,
  client: text,
  ip: text,
  userAgent: text,
  tokenId: text,
  endpoint: text,
  era: text,
  method: text,
  server: text,
  tool: text,
  level: oneOf(Level.options),
  outcome: oneOf(Outcome.options),
  reason: text,
  detail: text,
  httpStatus: int,
  rpcCode: int,
  revision: int,
  behind: (value) => value === true,
  durationUs: int,
  argsBytes: int,
  argsDigest: sha256,
  resultBytes: int,
  resultDigest: sha256,
  traceId: text,
  count: int,
  signature: text,
}

const isHeader = shaped(header, AuditHeader)
const isRecord = shaped({ hash: sha256, header: isHeader, args: text, result: text }, AuditRecord)

/**
 * What planes send, at a third of what the schema costs: a record that the schema takes as it stands, its keys in the
 * schema's order. Of anything else this says nothing: then the schema decides.
 */
export const isKnownRecord = (value: unknown): value is AuditRecord => isRecord(value)

/** Keys in the order of the checks, each as it should be, and none else. What must be there comes first, as in the schema. */
function shaped(checks: Record<string, Check>, { shape }: { shape: Record<string, z.ZodType> }): Check {
  const names = Object.keys(checks)
  const each = Object.values(checks)
  const required = Object.values(shape).filter((field) => !field.safeParse(undefined).success).length
  return (value) => {
    if (typeof value !== 'object' || value === null) return false
    const of = value as Record<string, unknown>
    let keys = 0
    let place = 0
    // What JSON made has no keys but its own.
    for (const key in of) {
      if (keys < required && key !== names[keys]) return false
      while (place < names.length && names[place] !== key) place++
      if (!each[place]?.(of[key])) return false
      place++
      keys++
    }
    return keys >= required
  }
}

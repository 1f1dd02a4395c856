import { AuditHeader, AuditRecord, Outcome, RecordKind } from '@bir/sdk/contract/audit'
import { Level } from '@bir/sdk/contract/level'
import type { z } from 'zod'

type Check = (value: unknown) => boolean

const isText: Check = (value) => typeof value === 'string'
const isInteger: Check = Number.isSafeInteger
const isSha256: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isId: Check = (value) =>
  typeof value === 'string' && /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(value)
const isOneOf = (values: readonly string[]): Check => {
  const allowed = new Set<unknown>(values)
  return (value) => allowed.has(value)
}

/**
 * The checks by hand, in the order of the schema, which is also the order of the bytes that the hash covers. They
 * repeat the fields of the schema, because checks derived from it would cost as much as the schema does. The type and
 * the tests hold the two together.
 */
const headerChecks: Record<keyof AuditHeader, Check> = {
  v: (value) => value === 1 || value === 2,
  kind: isOneOf(RecordKind.options),
  plane: isId,
  seq: (value) => isInteger(value) && (value as number) > 0,
  prev: isSha256,
  boot: isId,
  atMs: isInteger,
  call: isId,
  subject: isText,
  handle: isText,
  actor: isText,
  client: isText,
  ip: isText,
  userAgent: isText,
  tokenId: isText,
  endpoint: isText,
  era: isText,
  method: isText,
  server: isText,
  tool: isText,
  level: isOneOf(Level.options),
  outcome: isOneOf(Outcome.options),
  reason: isText,
  detail: isText,
  httpStatus: isInteger,
  rpcCode: isInteger,
  revision: isInteger,
  behind: (value) => value === true,
  durationUs: isInteger,
  argsBytes: isInteger,
  argsDigest: isSha256,
  resultBytes: isInteger,
  resultDigest: isSha256,
  traceId: isText,
  count: isInteger,
  signature: isText,
  offline: (value) => value === true,
  sessionId: isText,
}

const isHeader = checkOf(headerChecks, AuditHeader)
const isRecord = checkOf({ hash: isSha256, header: isHeader, args: isText, result: isText }, AuditRecord)

/**
 * A fast check of a record as planes send it: valid for the schema, with its keys in the order of the schema. It
 * costs a third of the schema. False means only that the schema must decide.
 */
export const isKnownRecord = (value: unknown): value is AuditRecord => isRecord(value)

/**
 * Makes one check of many: each key passes its check, the keys have the order of the checks, and there are no others.
 * Required keys come first, as in the schema.
 */
function checkOf(checks: Record<string, Check>, { shape }: { shape: Record<string, z.ZodType> }): Check {
  const names = Object.keys(checks)
  const checkList = Object.values(checks)
  const required = Object.values(shape).filter((field) => !field.safeParse(undefined).success).length
  return (value) => {
    if (typeof value !== 'object' || value === null) return false
    const record = value as Record<string, unknown>
    let keys = 0
    let place = 0
    // JSON.parse made the object, so it has no inherited keys.
    for (const key in record) {
      if (keys < required && key !== names[keys]) return false
      while (place < names.length && names[place] !== key) place++
      if (!checkList[place]?.(record[key])) return false
      place++
      keys++
    }
    return keys >= required
  }
}

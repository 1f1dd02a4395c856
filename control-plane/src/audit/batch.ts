import { headerText } from '@bir/sdk/chain'
import { AuditRecord, SetApart } from '@bir/sdk/contract/audit'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { isKnownRecord } from './known-record.ts'
import type { RecordToStore } from './store.ts'

export class BatchFault extends Error {
  override readonly name = 'BatchFault'
}

/** Parses a batch: one record per line. Throws a `BatchFault` whose message the plane can log. */
export function parseBatch(text: string, plane: string): RecordToStore[] {
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line, at) => {
    const value = jsonOf(line)
    const standIn = isKnownRecord(value) ? undefined : SetApart.safeParse(value).data
    const { hash, header, args, result } = standIn ? { hash: standIn.hash, header: standIn.apart } : recordOf(value, at + 1)
    if (header.plane !== plane) throw new BatchFault(`line ${at + 1} is of another plane`)
    if (standIn) return { hash, header, text: JSON.stringify(standIn), standIn }
    return {
      hash,
      header,
      text: headerText(header),
      ...(args === undefined ? {} : { args }),
      ...(result === undefined ? {} : { result }),
    }
  })
}

function recordOf(value: unknown, line: number): AuditRecord {
  if (isKnownRecord(value)) return value
  const record = AuditRecord.safeParse(value)
  if (record.success) return record.data
  throw new BatchFault(`line ${line} is no audit record: ${schemaFaults(record.error)}`)
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

import type { AuditHeader } from '@bir/sdk/contract/audit'

/** The fields of a record's header that the spool sets: the record's place in the chain, and its bodies' digests. */
const spoolFields = ['v', 'plane', 'seq', 'prev', 'boot', 'argsBytes', 'argsDigest', 'resultBytes', 'resultDigest'] as const

/** The fields of a record's header that the writer of the record decides. */
export type AuditFields = Omit<AuditHeader, (typeof spoolFields)[number]>

/** The fields of a record that was read back, to write another record with them. */
export function auditFieldsOf(header: AuditHeader): AuditFields {
  const fields: Partial<AuditHeader> & AuditFields = { ...header }
  for (const field of spoolFields) delete fields[field]
  return fields
}

export interface Bodies {
  args?: string | undefined
  result?: string | undefined
}

/** The audit spool as the pipeline uses it. */
export interface Journal {
  /** Throws `unavailable` when nothing can be recorded now. */
  ready(): void
  /** Resolves once the record is written; when `synced`, once it is on the disk. */
  record(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void>
  /**
   * Records a refusal that can come very often: of a person who calls too often or whose token is refused, or of a
   * sender who is unknown (without `subject`). Beyond the first in a second (of
   * strangers: 50) they are counted instead.
   */
  refusal(fields: AuditFields, bodies: Bodies, synced?: boolean): Promise<void>
}

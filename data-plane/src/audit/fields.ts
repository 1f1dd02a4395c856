import type { AuditHeader } from '@bir/sdk/contract/audit'

/** What a record says beyond its place in the chain. */
export type AuditFields = Omit<
  AuditHeader,
  'v' | 'plane' | 'seq' | 'prev' | 'boot' | 'argsBytes' | 'argsDigest' | 'resultBytes' | 'resultDigest'
>

export interface Bodies {
  args?: string | undefined
  result?: string | undefined
}

/** The audit spool as the pipeline sees it. */
export interface Journal {
  /** Throws `unavailable` when nothing can be recorded now. */
  ready(): void
  /** Resolves once the record is written, or synced where asked. */
  record(fields: AuditFields, bodies: Bodies, synced: boolean): Promise<void>
  /** A refusal of somebody unknown: written, or summed up when there are too many. */
  refusal(fields: AuditFields, bodies: Bodies): Promise<void>
}

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

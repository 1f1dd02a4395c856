import type { ToolErrorCode } from '@bir/sdk/contract/errors'
import type { Format } from '../data/limits.ts'

/**
 * What the plane sends to the process that draws. A spec travels as text: only that process parses it. `timezone` is a
 * name of the IANA database, else the clock of the chart shows UTC.
 */
export type Job = { kind: 'render'; spec: string; format: Format; timezone?: string } | { kind: 'validate'; spec: string }

export interface Picture {
  format: Format
  /** 0 when the format is `spec`: then nothing is drawn. */
  width: number
  height: number
  /** Base64 for png, the text itself for svg and spec. */
  content: string
  warnings: string[]
}

export interface Finding {
  /** Such as `encoding.x.type`. Empty for the spec itself. */
  path: string
  message: string
  hint?: string
}

export interface Findings {
  errors: Finding[]
  warnings: string[]
}

export interface Fault {
  code: ToolErrorCode
  message: string
  hint?: string
}

/** The signal with which that process ends itself when a job has used up its CPU time. */
export const CPU_LIMIT_SIGNAL = 'SIGVTALRM'

/**
 * What that process sends: that the job has begun (its own start is over, the job's time runs), then the result or
 * the fault.
 */
export type Reply = { begun: true } | { done: Picture | Findings } | { fault: Fault }

/** The field `hint` if there is a hint, else no field: `exactOptionalPropertyTypes` allows no undefined. */
export const hintField = ({ hint }: { hint?: string }) => (hint === undefined ? {} : { hint })

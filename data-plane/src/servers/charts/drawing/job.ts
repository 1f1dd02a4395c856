import type { ToolErrorCode } from '@bir/sdk/contract/errors'
import type { Format } from '../data/limits.ts'

/** What the plane asks of the process that draws. A spec travels as text: it is data until it is parsed over there. */
export type Job = { kind: 'render'; spec: string; format: Format } | { kind: 'validate'; spec: string }

export interface Picture {
  format: Format
  /** 0 for a spec, which is not drawn. */
  width: number
  height: number
  /** Base64 for png, the text itself for svg and spec. */
  content: string
  warnings: string[]
}

export interface Finding {
  /** As in `encoding.x.type`; empty for the spec itself. */
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

/** How that process ends itself when a job has taken all the time of the processor that one may. */
export const SPENT = 'SIGVTALRM'

/** What that process says: that it has begun (its start-up is over, the clock runs), then how it went. */
export type Reply = { begun: true } | { done: Picture | Findings } | { fault: Fault }

/** A hint that is not there is left out, not undefined. */
export const hinted = ({ hint }: { hint?: string }) => (hint === undefined ? {} : { hint })

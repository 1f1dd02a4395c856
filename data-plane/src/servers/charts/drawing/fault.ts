import type { Fault } from './job.ts'

/** Why a chart is not drawn, in words for the caller. */
export class RenderFault extends Error {
  readonly fault: Fault

  constructor(fault: Fault) {
    super(fault.message)
    this.fault = fault
  }
}

import { ToolError } from '@bir/sdk/contract/errors'
import type { Verdict } from '../guard/guard.ts'
import { toToolError } from './session/errors.ts'

/**
 * Runs the text that the guard made. An error tells the place of a fault in the text that the person wrote, and which
 * columns it may be due to, because their values are masks.
 */
export async function placingErrors<T>({ originalPosition, usedMasks }: Verdict, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    const toolError = toToolError(shiftPosition(error, originalPosition))
    if (toolError.code !== 'invalid_input' || usedMasks.length === 0) throw toolError
    const hint = `Masked for you, and so texts like "•••42": ${usedMasks.join(', ')}. ${toolError.hint ?? ''}`.trim()
    throw new ToolError(toolError.code, toolError.message, { hint, cause: error })
  }
}

/** The error with another place in the statement. PostgreSQL gives it as a text of digits. */
export function shiftPosition(error: unknown, shift: (position: number) => number): unknown {
  const { position } = error as { position?: unknown }
  if (typeof position !== 'string' || !/^\d+$/.test(position)) return error
  return Object.assign(error as object, { position: String(shift(Number(position))) })
}

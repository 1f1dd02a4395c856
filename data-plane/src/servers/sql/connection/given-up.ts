import { ToolError } from '@bir/sdk/contract/errors'
import type { OpenConnection } from './open-connection.ts'

/** Why a call has no answer although nothing failed: its time is over, or nobody waits for it any more. */
export function givenUp({ signal, timeoutMs }: Pick<OpenConnection, 'signal' | 'timeoutMs'>, cause?: unknown): ToolError {
  const isOver = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  if (!isOver) return new ToolError('timed_out', 'The call was given up and its query stopped.', { retryable: true, cause })
  return new ToolError('timed_out', `The query took longer than ${timeoutMs / 1000} s and was stopped.`, {
    hint: 'Narrow it: fewer rows, a condition on an index.',
    cause,
  })
}

import type { ApiErrorCode } from '@bir/sdk/contract/api'
import { z } from 'zod'

/** A refused or failed operation. Its message is for the caller: plain words, nothing of the inside. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode

  constructor(code: ApiErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  /** What the API may answer: anything that is not ours becomes `internal` and keeps its words to itself. */
  static from(error: unknown): ApiError {
    if (error instanceof ApiError) return error
    if (error instanceof z.ZodError) return new ApiError('invalid_input', z.prettifyError(error), { cause: error })
    if (isUniqueViolation(error)) return new ApiError('conflict', 'It exists already.', { cause: error })
    return new ApiError('internal', 'The control plane made a mistake. It is logged; try again or tell an operator.', { cause: error })
  }
}

/** Postgres' own code, whatever the driver wraps it in. */
const isUniqueViolation = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '23505'

export const notFound = (kind: string, name: string) => new ApiError('not_found', `There is no ${kind} ${name}.`)

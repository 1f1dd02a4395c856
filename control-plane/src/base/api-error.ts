import type { ApiErrorCode } from '@bir/sdk/contract/api'
import type { ApiReason } from '@bir/sdk/contract/audit-reasons'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { z } from 'zod'
import { outageText } from './outage.ts'

/**
 * An operation of the API that was refused or failed. The message is for the caller and shows nothing internal. It
 * knows no protocol: tRPC and GraphQL each turn it into an error of their own. Outside the API (tokens, planes, the
 * HTTP server itself) the error is a `Refusal` (base/http.ts), which knows its HTTP status.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  /** The word of the audit record, where a caller is refused. */
  readonly reason: ApiReason | undefined

  constructor(code: ApiErrorCode, message: string, { reason, ...options }: { cause?: unknown; reason?: ApiReason } = {}) {
    super(message, options)
    this.code = code
    this.reason = reason
  }

  /**
   * Turns anything thrown into an `ApiError`. An unknown error becomes `internal`, and the caller never sees its
   * text.
   */
  static from(error: unknown): ApiError {
    if (error instanceof ApiError) return error
    if (error instanceof z.ZodError) return new ApiError('invalid_input', schemaFaults(error), { cause: error })
    const outage = outageText(error)
    if (outage !== undefined) return new ApiError('unavailable', outage, { cause: error })
    if (isUniqueViolation(error)) return new ApiError('conflict', 'It exists already.', { cause: error })
    return new ApiError('internal', 'The control plane made a mistake. It is logged; try again or tell an operator.', { cause: error })
  }
}

/** 23505 is the code of Postgres for `unique_violation`. */
const isUniqueViolation = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '23505'

export const notFound = (kind: string, name: string) => new ApiError('not_found', `There is no ${kind} ${name}.`)

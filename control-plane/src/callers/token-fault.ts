import type { ApiReason } from '@bir/sdk/contract/audit-reasons'
import { errors } from 'jose'
import { ApiError } from '../base/api-error.ts'
import { errorText } from '../base/log.ts'

/** Why the API does not take a token. `apiAudience`: what a token must be for. */
export const tokenFault = (error: unknown, token: string, apiAudience: string): ApiError =>
  new ApiError('unauthenticated', tokenFaultText(error, token, apiAudience), { cause: error, reason: reasonOf(error) })

function reasonOf(error: unknown): ApiReason {
  if (error instanceof errors.JWTExpired) return 'token-expired'
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud' ? 'token-wrong-audience' : 'token-invalid'
}

/** The same, in a sentence for whoever sent it. */
function tokenFaultText(error: unknown, token: string, apiAudience: string): string {
  if (token.startsWith('bir_pat_'))
    return 'A personal access token is for MCP alone: take a token for the API, with "bir login" or as a service account.'
  if (error instanceof errors.JWTExpired) return 'Sign in again: this token has expired.'
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
    return `This token is not for the API: ask for one with the resource ${apiAudience}. "bir login" does; so does "bir token <person> --api".`
  if (error instanceof errors.JOSEError) return 'This is no access token of this gateway, or it is not whole. Sign in again.'
  return `Sign in again: ${errorText(error).replace(/\.$/, '')}.`
}

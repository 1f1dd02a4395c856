import { Refusal } from '../base/http.ts'

type OAuthCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'

/**
 * Makes the `Refusal` for an error of the token endpoint (RFC 6749 §5.2, RFC 8693 §2.2.2). The message never repeats
 * what the client sent.
 */
export const oauthError = (code: OAuthCode, message: string, facts: object = {}): Refusal =>
  new Refusal(code === 'temporarily_unavailable' ? 503 : 400, code, message, facts)

import { Refusal } from '../base/http.ts'

type OAuthCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_target'
  | 'unsupported_grant_type'
  | 'temporarily_unavailable'

/** A refusal of the token endpoint (RFC 6749 §5.2, RFC 8693 §2.2.2). Its words never repeat what was sent. */
export const oauthError = (code: OAuthCode, says: string, facts: object = {}): Refusal =>
  new Refusal(code === 'temporarily_unavailable' ? 503 : 400, code, says, facts)

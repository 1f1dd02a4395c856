import type { OAuthReason } from '@bir/sdk/contract/audit-reasons'
import { Refusal } from '../http.ts'

/** Every error code that this server answers with, and the HTTP status of each. */
const statusOf = {
  /* RFC 6749, sections 4.1.2.1 and 5.2 */
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_response_type: 400,
  invalid_scope: 400,
  access_denied: 403,
  server_error: 500,
  temporarily_unavailable: 503,
  /* RFC 8707, section 2; RFC 8693, section 2.2.2 */
  invalid_target: 400,
  /* RFC 7591, section 3.2.2; RFC 6750, section 3.1 */
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  invalid_token: 401,
  /* RFC 8628, section 3.5 */
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  /* OpenID Connect Core, section 3.1.2.6 */
  login_required: 400,
  consent_required: 400,
  interaction_required: 400,
} as const

export type OAuthCode = keyof typeof statusOf

/** Whose a token, code or session is that was refused, as the gateway knows it. */
export interface Holder {
  user: { id: string; handle: string }
  sessionId?: string | undefined
  tokenId?: string | undefined
}

interface Details {
  /** The word of the audit record. */
  reason?: OAuthReason
  /** What a page names beside it: the name of a client, or the host of its document. */
  about?: string | undefined
  /** For the audit alone: whose token, code or session it was, and what an administrator should know. */
  whose?: Holder | undefined
  recordDetail?: string | undefined
  facts?: object
  headers?: Record<string, string>
}

/**
 * The error of an OAuth request. The message helps whoever builds the client. It never repeats what was sent, and never
 * says whether a secret was nearly right.
 */
export class OAuthError extends Refusal {
  readonly code: OAuthCode
  /** The word of the audit record. */
  readonly reason: OAuthReason
  readonly about: string | undefined
  readonly whose: Holder | undefined
  readonly recordDetail: string | undefined

  constructor(code: OAuthCode, message: string, { reason = code, about, whose, recordDetail, facts = {}, headers = {} }: Details = {}) {
    super(statusOf[code], code, message, facts, headers)
    this.code = code
    this.reason = reason
    this.about = about
    this.whose = whose
    this.recordDetail = recordDetail
  }
}

export const oauthError = (code: OAuthCode, message: string, facts: object = {}): OAuthError => new OAuthError(code, message, { facts })

import { REASONS } from './decide.ts'
import { ERRORS, TOOL_ERRORS } from './errors.ts'

/** What an audit record may have as its `reason`, besides a refusal of the policy and the code of an error. */
const otherReasons = [
  'plane-expelled',
  'policy-stale',
  // The policy names a secret that the store has no more; nobody could say whether it has.
  'secret-changed',
  'secret-store-away',
  'no-policy',
  'token-missing',
  'token-malformed',
  'token-invalid',
  'token-expired',
  'token-wrong-audience',
  'token-wrong-scope',
  'token-revoked',
  'session-revoked',
  'token-before-epoch',
  'binding-network',
  'binding-user-agent',
  'rate-limited',
  'plane-busy',
  'plane-stopped',
  'foreign-origin',
  'foreign-host',
  'upstream-error',
  'upstream-protocol',
  'look-alike-name',
  'app-only',
  'not-offered-to-client',
  'unknown-task',
  'cancelled',
  'client-refused',
  'home-gone',
  'audit-unavailable',
  'process-ended',
  'set-apart',
]

/** What a record of a sign-in, a consent, a token or a registration may have as its `reason`. */
export const OAUTH_REASONS = [
  // The code of the error that the client got.
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'invalid_scope',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'invalid_target',
  'invalid_redirect_uri',
  'invalid_client_metadata',
  'invalid_token',
  'authorization_pending',
  'slow_down',
  'expired_token',
  'login_required',
  'consent_required',
  'interaction_required',
  'too_large',
  // The request came from another network or program than the session is bound to.
  'binding-network',
  'binding-user-agent',
  // What the page said.
  'unknown-client',
  'client-not-allowed',
  'wrong-redirect',
  'faulty-request',
  'unreachable-client-document',
  'untrusted-client-document',
  'failing-client-document',
  'faulty-client-document',
  'client-documents-off',
  'unknown-resource',
  'sign-in-expired',
  'other-browser',
  'cookies-blocked',
  'network-changes',
  'code-used',
  'stale-form',
  'too-many-attempts',
  'sign-in-cancelled',
  'unknown-provider',
  'no-provider',
  'missing-claims',
  'account-disabled',
  'access-refused',
  'foreign-form',
  'page-not-found',
  'try-later',
  'server-error',
  // What was wrong, more exactly than the answer says it.
  'pkce-missing',
  'pkce-downgrade',
  'redirect-mismatch',
  'browser-mismatch',
  'provider-mix-up',
  'state-missing',
  'csrf',
  'answered-already',
  'consent-denied',
  'foreign-return',
  'person-disabled',
  'code-unknown',
  'code-verifier-wrong',
  'code-redirect-wrong',
  'code-replayed',
  'code-expired',
  'refresh-unknown',
  'refresh-replayed',
  'session-ended',
  'device-denied',
  'device-code-unknown',
  'device-code-replayed',
  'user-code-unknown',
  'client-unauthenticated',
  // What went wrong with an identity provider, or with its sign-in.
  'provider-unknown',
  'provider-unreachable',
  'provider-down',
  'provider-slow',
  'provider-failing',
  'provider-invalid',
  'provider-certificate',
  'provider-misconfigured',
  'provider-refused',
  'faulty-provider',
  'unknown-provider-key',
  'client-refused',
  'sign-in-denied',
  'sign-in-mismatch',
  'token-refused',
  'clock-off',
  'claims-refused',
  'handle-taken',
  'unavailable',
  'internal',
] as const
export type OAuthReason = (typeof OAUTH_REASONS)[number]

export const isOAuthReason = (word: string): word is OAuthReason => (OAUTH_REASONS as readonly string[]).includes(word)

/** What a record of a refused call of the control plane's API may have as its `reason`. */
export const API_REASONS = [
  // The token or the browser's session, in the words of the planes.
  'token-invalid',
  'token-expired',
  'token-wrong-audience',
  'token-revoked',
  'session-revoked',
  'token-before-epoch',
  'binding-network',
  'binding-user-agent',
  'person-disabled',
  // Who calls is known, and may not do this.
  'not-administrator',
  'forbidden',
] as const
export type ApiReason = (typeof API_REASONS)[number]

/** Two have something that one should have: a code, a refresh token, an access token or a cookie may be stolen. */
const theftReasons: ReadonlySet<string | undefined> = new Set([
  'code-replayed',
  'device-code-replayed',
  'refresh-replayed',
  'binding-network',
  'binding-user-agent',
  // What comes of a session that was ended, perhaps for one of these.
  'session-ended',
  'session-revoked',
])

/** Whether a refusal for this reason may tell of a theft, so that no flood of others may hide it. */
export const tellsOfTheft = (reason: string | undefined): boolean => theftReasons.has(reason)

/**
 * The reasons that the planes of this version write; docs/audit.md says what they mean. A plane of another version may
 * write others.
 */
export const AUDIT_REASONS: ReadonlySet<string> = new Set([
  ...REASONS,
  ...Object.keys(ERRORS),
  ...TOOL_ERRORS,
  ...otherReasons,
  ...OAUTH_REASONS,
  ...API_REASONS,
])

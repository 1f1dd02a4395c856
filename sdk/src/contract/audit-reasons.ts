import { REASONS } from './decide.ts'
import { ERRORS, TOOL_ERRORS } from './errors.ts'

/** What an audit record may have as its `reason`, besides a refusal of the policy and the code of an error. */
const otherReasons = [
  'plane-expelled',
  'policy-stale',
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

/**
 * The reasons that the planes of this version write; docs/audit.md says what they mean. A plane of another version may
 * write others.
 */
export const AUDIT_REASONS: ReadonlySet<string> = new Set([...REASONS, ...Object.keys(ERRORS), ...TOOL_ERRORS, ...otherReasons])

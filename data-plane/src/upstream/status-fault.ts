import { CredentialFault, rateLimitFault, unreachableFault } from './faults.ts'
import type { UpstreamFault } from './upstream.ts'

/** The server refused the credential of the gateway. */
export const refusesCredential = (status: number): boolean => status === 401 || status === 403

/**
 * The fault of a status that means the same in both eras, whatever was sent. Undefined for a status that the caller
 * must judge. `detail` is for the record of a server that is down.
 */
export function statusFault(status: number, detail: string, retryAfter?: string): UpstreamFault | undefined {
  if (refusesCredential(status)) return new CredentialFault(status)
  if (status === 429) return rateLimitFault(retryAfter)
  return status >= 500 ? unreachableFault(detail) : undefined
}

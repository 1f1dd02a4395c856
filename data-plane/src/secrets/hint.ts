import { secretPage } from '@bir/sdk/contract/secret-form'

/** What to do about a secret, in one sentence. `portalUrl` is undefined where the plane knows no portal. */
export function secretHint(server: string, portalUrl: string | undefined): string {
  const command = `run "bir secret put ${server}"`
  return portalUrl === undefined ? `To give one, ${command}.` : `Give one at ${secretPage(portalUrl, server)}, or ${command}.`
}

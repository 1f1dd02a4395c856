import type { ClientPolicy } from '@bir/sdk/contract/client-policy'
import type { OAuthClient } from './client.ts'

type Known = Pick<OAuthClient, 'id' | 'kind' | 'host' | 'redirectUris' | 'isPortal'> & { handle?: string | null }

/**
 * Whether the policy admits a client. What an administrator created, or this program brings along, is admitted by that;
 * the others are listed by id, or by the host of their metadata document or of all their redirect URIs.
 */
export function isAdmitted({ allow, listed, domains }: ClientPolicy, client: Known): boolean {
  if (allow === 'any' || ['built-in', 'administered', 'service'].includes(client.kind)) return true
  return listed.includes(client.id) || isOfHosts(domains, client)
}

/** Whether an administrator trusts the client by its id, as they saw it then: listed it, or approved it. */
export const isNamed = ({ listed, approved }: ClientPolicy, clientId: string): boolean =>
  listed.includes(clientId) || approved.includes(clientId)

/** Whether an administrator consented to the client for everybody. A portal is made with that. */
export function isApproved({ approved }: ClientPolicy, client: Known): boolean {
  if (client.isPortal || approved.includes(client.id) || (client.handle != null && approved.includes(client.handle))) return true
  return isOfHosts(approved, client)
}

/** An administrator created or approved the client, or this program brings it along. */
export const isVouchedFor = ({ kind, isApproved: approved }: Pick<OAuthClient, 'kind' | 'isApproved'>): boolean =>
  approved || kind === 'built-in' || kind === 'administered' || kind === 'service'

/**
 * Whether a link to this gateway may lead a browser on to an address of the client without a click. Anybody may
 * register a site, and a link to it would look like one to the gateway (RFC 9700, section 4.11.2). What runs on the
 * person's own machine is no such site.
 */
export function mayLeadTo(client: OAuthClient, address: string): boolean {
  return isVouchedFor(client) || !address.startsWith('https://')
}

/**
 * Whoever registers may claim any name. What they cannot claim is the host that codes go to: if all go to a host of the
 * list, the client is at home there.
 */
function isOfHosts(patterns: readonly string[], { kind, host, redirectUris }: Known): boolean {
  if (kind === 'built-in' || kind === 'service') return false
  if (kind === 'document') return host !== undefined && patterns.some((pattern) => covers(pattern, host))
  const isCovered = (uri: string) => uri.startsWith('https://') && patterns.some((pattern) => covers(pattern, new URL(uri).host))
  return redirectUris.length > 0 && redirectUris.every(isCovered)
}

/** `*.example.com` stands for all hosts below `example.com`, and not for itself. */
const covers = (pattern: string, host: string): boolean =>
  pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern

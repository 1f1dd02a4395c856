/** Where the answer to a client goes, as a person should see it. */
export interface RedirectTarget {
  kind: 'web' | 'this-computer' | 'app'
  /** The host with its port, or the scheme of an app. */
  shown: string
  /** How a `Content-Security-Policy` names it; `anywhere` where it cannot. */
  formsLeadTo: readonly [string] | 'anywhere'
}

/**
 * `redirectUri` is one that the client registered, so it is well-formed. An app on the device has a scheme of its own
 * (RFC 8252 §7.1).
 */
export function redirectTargetOf(redirectUri: string): RedirectTarget {
  const { protocol, host, hostname, origin } = new URL(redirectUri)
  if (protocol !== 'https:' && protocol !== 'http:') return { kind: 'app', shown: protocol, formsLeadTo: [protocol] }
  const isHere = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  return { kind: isHere ? 'this-computer' : 'web', shown: host, formsLeadTo: isNameable(hostname) ? [origin] : 'anywhere' }
}

/** CSP level 3, §2.3.1 and §6.7.2.8: no IPv6 address, no IPv4 address but 127.0.0.1, and only plain letters. */
const isNameable = (hostname: string) => hostname === '127.0.0.1' || (/^[a-z0-9.-]+$/.test(hostname) && !/^[\d.]+$/.test(hostname))

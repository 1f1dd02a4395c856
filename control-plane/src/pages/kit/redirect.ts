/** Where the answer to a client goes, as a person should see it. */
export interface RedirectTarget {
  kind: 'web' | 'this-computer' | 'app'
  /** The host with its port, or how addresses of an app begin. */
  shown: string
}

/**
 * `redirectUri` is one that the client registered, so it is well-formed. An app on the device has a scheme of its own
 * (RFC 8252 §7.1).
 */
export function redirectTargetOf(redirectUri: string): RedirectTarget {
  const { protocol, host, hostname } = new URL(redirectUri)
  if (protocol !== 'https:' && protocol !== 'http:') return { kind: 'app', shown: `${protocol}//` }
  const isHere = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
  return { kind: isHere ? 'this-computer' : 'web', shown: host }
}

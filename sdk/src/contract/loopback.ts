/** The IPv4 loopback address. A process that listens here is reached from this machine alone. */
export const LOOPBACK_HOST = '127.0.0.1'

/** Every host name that stands for this machine alone (RFC 6761, section 6.3; RFC 6890). IPv6 has no brackets here. */
export const LOOPBACK_HOSTS = [LOOPBACK_HOST, '::1', 'localhost'] as const

/** A host as a URL and a `Host` header write it: an IPv6 address gets brackets (RFC 3986, section 3.2.2). */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

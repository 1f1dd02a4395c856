/** The names of the loopback interface, as a URL or a `Host` header writes them: IPv6 in brackets. */
const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether a `Host` header names the loopback interface, with a port or without. */
export const isLoopbackHost = (host: string): boolean => loopbackHosts.includes(host.toLowerCase().replace(/:\d+$/, ''))

/**
 * Whether a server that listens on this address can be reached from this machine only. IPv6 comes without brackets.
 */
export const isLoopbackAddress = (address: string): boolean => loopbackHosts.includes(address) || loopbackHosts.includes(`[${address}]`)

/** Whether a connection comes from this machine. A socket that serves IPv6 and IPv4 shows IPv4 as `::ffff:127.…`. */
export const isLoopbackPeer = (peer: string): boolean => peer === '::1' || /^(::ffff:)?127\./.test(peer)

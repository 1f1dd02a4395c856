/** How a service over HTTP is reached. */
interface Way {
  readonly url: string
  readonly proxy?: { readonly url: string } | undefined
}

/** An address with its path, which ends with a slash: what lies beside it on the same host is another service. */
export function addressWithPath(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname.replace(/\/+$/, '')}/`
}

/**
 * To whom a secret is shown that goes to this service: its address, and the proxy where the way is not encrypted, for
 * then the proxy reads along. Behind https it sees nothing of it.
 */
export function httpAudience({ url, proxy }: Way): string {
  const address = addressWithPath(url)
  return proxy && new URL(url).protocol === 'http:' ? `${address} proxy=${new URL(proxy.url).origin}` : address
}

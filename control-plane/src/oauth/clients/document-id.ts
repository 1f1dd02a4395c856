/** Whether an id is meant to be the URL of a client id metadata document. No other id has a scheme. */
export const looksLikeDocumentId = (clientId: string): boolean => /^https?:/i.test(clientId)

const maxLength = 1000

/**
 * Says why a URL cannot be the id of a client (draft-ietf-oauth-client-id-metadata-document, section 3). It must be
 * written as a browser writes it, because ids are compared letter by letter.
 */
export function documentIdFault(clientId: string): string | undefined {
  if (clientId.length > maxLength) return `is longer than ${maxLength} characters`
  const url = URL.parse(clientId)
  if (!url || url.href !== clientId)
    return 'must be written as a browser writes it: no capitals in the host, no dot segments, no default port'
  if (clientId.includes('#')) return 'has a fragment'
  if (url.username !== '' || url.password !== '') return 'names a user'
  if (url.pathname === '/') return 'has no path'
  return /%(?:[01][0-9a-f]|7f|25|2e|2f|5c)/i.test(url.pathname) ? 'has an encoded dot, slash or control character in its path' : undefined
}

/** Whether the policy lets a document be fetched from this host although its address is not public. */
export const isExcepted = (url: URL, hosts: readonly string[]): boolean => hosts.includes(url.host) || hosts.includes(url.hostname)

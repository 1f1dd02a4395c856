import type { JSONWebKeySet } from 'jose'

/** How a client proves at the token endpoint who it is (RFC 7591, section 2; RFC 7523). */
type AuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

/**
 * An OAuth client, wherever this process knows it from.
 *
 * - built-in: the `bir` command.
 * - registered: it registered itself (RFC 7591). Nothing that it says of itself is verified.
 * - document: its id is the URL of a client id metadata document.
 * - administered: an administrator registered it.
 * - service: a service account has it.
 */
export interface OAuthClient {
  id: string
  kind: 'built-in' | 'registered' | 'document' | 'administered' | 'service'
  name: string
  redirectUris: readonly string[]
  grantTypes: readonly string[]
  authMethod: AuthMethod
  /** SHA-256 of the client secret, in hexadecimal. */
  secretHash?: string
  jwks?: JSONWebKeySet
  jwksUri?: string
  /** The service account, for the kind `service`. */
  userId?: string
  /** The host of its metadata document: all that is verified about it. */
  host?: string
  /** An administrator approved it for everybody: it needs no consent. */
  isApproved: boolean
}

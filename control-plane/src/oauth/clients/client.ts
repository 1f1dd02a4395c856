import type { IncomingMessage } from 'node:http'
import type { JSONWebKeySet } from 'jose'

/** How a client proves at the token endpoint who it is (RFC 7591, section 2; RFC 7523). */
export const AUTH_METHODS = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const
export type AuthMethod = (typeof AUTH_METHODS)[number]

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
  /** Where it may have people sent who signed out (OpenID Connect RP-Initiated Logout 1.0). */
  postLogoutRedirectUris?: readonly string[]
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
  /**
   * It is a portal of the gateway, made by an administrator. Its sessions reach the API and every server, and its
   * refresh token is a handle that stays the same: only whoever has the key of the client can use it.
   */
  isPortal?: boolean
  /** An administrator approved it for everybody, or made it as a portal: it needs no consent. */
  isApproved: boolean
}

/**
 * The client of this id. Throws `invalid_client` when there is none, and `unauthorized_client` when the policy does not
 * admit it. `address`: who asks, because somebody unknown may have only so many documents fetched.
 */
export type FindClient = (clientId: string, address: string) => Promise<OAuthClient>

/** The client that sent this form to the token, revocation or introspection endpoint. Throws `invalid_client`. */
export type AuthenticateClient = (form: URLSearchParams, request: IncomingMessage) => Promise<OAuthClient>

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'
const exchanges = ['urn:ietf:params:oauth:grant-type:token-exchange', 'urn:ietf:params:oauth:grant-type:jwt-bearer']

/** Grants that any client may use: for each of them somebody signs in, or a trusted provider says who it is. */
export const OPEN_GRANT_TYPES: readonly string[] = ['authorization_code', 'refresh_token', DEVICE_CODE, ...exchanges]

/** Grants of a portal: a person signs in with a browser, and nothing else. */
export const PORTAL_GRANT_TYPES: readonly string[] = ['authorization_code', 'refresh_token']

/** Grants of the client of a service account. */
export const SERVICE_GRANT_TYPES: readonly string[] = ['client_credentials', ...exchanges]

/** Stands for the client of a request that names none, where a grant type needs none. It may do nothing by itself. */
export const ANYBODY: OAuthClient = {
  id: 'unknown',
  kind: 'registered',
  name: 'unknown',
  redirectUris: [],
  grantTypes: [],
  authMethod: 'none',
  isApproved: false,
}

export const isAnybody = (client: OAuthClient): boolean => client === ANYBODY

import { isSeen } from '@bir/sdk/contract/visible-name'
import type { JSONWebKeySet } from 'jose'
import { z } from 'zod'
import { oauthError } from '../../base/errors/oauth-error.ts'
import { AUTH_METHODS, OPEN_GRANT_TYPES } from './client.ts'
import type { AuthMethod } from './client.ts'
import { readKeys } from './client-keys.ts'
import { isLoopbackRedirect, redirectTarget, redirectUriFormFault } from './redirect-uri.ts'

const maxRedirectUris = 32
const maxNameLength = 200

/** What is kept of client metadata (RFC 7591, section 2). Whatever else a client says of itself is left out. */
export interface ClientMetadata {
  client_name: string
  redirect_uris: string[]
  /** RP-Initiated Logout 1.0, section 3.1. */
  post_logout_redirect_uris?: string[]
  grant_types: string[]
  response_types: string[]
  token_endpoint_auth_method: AuthMethod
  application_type: 'web' | 'native'
  jwks?: JSONWebKeySet
  jwks_uri?: string
}

/** Metadata as it is read from the database, where a later version may have written more. */
export const StoredMetadata = z.object({
  redirect_uris: z.array(z.string()).default([]),
  post_logout_redirect_uris: z.array(z.string()).optional(),
  grant_types: z.array(z.string()).default([]),
  token_endpoint_auth_method: z.enum(AUTH_METHODS),
  jwks: z.custom<JSONWebKeySet>().optional(),
  jwks_uri: z.string().optional(),
})

const texts = z.array(z.string().max(2_100)).max(100).optional()

const Given = z.object({
  client_name: z.string().max(maxNameLength).optional(),
  redirect_uris: texts,
  post_logout_redirect_uris: texts,
  grant_types: texts,
  response_types: texts,
  token_endpoint_auth_method: z.string().max(100).optional(),
  application_type: z.string().max(100).optional(),
  jwks: z.unknown().optional(),
  jwks_uri: z.string().max(2_100).optional(),
})
type Given = z.infer<typeof Given>

interface Rules {
  /** The method of a client that names none (RFC 7591, section 2: `client_secret_basic`). */
  defaultMethod: AuthMethod
  methods: readonly AuthMethod[]
}

/** Of clients that get a secret where they need one. */
export const REGISTRATION_RULES: Rules = { defaultMethod: 'client_secret_basic', methods: AUTH_METHODS }

/** A document is public, so it cannot hold a secret that only client and gateway know. */
export const DOCUMENT_RULES: Rules = { defaultMethod: 'none', methods: ['none', 'private_key_jwt'] }

/**
 * Reads what a client says of itself. What is unknown is ignored; grant and response types that are not served are left
 * out (RFC 7591, section 2). Throws `invalid_redirect_uri` or `invalid_client_metadata`.
 */
export function readClientMetadata(input: unknown, rules: Rules): ClientMetadata {
  const parsed = Given.safeParse(input)
  if (!parsed.success)
    throw metadataFault(`${parsed.error.issues[0]?.path.join('.') || 'The body'} has not the form that RFC 7591 gives it`)
  const given = parsed.data
  const grantTypes = grantTypesOf(given)
  const redirectUris = redirectUrisOf(given, grantTypes)
  const method = methodOf(given, rules)
  return {
    client_name: nameOf(given, redirectUris),
    redirect_uris: redirectUris,
    ...logoutUrisOf(given),
    grant_types: grantTypes,
    response_types: grantTypes.includes('authorization_code') ? ['code'] : [],
    token_endpoint_auth_method: method,
    application_type: applicationTypeOf(given, redirectUris),
    ...keysOf(given, method),
  }
}

const metadataFault = (message: string) => oauthError('invalid_client_metadata', `${message}.`)
const redirectFault = (message: string) => oauthError('invalid_redirect_uri', `${message}.`)

function grantTypesOf({ grant_types, response_types }: Given): string[] {
  const grantTypes = (grant_types ?? ['authorization_code', 'refresh_token']).filter((type) => OPEN_GRANT_TYPES.includes(type))
  if (grantTypes.length === 0) throw metadataFault(`grant_types names none that a client may have: ${OPEN_GRANT_TYPES.join(', ')}`)
  const isWithoutCode = response_types !== undefined && !response_types.includes('code')
  if (isWithoutCode && grantTypes.includes('authorization_code')) throw metadataFault('response_types must hold code: no other is served')
  return [...new Set(grantTypes)]
}

function redirectUrisOf({ redirect_uris = [] }: Given, grantTypes: string[]): string[] {
  if (redirect_uris.length > maxRedirectUris) throw redirectFault(`redirect_uris holds more than ${maxRedirectUris}`)
  if (redirect_uris.length === 0 && grantTypes.includes('authorization_code'))
    throw redirectFault('redirect_uris is needed for the grant authorization_code')
  for (const [index, uri] of redirect_uris.entries()) {
    const fault = redirectUriFormFault(uri)
    if (fault !== undefined) throw redirectFault(`redirect_uris[${index}] ${fault}`)
  }
  return [...new Set(redirect_uris)]
}

function logoutUrisOf({ post_logout_redirect_uris = [] }: Given): Pick<ClientMetadata, 'post_logout_redirect_uris'> {
  for (const [index, uri] of post_logout_redirect_uris.entries()) {
    const fault = redirectUriFormFault(uri)
    if (fault !== undefined) throw metadataFault(`post_logout_redirect_uris[${index}] ${fault}`)
  }
  return post_logout_redirect_uris.length === 0 ? {} : { post_logout_redirect_uris: [...new Set(post_logout_redirect_uris)] }
}

function methodOf({ token_endpoint_auth_method: given }: Given, { defaultMethod, methods }: Rules): AuthMethod {
  if (given === undefined) return defaultMethod
  const method = methods.find((known) => known === given)
  if (!method) throw metadataFault(`token_endpoint_auth_method must be one of ${methods.join(', ')}`)
  return method
}

/**
 * web: codes go to `https://` addresses that are not of this machine. native: to the loopback, to an app's own scheme,
 * or to an `https://` address that the app claims (RFC 8252, section 7.2; OpenID Connect Registration, section 2).
 */
function applicationTypeOf({ application_type: given }: Given, redirectUris: string[]): 'web' | 'native' {
  if (given !== undefined && given !== 'web' && given !== 'native') throw metadataFault('application_type must be web or native')
  const isOfWeb = (uri: string) => uri.startsWith('https://') && !isLoopbackRedirect(uri.replace(/^https:/, 'http:'))
  const other = redirectUris.findIndex((uri) => !isOfWeb(uri))
  if (given === 'web' && other >= 0)
    throw redirectFault(`redirect_uris[${other}] must be https:// and not on this machine for application_type web: register as native`)
  return given ?? (other >= 0 ? 'native' : 'web')
}

function nameOf({ client_name = '' }: Given, [firstUri]: string[]): string {
  if (!isSeen(client_name)) throw metadataFault('client_name holds characters that cannot be seen, or too many marks on one character')
  return client_name.trim() || (firstUri === undefined ? 'unnamed' : redirectTarget(firstUri))
}

function keysOf({ jwks, jwks_uri }: Given, method: AuthMethod): Pick<ClientMetadata, 'jwks' | 'jwks_uri'> {
  if (method !== 'private_key_jwt') return {}
  if ((jwks === undefined) === (jwks_uri === undefined)) throw metadataFault('private_key_jwt needs either jwks or jwks_uri, and not both')
  if (jwks_uri === undefined) return { jwks: readKeys(jwks) }
  const url = URL.parse(jwks_uri)
  const isPlain = url?.href === jwks_uri && url.hash === '' && url.username === '' && url.password === ''
  // Over http:// only on this machine, where tests are; whether that is allowed, the policy says when it is fetched.
  if (!isPlain || !(url.protocol === 'https:' || isLoopbackRedirect(jwks_uri)))
    throw metadataFault('jwks_uri must be an https:// URL, as a browser writes it')
  return { jwks_uri }
}

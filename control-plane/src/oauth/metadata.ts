import { json } from '../base/http.ts'
import type { Route } from '../base/http.ts'
import type { WhileAnswering } from '../base/while-answering.ts'
import type { OAuthParts } from './base/parts.ts'
import { readClientPolicy } from './clients/find-client.ts'
import { ID_JAG_PROFILE } from './grants/id-jag.ts'
import { GRANT_TYPES } from './grants/index.ts'

const publicHeaders = { 'cache-control': 'public, max-age=60' }

/**
 * The metadata and keys of this authorization server (RFC 8414, OpenID Connect Discovery 1.0: both get the same
 * document).
 */
export function metadataRoutes(
  { db, issuer, keys, providers }: Pick<OAuthParts, 'db' | 'issuer' | 'keys' | 'providers'>,
  answering: WhileAnswering,
): Route[] {
  let known = { takesIdJag: false, takesDocuments: true }
  const read = async () => {
    const [takesIdJag, policy] = await Promise.all([providers.takesIdJag(), readClientPolicy(db)])
    return { takesIdJag, takesDocuments: policy.metadataDocuments === 'on' }
  }
  /** As it was known last while the database cannot be asked: the document is there at all times. */
  const readKnown = async () => {
    known = await answering(read).catch(() => known)
    return known
  }

  const at = (name: string) => `${issuer}/oauth/${name}`
  const clientAuth = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
  const document = ({ takesIdJag, takesDocuments }: typeof known) => ({
    issuer,
    authorization_endpoint: at('authorize'),
    token_endpoint: at('token'),
    registration_endpoint: at('register'),
    device_authorization_endpoint: at('device'),
    revocation_endpoint: at('revoke'),
    introspection_endpoint: at('introspect'),
    jwks_uri: at('jwks'),
    end_session_endpoint: at('logout'),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: Object.keys(GRANT_TYPES),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: clientAuth,
    token_endpoint_auth_signing_alg_values_supported: signingAlgorithms,
    revocation_endpoint_auth_methods_supported: clientAuth,
    introspection_endpoint_auth_methods_supported: clientAuth.filter((method) => method !== 'none'),
    ...(takesIdJag ? { authorization_grant_profiles_supported: [ID_JAG_PROFILE] } : {}),
    scopes_supported: ['mcp'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.tokenKeys().map(({ alg }) => alg))],
    client_id_metadata_document_supported: takesDocuments,
    authorization_response_iss_parameter_supported: true,
    ui_locales_supported: ['en', 'az', 'ru', 'tr'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
  })
  const answer = async () => json(200, document(await readKnown()), publicHeaders)
  return [
    { method: 'GET', path: '/.well-known/oauth-authorization-server', origins: 'any', answer },
    { method: 'GET', path: '/.well-known/openid-configuration', origins: 'any', answer },
    { method: 'GET', path: '/oauth/jwks', origins: 'any', answer: async () => json(200, { keys: keys.tokenKeys() }, publicHeaders) },
  ]
}

/** RFC 7523: the algorithms that a client may sign with. */
const signingAlgorithms = ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']

import type { KeyRing } from '../keys/key-ring.ts'
import { json } from '../base/http.ts'
import type { Route } from '../base/http.ts'
import { JWT_BEARER } from './grants/jwt-bearer.ts'
import { TOKEN_EXCHANGE } from './grants/token-exchange.ts'

const publicHeaders = { 'cache-control': 'public, max-age=60' }

/** The metadata and keys of this authorization server. RFC 8414 and OpenID discovery get the same document. */
export function metadataRoutes({ issuer, stage, keys }: { issuer: string; stage: string; keys: KeyRing }): Route[] {
  const document = {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    jwks_uri: `${issuer}/oauth/jwks`,
    grant_types_supported: [TOKEN_EXCHANGE, ...(stage === 'local' ? [JWT_BEARER] : [])],
    token_endpoint_auth_methods_supported: ['none'],
    response_types_supported: [],
    scopes_supported: ['mcp'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['EdDSA'],
    code_challenge_methods_supported: ['S256'],
  }
  const answer = async () => json(200, document, publicHeaders)
  return [
    { method: 'GET', path: '/.well-known/oauth-authorization-server', origins: 'any', answer },
    { method: 'GET', path: '/.well-known/openid-configuration', origins: 'any', answer },
    { method: 'GET', path: '/oauth/jwks', origins: 'any', answer: async () => json(200, { keys: keys.tokenKeys() }, publicHeaders) },
  ]
}

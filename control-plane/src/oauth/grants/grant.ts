import type { Exchange } from '../../base/http.ts'
import type { OAuthClient } from '../clients/client.ts'
import type { Granted, TokenAnswer } from '../issue/granted.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Target } from '../base/resource.ts'

/** A request to the token endpoint, as a grant type receives it. */
export interface TokenRequest {
  form: URLSearchParams
  /** The client that the request is of. One that may do nothing where a grant type needs none. */
  client: OAuthClient
  /** What the parameter `resource` asks for. */
  target: Target
  exchange: Exchange
}

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

/** A row of the table of grant types. It refuses by throwing an `OAuthError`. */
export type GrantType = (parts: OAuthParts, request: TokenRequest) => Promise<Granted | { answer: TokenAnswer }>

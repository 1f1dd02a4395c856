import type { GatewaySettings } from '@bir/sdk/contract/settings'
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
  /** Those in force when the request came. */
  settings: GatewaySettings
}

/** A row of the table of grant types. It refuses by throwing an `OAuthError`. */
export type GrantType = (parts: OAuthParts, request: TokenRequest) => Promise<Granted | { answer: TokenAnswer }>

import type { Exchange } from '../../base/http.ts'
import type { Granted } from '../issue/granted.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Target } from '../base/resource.ts'

/** A request to the token endpoint, as a grant type receives it. */
export interface TokenRequest {
  form: URLSearchParams
  /** What the parameter `resource` asks for. */
  target: Target
  exchange: Exchange
}

/** A row of the table of grant types. It refuses by throwing an `OAuthError`. */
export type GrantType = (parts: OAuthParts, request: TokenRequest) => Promise<Granted>

import type { GrantType } from './grant.ts'
import { JWT_BEARER, jwtBearer } from './jwt-bearer.ts'
import { TOKEN_EXCHANGE, tokenExchange } from './token-exchange.ts'

/** The grant types of the token endpoint, by their name on the wire. */
export const GRANT_TYPES: Readonly<Record<string, GrantType>> = {
  [TOKEN_EXCHANGE]: tokenExchange,
  [JWT_BEARER]: jwtBearer,
}

import { authorizationCode } from './authorization-code.ts'
import { DEVICE_CODE } from '../clients/client.ts'
import { deviceCode } from './device-code.ts'
import { CLIENT_CREDENTIALS, clientCredentials } from './client-credentials.ts'
import type { GrantType } from './grant.ts'
import { JWT_BEARER, jwtBearer } from './jwt-bearer.ts'
import { refreshToken } from './refresh-token.ts'
import { TOKEN_EXCHANGE, tokenExchange } from './token-exchange.ts'

interface GrantRow {
  grant: GrantType
  /** Whether the client must say who it is, and be allowed this grant. Otherwise what it presents says enough. */
  needsClient: boolean
}

/** The grant types of the token endpoint, by their name on the wire. */
export const GRANT_TYPES: Readonly<Record<string, GrantRow>> = {
  authorization_code: { grant: authorizationCode, needsClient: true },
  refresh_token: { grant: refreshToken, needsClient: true },
  [DEVICE_CODE]: { grant: deviceCode, needsClient: true },
  [CLIENT_CREDENTIALS]: { grant: clientCredentials, needsClient: true },
  [TOKEN_EXCHANGE]: { grant: tokenExchange, needsClient: false },
  [JWT_BEARER]: { grant: jwtBearer, needsClient: false },
}

import { decodeJwt } from 'jose'
import type { OAuthParts } from '../base/parts.ts'
import { verifyAccessToken } from './access-token.ts'

/** The claims of an access token of this gateway, for whichever audience. Undefined when it is none, or is over. */
export async function verifiedHere({ keys, issuer }: OAuthParts, token: string) {
  try {
    const { aud } = decodeJwt(token)
    return await verifyAccessToken(keys, issuer, String(aud), token)
  } catch {
    return undefined
  }
}

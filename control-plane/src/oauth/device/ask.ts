import { json } from '../../base/http.ts'
import { oauthError } from '../../base/errors/oauth-error.ts'
import type { Answer } from '../../base/http.ts'
import type { OAuthParts } from '../base/parts.ts'
import type { Target } from '../base/resource.ts'
import type { Incoming } from '../base/stages.ts'
import type { OAuthClient } from '../clients/client.ts'
import { DEVICE_CODE } from '../clients/client.ts'
import { tooOften } from '../attempts/attempts.ts'
import { INTERVAL_SECONDS, LIFE_SECONDS, makeDeviceCodes } from './device-codes.ts'
import { countAsked } from './limits.ts'

/** Gives a device its pair of codes (RFC 8628, section 3.2). Only who signs in learns whether the server exists. */
export const giveCodes =
  ({ db, issuer }: OAuthParts) =>
  async ({ exchange, client, target }: Incoming & { client: OAuthClient; target: Target }): Promise<Answer> => {
    if (!client.grantTypes.includes(DEVICE_CODE)) throw oauthError('unauthorized_client', 'This client may not use the device code grant.')
    const { address, request } = exchange
    const retryAfterS = await countAsked(db, address)
    if (retryAfterS !== undefined) throw tooOften('Too many codes were asked for from this address.', retryAfterS)
    const device = { clientId: client.id, audience: target.audience, scope: 'mcp', address, userAgent: request.headers['user-agent'] }
    const { deviceCode, userCode } = await makeDeviceCodes(db, device)
    const page = `${issuer}/oauth/device`
    return json(200, {
      device_code: deviceCode,
      user_code: userCode,
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${userCode}`,
      expires_in: LIFE_SECONDS,
      interval: INTERVAL_SECONDS,
    })
  }

import type { BindingClaim } from '@bir/sdk/binding'
import type { GatewaySettings } from '@bir/sdk/contract/settings'
import type { Exchange } from '../../../base/http.ts'
import type { UserRow } from '../../../users/users.ts'
import type { OAuthClient } from '../../clients/client.ts'
import type { Act } from '../../issue/act.ts'

/** Who brings a token: which client, from where. */
export interface Requester {
  client: OAuthClient
  exchange: Exchange
  settings: GatewaySettings
}

/** A token that somebody brings: of whom it is, and what it is good for. */
export interface HeldToken {
  user: UserRow
  revision: number
  /** The client that it was issued to. */
  clientId: string
  /** Who acts for the person with it already. */
  act?: Act | undefined
  /** Present for a token of this gateway: another that is made of it never is good for more. */
  bounds?: TokenBounds
}

export interface TokenBounds {
  jti: string
  audience: string
  /** Seconds since 1970. */
  expiresAtS: number
  /** The session that the new token belongs to as well, so that it ends with it. */
  sid: string
  /** Whom it was issued to, which holds for the new token too. */
  binding: BindingClaim | undefined
}

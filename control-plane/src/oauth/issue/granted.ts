import type { BindingClaim } from '@bir/sdk/binding'
import type { Exchanged } from '../../sessions/exchanged.ts'
import type { Actor } from '../../base/context.ts'
import type { Act } from './act.ts'
import type { UserRow } from '../../users/users.ts'

/** What a grant type gives: for whom, to whom, for how long. */
export interface Granted {
  user: UserRow
  /** The revision of the policy that has this person. */
  revision: number
  clientId: string
  clientName?: string
  lifeSeconds: number
  /** The actor that the audit record of the issue names. */
  recordedAs: Actor
  /** Set when somebody else acts for the person, such as an operator. */
  actor?: string
  /** Who acted before that actor. */
  actedBefore?: Act
  /** The audience, where it is not the one that the request names. */
  audience?: string
  /** The session that the token belongs to. Absent: one of its own, which ends with the token. */
  sid?: string
  /** The token of the same session that it is made of, as far as that holds for the new one. */
  madeOf?: { binding: BindingClaim | undefined }
  /** The tokens and the actor that it ends with. */
  exchanged?: Exchanged
  /** Somebody else than who asked will use it: it is bound to no network and no program. */
  isForOthers?: boolean
  /** With a refresh token. It needs `sid`. */
  isRefreshable?: boolean
}

/** The answer of the token endpoint, already made (RFC 6749, section 5.1). */
export interface TokenAnswer {
  access_token: string
  token_type: 'Bearer'
  issued_token_type: string
  expires_in: number
  scope: string
  refresh_token?: string
}

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

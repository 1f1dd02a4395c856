import type { Actor } from '../../base/context.ts'
import type { UserRow } from '../../users/users.ts'

/** What a grant type gives: for whom, to whom, for how long. */
export interface Granted {
  user: UserRow
  /** The revision of the policy that has this person. */
  revision: number
  clientId: string
  lifeSeconds: number
  /** The actor that the audit record of the issue names. */
  recordedAs: Actor
  /** Set when somebody else acts for the person, such as an operator. */
  actor?: string
}

export const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

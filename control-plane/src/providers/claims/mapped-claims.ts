/** What a provider says of a person, after its mapping rules. */
export interface MappedClaims {
  /** Identifies the person together with the handle of the provider. */
  subject: string
  /** For the first sign-in. Undefined: `handleFault` says why there is none. */
  handle: string | undefined
  handleFault: string | undefined
  name: string | undefined
  email: string | undefined
  /** The provider vouches that the address is the person's. */
  isEmailVerified: boolean
  /** All of the person's groups. Undefined: the provider does not say, and memberships stay. */
  groups: string[] | undefined
  /** Undefined: the provider does not say, and the role stays. */
  administrator: boolean | undefined
  /** What an administrator should know, such as groups that the provider did not send. A sentence each. */
  notes: string[]
}

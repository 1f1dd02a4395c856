import { z } from 'zod'
import { SecretHolderKind } from './secret-holder.ts'

/** What the administrator says of the secrets of a server: the member `secret` of a server in a policy file. */
export const SecretPolicy = z.strictObject({
  /** Whose secrets the server uses: the first that there is counts. Default: person, group, shared. */
  from: z.array(SecretHolderKind).min(1).max(3).optional(),
  /** `same`: a person's secret must belong to that person at the service, by log-in or e-mail address. Default: any. */
  owner: z.enum(['any', 'same']).optional(),
  /** What becomes of a secret with scopes that no tool of the server needs. Default: warn. */
  excess: z.enum(['allow', 'warn', 'refuse']).optional(),
  /** True: an administrator may save a secret that nobody could check. It is marked so. Default: false. */
  unchecked: z.boolean().optional(),
})
export type SecretPolicy = z.infer<typeof SecretPolicy>

/** The order where the policy names none. */
export const DEFAULT_SECRET_ORDER: readonly SecretHolderKind[] = ['person', 'group', 'shared']

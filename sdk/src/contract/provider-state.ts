import { z } from 'zod'
import { Handle } from './names.ts'
import { ProviderHandle } from './provider.ts'

/** Why something with a provider comes to nothing. `whose`: you, provider, administrator or gateway. */
export const ProviderProblem = z.strictObject({
  /** A fixed word, such as `provider-unreachable`. */
  reason: z.string(),
  whose: z.string(),
  what: z.string(),
  next: z.string(),
})

/** An identity provider, and whether it answers now. */
export const ProviderState = z.strictObject({
  handle: ProviderHandle,
  title: z.string(),
  issuer: z.string(),
  /** `settings`: the IDP_… of the control plane. `policy`: the policy file. */
  from: z.string(),
  /** Whether people sign in with it on a page. Its tokens are exchanged in any case. */
  signsIn: z.boolean(),
  domains: z.array(z.string()),
  /** What its settings of the gateway must allow. */
  redirectUri: z.string(),
  problem: ProviderProblem.nullable(),
})

/** Who somebody with such claims would be after a sign-in. */
export const ProviderTest = z.strictObject({
  provider: ProviderHandle,
  /** The first rule that matches, counted from 1. 0: the provider has no rules. Null: none matches. */
  rule: z.int().nullable(),
  /** Why the sign-in would be refused. Then there is no person. */
  problem: ProviderProblem.nullable(),
  person: z
    .strictObject({
      handle: Handle,
      subject: z.string(),
      /** Nobody has signed in as this person yet. */
      isNew: z.boolean(),
      name: z.string().nullable(),
      email: z.string().nullable(),
      emailVerified: z.boolean(),
      administrator: z.boolean(),
      disabled: z.boolean(),
      /** All groups after the sign-in, whatever made the person a member. */
      groups: z.array(Handle),
    })
    .nullable(),
  /** Groups that the provider names and that do not exist here. */
  unknownGroups: z.array(z.string()),
  /** What the sign-in would change, as the audit would record it. Null: nothing. */
  changes: z.string().nullable(),
  notes: z.array(z.string()),
})

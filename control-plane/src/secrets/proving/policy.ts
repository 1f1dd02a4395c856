import type { SecretPolicy } from '@bir/sdk/contract/secret-policy'
import type { SecretOwner, SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { Db } from '../../policy-rows/types.ts'
import type { NamedHolder } from '../rows/holder.ts'

/** A verdict, and what the policy makes of it. */
export interface Judged {
  verdict: SecretVerdict
  /** What to tell about a secret that is good. */
  warnings: string[]
  /** Why a good secret is refused all the same. */
  refusal: string | undefined
}

/** Judges what the service said by the policy of the server: whose the secret is, and whether it may do too much. */
export async function judge(db: Db, policy: SecretPolicy, holder: NamedHolder, verdict: SecretVerdict): Promise<Judged> {
  const own = await withOwner(db, policy, holder, verdict)
  const { excess = [] } = own
  const { excess: rule = 'warn' } = policy
  if (own.verdict !== 'ok' || excess.length === 0 || rule === 'allow') return { verdict: own, warnings: [], refusal: undefined }
  const scopes = excess.join(', ')
  if (rule === 'warn')
    return { verdict: own, warnings: [`It may do more than any tool of this server needs: ${scopes}.`], refusal: undefined }
  const refusal = `The secret is good, but it may do more than any tool of this server needs: ${scopes}. The policy refuses that: make one without.`
  return { verdict: own, warnings: [], refusal }
}

async function withOwner(db: Db, { owner: rule }: SecretPolicy, holder: NamedHolder, verdict: SecretVerdict): Promise<SecretVerdict> {
  if (rule !== 'same' || holder.kind !== 'person' || verdict.verdict !== 'ok') return verdict
  const { owner, expiresAtMs } = verdict
  const facts = { ...(owner && { owner }), ...(expiresAtMs !== undefined && { expiresAtMs }) }
  if (!owner)
    return { verdict: 'wrong_person', says: 'The service does not say whose secret this is, and the policy wants your own.', ...facts }
  const standing = await standingOf(db, owner, holder.holderId)
  if (standing === 'same') return verdict
  const says = standing === 'unverified' ? unverifiedText(owner) : otherText(owner, holder)
  return { verdict: 'wrong_person', says, ...facts }
}

const otherText = ({ login }: SecretOwner, { handle }: NamedHolder) =>
  `This secret belongs to ${login} at the service, and not to ${handle ?? 'this person'}. The policy wants one's own: sign in there as yourself and make one.`

const unverifiedText = ({ login }: SecretOwner) =>
  `This secret belongs to ${login} at the service. The address there is yours too, but your provider has not said that it verified it: sign in again, or ask an administrator to confirm it.`

/** By log-in or e-mail address, whatever the case of the letters. An address that nobody vouches for proves nothing. */
async function standingOf(db: Db, { login, email }: SecretOwner, userId: string): Promise<'same' | 'unverified' | 'other'> {
  const user = await db
    .selectFrom('users')
    .select(['handle', 'email', 'email_verified', 'subject'])
    .where('id', '=', userId)
    .executeTakeFirst()
  if (!user) return 'other'
  const given = [login, email].flatMap((name) => name?.toLowerCase() ?? [])
  const isOne = (...known: (string | null)[]) => known.some((name) => name !== null && given.includes(name.toLowerCase()))
  if (isOne(user.handle, user.subject)) return 'same'
  if (!isOne(user.email)) return 'other'
  return user.email_verified ? 'same' : 'unverified'
}

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
  if (await isSame(db, owner, holder.holderId)) return verdict
  const says = `This secret belongs to ${owner.login} at the service, and not to ${holder.handle ?? 'this person'}. The policy wants one's own: sign in there as yourself and make one.`
  return { verdict: 'wrong_person', says, ...facts }
}

/** By log-in or e-mail address, whatever the case of the letters. */
async function isSame(db: Db, { login, email }: SecretOwner, userId: string): Promise<boolean> {
  const user = await db.selectFrom('users').select(['handle', 'email', 'subject']).where('id', '=', userId).executeTakeFirst()
  if (!user) return false
  const known = new Set([user.handle, user.email, user.subject].flatMap((name) => (name ? [name.toLowerCase()] : [])))
  return [login, email].some((name) => name !== undefined && known.has(name.toLowerCase()))
}

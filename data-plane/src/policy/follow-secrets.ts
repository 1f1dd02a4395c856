import { personOf } from '@bir/sdk/contract/policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { SecretPlace } from '@bir/sdk/contract/secret-holder'
import { SECRET_USABLE } from '@bir/sdk/contract/snapshot'
import type { SecretEntry } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { SecretsInUse } from '../secrets/in-use.ts'
import type { SecretLeases } from '../secrets/leases.ts'
import type { SecretUsers } from './secret-users.ts'
import type { PolicySource } from './source.ts'

interface Options {
  policy: Pick<PolicySource, 'held'>
  leases: Pick<SecretLeases, 'keepOnly'>
  secrets: Pick<SecretsInUse, 'keepOnly'>
  users: Pick<SecretUsers, 'takeRevoked'>
}

/**
 * Forgets, with every new policy, the secrets that it does not open any more: another version was saved, the secret is
 * gone or not usable, the server is gone or killed, the person is gone or disabled, or a token or sign-in of theirs was
 * revoked. Where they have another one, the secret is read anew for its next call.
 */
export function secretFollower({ policy: source, leases, secrets, users }: Options): () => void {
  let before: Policy | undefined

  return function follow() {
    const policy = source.held
    if (!policy) return
    const last = before
    before = policy
    const revoked = users.takeRevoked(policy)
    const hasNewEpoch = (id: string) => last !== undefined && last.revoked.epochs.get(id) !== policy.revoked.epochs.get(id)
    const isRevoked = (id: string) => revoked.has(id) || hasNewEpoch(id)
    leases.keepOnly((place, version) => {
      if (place.holder.kind === 'person' && isRevoked(place.holder.id)) return false
      const entry = entryOf(policy, place)
      return entry?.version === version && entry.state === SECRET_USABLE
    })
    secrets.keepOnly((server, person) => isOn(policy, server) && personIn(policy, person) !== undefined && !isRevoked(person))
  }
}

const isOn = ({ servers, revoked }: Policy, server: string) => servers.has(server) && !revoked.killed.has(server)

function personIn(policy: Policy, id: string) {
  const subject = subjectOf(id)
  const person = subject && personOf(policy, subject)
  return person?.disabled === false ? person : undefined
}

/** What the policy says of a secret that may be used now. */
function entryOf(policy: Policy, { holder, server }: SecretPlace): SecretEntry | undefined {
  if (!isOn(policy, server)) return undefined
  const secret = policy.servers.get(server)?.secret
  switch (holder.kind) {
    case 'person':
      return personIn(policy, holder.id)?.secretOf(server)
    case 'group':
      return Object.values(secret?.groups ?? {}).find(({ id }) => id === holder.id)
    case 'shared':
      return secret?.shared
  }
}

import { secretFor } from '@bir/sdk/contract/decide-secret'
import { ToolError } from '@bir/sdk/contract/errors'
import { personOf } from '@bir/sdk/contract/policy'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { RefusedSecret } from '../control/secrets/recheck.ts'
import { unawaited } from '../runtime/awaitable.ts'
import { fieldOf } from '../secrets/field-of.ts'
import { secretHint } from '../secrets/hint.ts'
import type { SecretsInUse } from '../secrets/in-use.ts'
import type { SecretLeases } from '../secrets/leases.ts'
import { StoreUnavailable } from '../secrets/reader.ts'
import type { CallerSecret, CallerSecrets } from '../upstream/remote/caller-secrets.ts'
import type { PolicySource } from './source.ts'

interface Options {
  policy: Pick<PolicySource, 'current'>
  leases: Pick<SecretLeases, 'get' | 'refused'>
  secrets: SecretsInUse
  portalUrl: string | undefined
  recheck(secret: RefusedSecret): Promise<void>
}

/** The secrets of people for remote servers, from the leases that calls use. */
export function callerSecrets({ policy: source, leases, secrets, portalUrl, recheck }: Options): CallerSecrets {
  const hint = (server: string) => secretHint(server, portalUrl)
  /** The store may have a newer value. If not, the secret is tried by itself: what comes of it changes the policy. */
  async function tryAgain({ place, version }: CallerSecret): Promise<void> {
    const fields = await leases.get(place, version)
    if ((await leases.refused(place, version, fields).catch(unlessAway(fields))) !== fields) return
    const server = source.current().servers.get(place.server)
    if (server?.kind === 'remote') await recheck({ place, version, fields, settings: server.remote })
  }

  return {
    of(id, server) {
      const policy = source.current()
      const subject = subjectOf(id)
      const person = subject && personOf(policy, subject)
      const isOpen = person && !person.disabled && !policy.revoked.killed.has(server)
      const standing = isOpen ? secretFor(policy, person, server, Date.now()) : undefined
      if (!standing?.usable)
        throw new ToolError('secret_missing', 'There is no good secret of yours for this server.', { hint: hint(server) })
      const { holder, version } = standing.secret
      return { place: { holder, server }, version }
    },
    async read(person, { place, version }, ref) {
      const fields = await valuesOf(leases, { place, version })
      if (place.holder.kind === 'shared') secrets.of(place.server).inject(fields)
      else secrets.inject(place.server, person, fields)
      return fieldOf(fields, ref)
    },
    refused: (secret) => unawaited(tryAgain(secret)),
    // Looked up each time: at first nothing has been sent for the person.
    inUse: (person, server) => ({
      get values() {
        return secrets.for(server, person).values
      },
      hold: () => secrets.for(server, person).hold(),
    }),
    hint,
  }
}

/** A store that does not answer has no newer value that anybody knows of. */
const unlessAway =
  (fields: SecretFields) =>
  (error: unknown): SecretFields => {
    if (error instanceof StoreUnavailable) return fields
    throw error
  }

async function valuesOf(leases: Options['leases'], { place, version }: CallerSecret) {
  try {
    return await leases.get(place, version)
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error
    throw new ToolError('upstream_down', 'The gateway cannot read the secret for this server now: the store of secrets does not answer.', {
      hint: 'Nothing is wrong with the secret. Try again in a minute; if it lasts, tell an administrator.',
      retryable: true,
      cause: error,
    })
  }
}

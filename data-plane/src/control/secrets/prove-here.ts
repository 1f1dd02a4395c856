import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { redactText } from '../../secrets/redact.ts'
import { spellingsOf } from '../../secrets/spellings.ts'
import type { MountedServer } from '../../server-kit/define.ts'
import type { MountedSecret } from '../../server-kit/secret/define-secret.ts'
import { proveRemote } from '../../upstream/remote/prove-remote.ts'
import type { ProxyFor } from '@bir/sdk/proxies'

const timeoutMs = 20_000

export interface ProvingParts {
  mounted: ReadonlyMap<string, MountedServer>
  /** Reads a secret that the settings of a server name, and that is no person's. */
  readSecret(server: string, ref: { secret: string }): Promise<string>
  /** Absent where every server is reached directly. */
  proxyFor?: ProxyFor | undefined
}

/** Tries a secret against the real service, from this plane. Its verdict holds nothing of the secret. */
export async function proveHere(
  { mounted, readSecret, proxyFor }: ProvingParts,
  { server, settings, fields }: { server: string; settings: object; fields: SecretFields },
  signal?: AbortSignal,
): Promise<SecretVerdict> {
  const known = mounted.get(server)
  const prove: MountedSecret['prove'] | undefined = known
    ? known.secret?.prove
    : (remote, values, options) => proveRemote(remote, values, options, proxyFor)
  if (!prove) return cannotSay(`This data plane has no server ${server} that needs a secret: update it.`)
  const ended = AbortSignal.timeout(timeoutMs)
  try {
    const verdict = await prove(settings, fields, {
      signal: signal ? AbortSignal.any([signal, ended]) : ended,
      readSecret: (ref) => readSecret(server, ref),
    })
    return withoutValues(verdict, fields)
  } catch {
    if (ended.aborted) return { verdict: 'unreachable', says: 'The service did not answer in time. Try again.' }
    return cannotSay('The check failed at the gateway. Tell an administrator.')
  }
}

const cannotSay = (says: string): SecretVerdict => ({ verdict: 'service_error', says })

/** A verdict may quote the service, which may repeat what it was sent. */
function withoutValues(verdict: SecretVerdict, fields: SecretFields): SecretVerdict {
  const values = Object.values(fields).flatMap(spellingsOf)
  const clean = (text: string) => redactText(text, values)
  const { owner, scopes, missing, excess } = verdict
  return {
    ...verdict,
    says: clean(verdict.says),
    ...(owner && {
      owner: {
        login: clean(owner.login),
        ...(owner.name !== undefined && { name: clean(owner.name) }),
        ...(owner.email !== undefined && { email: clean(owner.email) }),
      },
    }),
    ...(scopes && { scopes: scopes.map(clean) }),
    ...(missing && { missing: missing.map(clean) }),
    ...(excess && { excess: excess.map(clean) }),
  }
}

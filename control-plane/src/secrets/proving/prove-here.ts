import type { MountedServer } from '@bir/data-plane/catalog'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import { withoutValues } from './without-values.ts'

type MountedSecret = NonNullable<MountedServer['secret']>

/** A secret, and what to try it against. */
export interface Trial {
  mounted: MountedSecret
  settings: object
  fields: SecretFields
  /** Resolves a reference of the settings, such as the key of a client certificate. */
  readSecret: (ref: { secret: string }) => Promise<string>
}

const attempts = 2
const inAllMs = 10_000

/** Tries a secret from this process: twice where the service is not reached, and 10 s in all. Never rejects. */
export async function proveHere(trial: Trial): Promise<SecretVerdict> {
  const signal = AbortSignal.timeout(inAllMs)
  let verdict = unreachable
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt++) {
    verdict = await once(trial, signal)
    if (verdict.verdict !== 'unreachable') break
  }
  return withoutValues(verdict, trial.fields)
}

async function once({ mounted, settings, fields, readSecret }: Trial, signal: AbortSignal): Promise<SecretVerdict> {
  let isUnresolved = false
  const resolve = (ref: { secret: string }) =>
    readSecret(ref).catch((error: unknown) => {
      isUnresolved = true
      throw error
    })
  const aborted = new Promise<SecretVerdict>((done) => signal.addEventListener('abort', () => done(unreachable), { once: true }))
  const tried = mounted.prove(settings, fields, { signal, readSecret: resolve }).then(
    (verdict) => SecretVerdict.safeParse(verdict).data ?? mistaken,
    // Without the error: its text may hold what was sent.
    () => (isUnresolved || signal.aborted ? unreachable : mistaken),
  )
  return Promise.race([tried, aborted])
}

const unreachable: SecretVerdict = {
  verdict: 'unreachable',
  says: 'The service did not answer in time. The secret was not checked: try again later, or ask an administrator whether the address is right.',
}

const mistaken: SecretVerdict = {
  verdict: 'service_error',
  says: 'The check failed, and said nothing about the secret. It was not checked: try again, or tell an administrator.',
}

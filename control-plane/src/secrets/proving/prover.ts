import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SecretSite, SecretTrial } from '../../base/context.ts'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { SecretStore } from '../stores/store.ts'
import { proveHere } from './prove-here.ts'

interface ProverParts {
  store: SecretStore
  /** The folder of the secrets of this process, a file each. */
  secretsDir: string | undefined
  /** Has data planes try it. */
  proveAtPlanes: (trial: SecretTrial) => Promise<SecretVerdict>
}

/**
 * Tries a secret from here, where the server's declaration can. Where the service is not reached from here, and for
 * remote servers, data planes try it: they are what will use it.
 */
export function createProver({ store, secretsDir, proveAtPlanes }: ProverParts): SecretSite['prove'] {
  return async (trial) => {
    const { mounted, kind } = trial
    if (!mounted) return kind === 'remote' ? proveAtPlanes(trial) : undefined
    const readSecret = (ref: { secret: string }) => sharedValue(store, secretsDir, trial.server, ref.secret)
    const here = await proveHere({ mounted, settings: trial.settings, fields: trial.fields, readSecret })
    return here.verdict === 'unreachable' ? alsoFromHere(await proveAtPlanes(trial)) : here
  }
}

/** Where planes do not reach it either, the reader learns that nobody does. */
const alsoFromHere = (verdict: SecretVerdict): SecretVerdict =>
  verdict.verdict === 'unreachable' ? { ...verdict, says: `The control plane does not reach the service. ${verdict.says}` } : verdict

/** What `{ secret: name }` in the settings stands for: the shared secret of the server, or else a file. */
async function sharedValue(store: SecretStore, secretsDir: string | undefined, server: string, name: string): Promise<string> {
  const shared = await store.read({ holder: { kind: 'shared' }, server })
  const value = shared && Object.hasOwn(shared.fields, name) ? shared.fields[name] : undefined
  if (value !== undefined) return value
  if (secretsDir === undefined) throw new Error(`there is no secret ${name}`)
  return (await readFile(join(secretsDir, name), 'utf8')).replace(/\r?\n$/, '')
}

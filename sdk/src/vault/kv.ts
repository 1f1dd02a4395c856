import { z } from 'zod'
import type { SecretFields } from '../contract/secret-holder.ts'
import { encodePath } from './log-in.ts'
import { answerFault, kvVersionFault, vaultFault } from './fault.ts'
import type { VaultAnswer, VaultFault } from './fault.ts'

/** A KV engine, and which of the two APIs it speaks. */
export interface KvMount {
  mount: string
  version: 1 | 2
}

/** All secrets of the gateway lie below this folder of the mount. */
const folder = 'bir'

/** Asks for the engine that is mounted there. Any token may ask whose policy allows something below the mount. */
export const mountPath = (mount: string): string => `sys/internal/ui/mounts/${encodePath(mount)}`

const MountAnswer = z.object({
  data: z.object({ type: z.string(), path: z.string(), options: z.record(z.string(), z.unknown()).nullish() }),
})

/** The engine that the answer to `mountPath` describes, or what is wrong with it. */
export function readMount(answer: VaultAnswer, mount: string): KvMount | VaultFault {
  const fault = answerFault(answer)
  if (fault) return fault
  const parsed = MountAnswer.safeParse(answer.body)
  if (!parsed.success) return vaultFault('wrong_mount', 'Vault does not describe what is mounted at VAULT_MOUNT.')
  const { type, path, options } = parsed.data.data
  const isKv = type === 'kv' || type === 'generic'
  if (!isKv) return vaultFault('wrong_mount', `At VAULT_MOUNT lies an engine of the type ${word(type)}, and no KV engine.`)
  if (path.replace(/\/$/, '') !== mount)
    return vaultFault('wrong_mount', `VAULT_MOUNT names a path inside of ${word(path)}: name the mount itself.`)
  return { mount, version: options?.['version'] === '2' ? 2 : 1 }
}

/** `path`: a `secretPath`. */
export const readPath = ({ mount, version }: KvMount, path: string): string =>
  `${encodePath(mount)}/${version === 2 ? 'data/' : ''}${folder}/${encodePath(path)}`

export const writePath = (mount: KvMount, path: string): string => readPath(mount, path)

/** Where a DELETE destroys the secret, with all versions and all that is known of it. */
export const deletePath = ({ mount, version }: KvMount, path: string): string =>
  `${encodePath(mount)}/${version === 2 ? 'metadata/' : ''}${folder}/${encodePath(path)}`

/** A member beside the fields, in version 1 only, which has no versions. No field of a secret can have this name. */
const markKey = 'bir:version'

/**
 * The body of a write. `expected`: version 2 writes only if that is the version there now (0: none). Version 1 compares
 * nothing; `mark` is what tells this value from others.
 */
export const writeBody = (
  { version }: KvMount,
  fields: SecretFields,
  { expected, mark }: { expected: number; mark: string },
): Record<string, unknown> => (version === 2 ? { options: { cas: expected }, data: fields } : { ...fields, [markKey]: mark })

/** The version that a write made. */
const WriteAnswer = z.object({ data: z.object({ version: z.int().positive() }) })

/** What the store calls the value that was written, or the fault. */
export function readWritten({ version }: KvMount, answer: VaultAnswer, mark: string): { storeVersion: string } | VaultFault {
  const fault = answerFault(answer)
  if (fault) return fault
  // Version 2 has no such path: nothing was written.
  if (answer.status === 404) return kvVersionFault
  if (version === 1) return { storeVersion: mark }
  const parsed = WriteAnswer.safeParse(answer.body)
  // Version 1 takes any body at any path, and says nothing.
  return parsed.success ? { storeVersion: String(parsed.data.data.version) } : kvVersionFault
}

export interface KvSecret {
  fields: SecretFields
  /** What the store calls this value. */
  storeVersion: string
}

/**
 * What an answer to a read says. `none`: nothing lies there; `softVersion` is then the version that was deleted or
 * destroyed and left its number behind, 0 where there is none.
 */
export function readSecret({ version }: KvMount, answer: VaultAnswer): KvSecret | { none: true; softVersion: number } | VaultFault {
  const fault = answerFault(answer)
  if (fault) return fault
  if (answer.status === 404) return { none: true, softVersion: version === 2 ? softVersionOf(answer.body) : 0 }
  return version === 2 ? readVersion2(answer.body) : readVersion1(answer.body)
}

const Fields = z.record(z.string(), z.string())
const Version2 = z.object({ data: z.object({ data: Fields, metadata: z.object({ version: z.int().positive() }) }) })
const Version1 = z.object({ data: Fields })
const Soft = z.object({ data: z.object({ metadata: z.object({ version: z.int().min(0) }) }) })

const malformed = vaultFault('malformed', 'What lies there is no secret of ours: its fields must be texts. Put it again.')

function readVersion2(body: unknown): KvSecret | VaultFault {
  const parsed = Version2.safeParse(body)
  if (!parsed.success) return { ...malformed, storeVersion: softVersionOf(body) ? String(softVersionOf(body)) : undefined }
  const { data, metadata } = parsed.data.data
  return { fields: data, storeVersion: String(metadata.version) }
}

function readVersion1(body: unknown): KvSecret | VaultFault {
  const parsed = Version1.safeParse(body)
  if (!parsed.success) return { ...malformed, storeVersion: '0' }
  const { [markKey]: mark = '0', ...fields } = parsed.data.data
  return { fields, storeVersion: mark }
}

function softVersionOf(body: unknown): number {
  const parsed = Soft.safeParse(body)
  return parsed.success ? parsed.data.data.metadata.version : 0
}

/** A word of the server in a sentence of ours. */
const word = (text: string) => text.replace(/[^\w/.-]/g, '').slice(0, 64)

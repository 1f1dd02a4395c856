import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import { readSecretFile } from '@bir/sdk/secret-file'

/** Reads a secret. Rejects with `ToolError` `secret_missing` when there is none. */
export type ReadSecret = (ref: SecretRef) => Promise<string>

/** Secrets as files of one folder. Without a folder every secret is missing. */
export const secretFiles =
  (dir: string | undefined): ReadSecret =>
  async (ref) => {
    // A file is everybody's.
    if (dir === undefined || ref.of !== undefined) throw missing(ref.secret)
    return readSecretFile(dir, ref).catch((cause: unknown) => {
      throw missing(ref.secret, cause)
    })
  }

const missing = (name: string, cause?: unknown) =>
  new ToolError('secret_missing', 'The gateway has no secret for this connection.', {
    hint: `An administrator must provide the secret ${name}.`,
    cause,
  })

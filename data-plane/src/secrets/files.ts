import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'

/** Reads a secret. Rejects with `ToolError` `secret_missing` when there is none. */
export type ReadSecret = (ref: SecretRef) => Promise<string>

/**
 * Secrets as files of one folder, as Docker and Kubernetes mount them. The file is read every time, so a renewed
 * secret counts at once. Without a folder every secret is missing.
 */
export const secretFiles =
  (dir: string | undefined): ReadSecret =>
  async ({ secret }) => {
    if (dir === undefined) throw missing(secret)
    const text = await readFile(join(dir, secret), 'utf8').catch((cause: unknown) => {
      throw missing(secret, cause)
    })
    return text.replace(/\r?\n$/, '')
  }

const missing = (name: string, cause?: unknown) =>
  new ToolError('secret_missing', 'The gateway has no secret for this connection.', {
    hint: `An administrator must provide the secret ${name}.`,
    cause,
  })

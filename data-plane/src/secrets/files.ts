import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolError } from '@bir/sdk/contract/errors'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'

/** Secrets as files of one folder (Docker and Kubernetes mount them so). Remembers the values given out, so that answers can be kept clean of them. */
export class SecretFiles {
  private readonly dir: string | undefined
  private readonly values = new Map<string, string>()

  constructor(dir: string | undefined) {
    this.dir = dir
  }

  /** The file is read every time: a renewed secret counts at once. Throws `secret_missing`. */
  async read({ secret }: SecretRef): Promise<string> {
    if (this.dir === undefined) throw missing(secret)
    const value = await readFile(join(this.dir, secret), 'utf8').catch((cause: unknown) => {
      throw missing(secret, cause)
    })
    const trimmed = value.replace(/\r?\n$/, '')
    this.values.set(secret, trimmed)
    return trimmed
  }

  inUse(): Iterable<string> {
    return this.values.values()
  }
}

const missing = (name: string, cause?: unknown) =>
  new ToolError('secret_missing', 'The gateway has no secret for this connection.', {
    hint: `An administrator must provide the secret ${name}.`,
    cause,
  })

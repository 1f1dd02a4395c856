import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SecretRef } from './contract/secret-ref.ts'

/**
 * Reads a secret from a folder of files, as Docker and Kubernetes mount them, without its final line break. The file is
 * read every time, so a renewed secret counts at once. Rejects when there is no such file.
 */
export async function readSecretFile(dir: string, { secret }: SecretRef): Promise<string> {
  const text = await readFile(join(dir, secret), 'utf8')
  return text.replace(/\r?\n$/, '')
}

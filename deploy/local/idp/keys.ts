import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { z } from 'zod'
import { StartFault } from '../base/fault.ts'

const Keys = z.object({
  signing: z.object({ kty: z.literal('EC'), crv: z.string(), x: z.string(), y: z.string(), d: z.string(), kid: z.string() }),
  cookies: z.array(z.string().min(32)).min(1),
})
export type Keys = z.infer<typeof Keys>

/**
 * Makes the provider's keys at the first start, and reads them
 * at every later one. So tokens stay valid over a restart.
 */
export async function ensureKeys(folder: string): Promise<Keys> {
  const file = join(folder, 'keys.json')
  if (existsSync(file)) return readKeys(file)
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const signing = { ...(await exportJWK(privateKey)), kid: randomBytes(8).toString('hex') }
  const keys = Keys.parse({ signing, cookies: [randomBytes(32).toString('base64url')] })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(`${file}.new`, JSON.stringify(keys), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  return keys
}

function readKeys(file: string): Keys {
  try {
    return Keys.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new StartFault(`${file} is damaged: remove it, and the next start makes new keys; people sign in again.`)
  }
}

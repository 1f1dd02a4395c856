import { hkdfSync } from 'node:crypto'
import type { Database } from '@bir/db/schema'
import { CompactEncrypt, compactDecrypt } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { readSealingKeys } from '../keys/key-ring.ts'
import type { MasterKey } from '../keys/master-key.ts'

export interface CookieParts {
  db: Kysely<Database>
  master: MasterKey
  /** The control plane's public URL. A cookie of another gateway does not open. */
  issuer: string
}

/** What the session cookie says. The session itself is a row of the database. */
const Contents = z.object({ sid: z.uuid(), sub: z.uuid(), iat: z.int() })
export type CookieContents = z.infer<typeof Contents>

/** Encrypts the contents (JWE, RFC 7516: `dir`, A256GCM). */
export async function sealCookie(parts: CookieParts, contents: CookieContents): Promise<string> {
  const [key] = await cookieKeys(parts)
  if (!key) throw new Error('there is no sealing key')
  return new CompactEncrypt(Buffer.from(JSON.stringify(contents)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: key.kid })
    .encrypt(key.bytes)
}

/**
 * The contents, or undefined when this gateway did not seal them so, or so long ago that the key is gone (a week).
 * `isOld`: sealed with a key that is used no more; seal them anew before it goes.
 */
export async function openCookie(parts: CookieParts, value: string): Promise<(CookieContents & { isOld: boolean }) | undefined> {
  const keys = await cookieKeys(parts)
  const keyFor = ({ kid }: { kid?: string }) => keys.find((key) => key.kid === kid)?.bytes ?? Promise.reject(new Error('an unknown key'))
  const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
  const opened = await compactDecrypt(value, keyFor, options).catch(() => undefined)
  if (!opened) return undefined
  const contents = Contents.safeParse(parsed(opened.plaintext))
  return contents.success ? { ...contents.data, isOld: opened.protectedHeader.kid !== keys[0]?.kid } : undefined
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

/**
 * The keys of cookies, the one in use first: HKDF (RFC 5869) of the sealing keys, which rotate daily. The data planes
 * hold the sealing keys too, so a secret of the master key goes in: no plane can make a cookie.
 */
async function cookieKeys({ db, master, issuer }: CookieParts): Promise<{ kid: string; bytes: Uint8Array }[]> {
  const salt = master.derive('session cookie')
  const rows = await readSealingKeys(db, master)
  return rows.map(({ kid, bytes }) => ({ kid, bytes: new Uint8Array(hkdfSync('sha256', bytes, salt, `bir session cookie ${issuer}`, 32)) }))
}

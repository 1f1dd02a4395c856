import { hkdfSync } from 'node:crypto'
import type { PortalKey } from '@bir/sdk/portal-key'
import { CompactEncrypt, compactDecrypt } from 'jose'
import type { z } from 'zod'

/** What is sealed for one purpose opens for no other. */
type Purpose = 'session' | 'sign-in'

/** Seals what a browser keeps for the portal. */
export interface Seals {
  seal(purpose: Purpose, contents: object): Promise<string>
  /** The contents. Undefined: no portal with this key sealed them so, for this purpose. */
  open<T>(purpose: Purpose, schema: z.ZodType<T>, value: string): Promise<T | undefined>
}

const header = { alg: 'dir', enc: 'A256GCM' }
const options = { keyManagementAlgorithms: [header.alg], contentEncryptionAlgorithms: [header.enc] }

/**
 * Seals by keys that are derived (HKDF, RFC 5869) from the private key of the portal: every replica with that key opens
 * what another has sealed (JWE, RFC 7516).
 */
export function createSeals({ d }: Pick<PortalKey, 'd'>): Seals {
  const derived = (purpose: Purpose) => new Uint8Array(hkdfSync('sha256', Buffer.from(d, 'base64url'), '', `bir portal ${purpose}`, 32))
  const keys = { session: derived('session'), 'sign-in': derived('sign-in') }

  return {
    seal: (purpose, contents) =>
      new CompactEncrypt(Buffer.from(JSON.stringify(contents))).setProtectedHeader(header).encrypt(keys[purpose]),
    async open(purpose, schema, value) {
      if (value.length > maxChars) return undefined
      const opened = await compactDecrypt(value, keys[purpose], options).catch(() => undefined)
      return opened && schema.safeParse(parsed(opened.plaintext)).data
    },
  }
}

/** A browser sends no cookie that is longer, and the gateway gives no state back that is. */
const maxChars = 4_096

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A key of the sealing ring that all planes share. */
export interface SealingKey {
  readonly kid: string
  /** 32 bytes. */
  readonly key: Buffer
}

const ivBytes = 12
const tagBytes = 16

/**
 * What must be remembered between requests travels with the client, sealed (AES-256-GCM), so any plane can serve the next one.
 * Kind and person are bound in as associated data: a seal made for one purpose or person opens for no other.
 */
export class Sealer {
  private ring: readonly SealingKey[] = []

  /** Newest first. */
  use(ring: readonly SealingKey[]): void {
    this.ring = ring
  }

  get ready(): boolean {
    return this.ring.length > 0
  }

  /** Throws while there is no key. */
  seal(kind: string, person: string, value: object, expiresAtMs: number): string {
    const key = this.ring[0]
    if (!key) throw new Error('there is no sealing key yet')
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', key.key, iv)
    cipher.setAAD(bound(kind, person, key.kid))
    const text = Buffer.concat([cipher.update(JSON.stringify({ exp: expiresAtMs, value })), cipher.final()])
    return `${key.kid}.${Buffer.concat([iv, text, cipher.getAuthTag()]).toString('base64url')}`
  }

  /** Undefined for anything not sealed here for this kind and person, or expired. */
  open(kind: string, person: string, sealed: string, nowMs: number): unknown {
    const [kid = '', body = ''] = sealed.split('.', 2)
    const key = this.ring.find((known) => known.kid === kid)
    const bytes = Buffer.from(body, 'base64url')
    if (!key || bytes.length < ivBytes + tagBytes) return undefined
    const decipher = createDecipheriv('aes-256-gcm', key.key, bytes.subarray(0, ivBytes))
    decipher.setAAD(bound(kind, person, kid))
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8')
      const { exp, value } = JSON.parse(text) as { exp: number; value: unknown }
      return nowMs < exp ? value : undefined
    } catch {
      return undefined // not ours, or altered
    }
  }
}

const bound = (kind: string, person: string, kid: string) => Buffer.from(`${kind}\0${person}\0${kid}`)

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A key of the ring of sealing keys that all planes share. */
export interface SealingKey {
  readonly kid: string
  /** 32 bytes. */
  readonly key: Buffer
}

const ivBytes = 12
const tagBytes = 16

/**
 * State between requests travels with the client, sealed with AES-256-GCM, so that any plane can serve the next
 * request. Kind and person are associated data: what was sealed for one purpose and person opens for no other.
 */
export class Sealer {
  private ring: readonly SealingKey[] = []

  /** Sets the keys, the newest first. The newest seals; all of them open. */
  use(ring: readonly SealingKey[]): void {
    this.ring = ring
  }

  get ready(): boolean {
    return this.ring.length > 0
  }

  /** Throws while the ring is empty. */
  seal(kind: string, person: string, value: object, expiresAtMs: number): string {
    const key = this.ring[0]
    if (!key) throw new Error('there is no sealing key yet')
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', key.key, iv)
    cipher.setAAD(associatedData(kind, person, key.kid))
    const encrypted = Buffer.concat([cipher.update(JSON.stringify({ exp: expiresAtMs, value })), cipher.final()])
    return `${key.kid}.${Buffer.concat([iv, encrypted, cipher.getAuthTag()]).toString('base64url')}`
  }

  /** Undefined for everything that was not sealed by this ring for this kind and person, and for what has expired. */
  open(kind: string, person: string, sealed: string, nowMs: number): unknown {
    const [kid = '', body = ''] = sealed.split('.', 2)
    const key = this.ring.find((entry) => entry.kid === kid)
    const bytes = Buffer.from(body, 'base64url')
    if (!key || bytes.length < ivBytes + tagBytes) return undefined
    const decipher = createDecipheriv('aes-256-gcm', key.key, bytes.subarray(0, ivBytes))
    decipher.setAAD(associatedData(kind, person, kid))
    decipher.setAuthTag(bytes.subarray(-tagBytes))
    try {
      const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes, -tagBytes)), decipher.final()]).toString('utf8')
      const { exp, value } = JSON.parse(text) as { exp: number; value: unknown }
      return nowMs < exp ? value : undefined
    } catch {
      return undefined // sealed with another key, or altered
    }
  }
}

const associatedData = (kind: string, person: string, kid: string) => Buffer.from(`${kind}\0${person}\0${kid}`)

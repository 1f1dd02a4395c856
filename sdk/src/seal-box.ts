import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
} from 'node:crypto'
import type { JsonWebKey, KeyObject } from 'node:crypto'

/**
 * A sealed box can be opened by the holder of one X25519 key alone.
 * Its text is `bir-box-1.<epk>.<sealed>`, both parts base64url.
 *
 * - `epk` is the raw public key (32 bytes) of a key pair that is made for this box alone (X25519, RFC 7748).
 * - HKDF-SHA256 (RFC 5869) of the shared secret gives 44 bytes: a key of 32 and a nonce of 12. Its salt is `epk`,
 *   then the raw public key of the recipient; its info is `bir-box-1`.
 * - `sealed` is AES-256-GCM with that key and nonce, the tag of 16 bytes last. Its associated data is `bir-box-1`.
 *
 * The format stays for now, because boxes lie on the disks of data planes, and a control
 * plane sends them to data planes of other releases. When the format may change, its
 * successor is a JWE with ECDH-ES (RFC 7518, section 4.6), which `jose` implements.
 */
const boxVersion = 'bir-box-1'
const tagBytes = 16

/** Seals bytes to an X25519 public key. Returns the text of the box. */
export function sealTo(publicJwk: JsonWebKey, bytes: Uint8Array): string {
  const recipient = createPublicKey({ key: publicJwk, format: 'jwk' })
  const ephemeral = generateKeyPairSync('x25519')
  const epk = rawOf(ephemeral.publicKey)
  const { key, nonce } = secretsOf(diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient }), epk, rawOf(recipient))

  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boxVersion))
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  return `${boxVersion}.${epk.toString('base64url')}.${sealed.toString('base64url')}`
}

/** Opens a box with the private X25519 key. Throws when the box was sealed to another key, or was altered. */
export function openSealed(privateJwk: JsonWebKey, box: string): Buffer {
  const [version, epk = '', text = ''] = box.split('.')
  if (version !== boxVersion) throw new Error('this is no sealed box of a known version')
  const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' })
  const sender = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: epk }, format: 'jwk' })
  const shared = diffieHellman({ privateKey, publicKey: sender })
  const { key, nonce } = secretsOf(shared, Buffer.from(epk, 'base64url'), rawOf(createPublicKey(privateKey)))

  const sealed = Buffer.from(text, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes }).setAAD(Buffer.from(boxVersion))
  decipher.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()])
}

const rawOf = (key: KeyObject) => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')

function secretsOf(shared: Buffer, epk: Buffer, recipient: Buffer) {
  const bytes = Buffer.from(hkdfSync('sha256', shared, Buffer.concat([epk, recipient]), boxVersion, 44))
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) }
}

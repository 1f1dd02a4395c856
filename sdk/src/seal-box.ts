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
 * A box that only the holder of an X25519 key can open: `bir-box-1.<epk>.<sealed>`, both parts base64url.
 * `epk` is the 32 raw bytes of a public key made for this box alone. HKDF-SHA256 over the shared secret, with salt
 * `epk || recipient's raw key` and info `bir-box-1`, gives 44 bytes: a key of 32 and a nonce of 12. `sealed` is AES-256-GCM,
 * the tag of 16 bytes last, with `bir-box-1` as associated data.
 */
const boxVersion = 'bir-box-1'
const tagBytes = 16

export function sealTo(publicJwk: JsonWebKey, bytes: Uint8Array): string {
  const recipient = createPublicKey({ key: publicJwk, format: 'jwk' })
  const ephemeral = generateKeyPairSync('x25519')
  const epk = rawOf(ephemeral.publicKey)
  const { key, nonce } = secretsOf(diffieHellman({ privateKey: ephemeral.privateKey, publicKey: recipient }), epk, rawOf(recipient))

  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boxVersion))
  const sealed = Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()])
  return `${boxVersion}.${epk.toString('base64url')}.${sealed.toString('base64url')}`
}

/** Throws when the box was sealed to another key or is not as it was sealed. */
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

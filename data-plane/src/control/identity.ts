import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { JoinAnswer } from '@bir/sdk/contract/internal'
import type { JoinRequest } from '@bir/sdk/contract/internal'
import { PublicJwk } from '@bir/sdk/contract/snapshot'
import { calculateJwkThumbprint } from 'jose'
import { z } from 'zod'
import { sha256Hex } from '../runtime/sha256.ts'

const PrivateJwk = z.looseObject({ kty: z.string(), crv: z.string(), x: z.string(), d: z.string() })

/** The identity of this plane. It is created once, when the plane joins, and kept on disk. */
export const Identity = z.object({
  id: z.uuid(),
  controlUrl: z.url(),
  issuer: z.url(),
  manifestKey: PublicJwk,
  signingKey: PrivateJwk,
  sealingKey: PrivateJwk,
})
export type Identity = z.infer<typeof Identity>

export interface Keys {
  signingKey: z.infer<typeof PrivateJwk>
  sealingKey: z.infer<typeof PrivateJwk>
}

export const newKeys = (): Keys => ({
  signingKey: PrivateJwk.parse(generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })),
  sealingKey: PrivateJwk.parse(generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' })),
})

/** Reads the identity from disk; undefined when this plane has never joined. Throws when the file is damaged. */
export function readIdentity(path: string): Identity | undefined {
  if (!existsSync(path)) return undefined
  const parsed = Identity.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (parsed.success) return parsed.data
  throw new Error(`the plane's identity in ${path} is damaged; remove the file and give the plane a new BIR_JOIN`)
}

export function writeIdentity(path: string, identity: Identity): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const newPath = `${path}.new`
  writeFileSync(newPath, JSON.stringify(identity), { mode: 0o600 })
  chmodSync(newPath, 0o600)
  renameSync(newPath, path)
}

export async function joinRequest(
  { secret, name, internalUrl }: Pick<JoinRequest, 'secret' | 'name' | 'internalUrl'>,
  { signingKey, sealingKey }: Keys,
): Promise<JoinRequest> {
  const keys = { publicKey: await publicOf(signingKey, 'EdDSA'), sealingKey: await publicOf(sealingKey, 'ECDH-ES') }
  return { secret, name, ...keys, ...(internalUrl !== undefined && { internalUrl }) }
}

/** The manifest key must have the fingerprint that came with the join secret: nobody can pose as the control plane. */
export function acceptJoin(answer: unknown, controlUrl: string, fingerprint: string, keys: Keys): Identity {
  const { id, manifestKey, issuer } = JoinAnswer.parse(answer)
  if (fingerprintOf(manifestKey) !== fingerprint)
    throw new Error('the control plane signs with another key than BIR_JOIN names; nothing of it is trusted')
  return { id, controlUrl, issuer, manifestKey, ...keys }
}

/** The SHA-256 of the key's SPKI DER, in hex. A join line names the manifest key by it. */
export function fingerprintOf(key: PublicJwk): string {
  const der = createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'der' })
  return sha256Hex(der)
}

/** Returns a function that signs the hash of the audit chain's head. */
export function headSigner({ signingKey }: Identity): (hash: string) => string {
  const key = createPrivateKey({ key: signingKey, format: 'jwk' })
  return (hash) => sign(null, Buffer.from(hash), key).toString('base64url')
}

async function publicOf({ kty, crv, x }: Keys['signingKey'], alg: string): Promise<PublicJwk> {
  return { kty, crv, x, alg, kid: await calculateJwkThumbprint({ kty, crv, x }) }
}

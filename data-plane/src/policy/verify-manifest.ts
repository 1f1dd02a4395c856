import { canonical } from '@bir/sdk/contract/canonical'
import { Fresh, Manifest } from '@bir/sdk/contract/snapshot'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { compactVerify, importJWK } from 'jose'
import { sha256Hex } from '../runtime/sha256.ts'

const text = new TextDecoder()

/** The manifest under its signature; throws when it is not the control plane's or its root does not fit. */
export async function verifyManifest(jws: string, key: PublicJwk): Promise<Manifest> {
  const manifest = Manifest.parse(await payloadOf(jws, key, 'bir-manifest+jwt'))
  if (sha256Hex(canonical(manifest.chunks)) !== manifest.root) throw new Error('the manifest names another root than its chunks have')
  return manifest
}

export const verifyFresh = async (jws: string, key: PublicJwk): Promise<Fresh> => Fresh.parse(await payloadOf(jws, key, 'bir-fresh+jwt'))
/** The key is the same all a process's life: it is read once. */
const imported = new WeakMap<PublicJwk, ReturnType<typeof importJWK>>()

function importedOnce(jwk: PublicJwk): ReturnType<typeof importJWK> {
  const key = imported.get(jwk) ?? importJWK(jwk, 'EdDSA')
  imported.set(jwk, key)
  return key
}

async function payloadOf(jws: string, key: PublicJwk, typ: string): Promise<unknown> {
  const { payload, protectedHeader } = await compactVerify(jws, await importedOnce(key), { algorithms: ['EdDSA'] })
  if (protectedHeader.typ !== typ) throw new Error(`a signed ${protectedHeader.typ} where ${typ} belongs`)
  return JSON.parse(text.decode(payload))
}

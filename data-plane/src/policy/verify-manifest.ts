import { canonical } from '@bir/sdk/contract/canonical'
import { Fresh, Manifest } from '@bir/sdk/contract/snapshot'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { compactVerify } from 'jose'
import { eddsaKey } from '../control/eddsa-key.ts'
import { sha256Hex } from '../runtime/sha256.ts'

const text = new TextDecoder()

/** Verifies a manifest. Rejects when the control plane did not sign it, or its root is not that of its chunks. */
export async function verifyManifest(jws: string, key: PublicJwk): Promise<Manifest> {
  const manifest = Manifest.parse(await payloadOf(jws, key, 'bir-manifest+jwt'))
  if (sha256Hex(canonical(manifest.chunks)) !== manifest.root) throw new Error('the manifest names another root than its chunks have')
  return manifest
}

export const verifyFresh = async (jws: string, key: PublicJwk): Promise<Fresh> => Fresh.parse(await payloadOf(jws, key, 'bir-fresh+jwt'))

async function payloadOf(jws: string, key: PublicJwk, typ: string): Promise<unknown> {
  const { payload, protectedHeader } = await compactVerify(jws, await eddsaKey(key), { algorithms: ['EdDSA'] })
  if (protectedHeader.typ !== typ) throw new Error(`a signed ${protectedHeader.typ} where ${typ} belongs`)
  return JSON.parse(text.decode(payload))
}

import { canonical } from '@bir/sdk/contract/canonical'
import { HISTORY_HEADER } from '@bir/sdk/contract/held'
import { Fresh, Manifest } from '@bir/sdk/contract/snapshot'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { compactVerify } from 'jose'
import { z } from 'zod'
import { eddsaKey } from '../control/eddsa-key.ts'
import { sha256Hex } from '../runtime/sha256.ts'
import { ofRevision, readPart } from './reading/unservable.ts'

const text = new TextDecoder()

/** A signed statement. `history` is what its number counts in; control planes of earlier versions do not say it. */
export interface Signed<T> {
  readonly value: T
  readonly history: string | undefined
}

/** What every manifest has, whatever else this plane does not know of it. */
const Numbered = z.looseObject({ revision: z.int(), root: z.string(), chunks: z.looseObject({}) })

/**
 * Verifies a manifest. Rejects when the control plane did not sign it, or its root is not that of its chunks; with
 * `Unservable` when this plane cannot read it.
 */
export async function verifyManifest(jws: string, key: PublicJwk): Promise<Signed<Manifest>> {
  const { value, history } = await open(jws, key, 'bir-manifest+jwt')
  const signed = Numbered.parse(value)
  // Over all chunks that are named, also over those of a kind that this plane does not know.
  if (sha256Hex(canonical(signed.chunks)) !== signed.root) throw new Error('the manifest names another root than its chunks have')
  return { value: await ofRevision(signed.revision, () => readPart('the manifest', signed, Manifest)), history }
}

export async function verifyFresh(jws: string, key: PublicJwk): Promise<Signed<Fresh>> {
  const { value, history } = await open(jws, key, 'bir-fresh+jwt')
  return { value: Fresh.parse(value), history }
}

async function open(jws: string, key: PublicJwk, typ: string): Promise<Signed<unknown>> {
  const { payload, protectedHeader } = await compactVerify(jws, await eddsaKey(key), { algorithms: ['EdDSA'] })
  if (protectedHeader.typ !== typ) throw new Error(`a signed ${protectedHeader.typ} where ${typ} belongs`)
  const history = protectedHeader[HISTORY_HEADER]
  return { value: JSON.parse(text.decode(payload)), history: typeof history === 'string' ? history : undefined }
}

import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { ChunkNames, Fresh, Manifest } from '@bir/sdk/contract/snapshot'
import { CompactSign } from 'jose'
import type { SigningKey } from '../keys/key-rows.ts'

/** The same chunks give the same root. */
export const rootOf = (chunks: ChunkNames): string => createHash('sha256').update(canonical(chunks)).digest('hex')

export const signManifest = (key: SigningKey, manifest: Manifest): Promise<string> => sign(key, 'bir-manifest+jwt', manifest)

/** Signs the statement that this revision was the newest one at that moment. */
export const signFresh = (key: SigningKey, fresh: Fresh): Promise<string> => sign(key, 'bir-fresh+jwt', fresh)

const sign = ({ privateKey, kid }: SigningKey, typ: string, payload: object) =>
  new CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader({ alg: 'EdDSA', typ, kid }).sign(privateKey)

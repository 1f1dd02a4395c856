import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import { HISTORY_HEADER } from '@bir/sdk/contract/held'
import { withNeeds } from '@bir/sdk/contract/needs'
import type { ChunkNames, Fresh, Manifest } from '@bir/sdk/contract/snapshot'
import { CompactSign } from 'jose'
import type { SigningKey } from '../keys/key-rows.ts'

/** The same chunks give the same root. */
export const rootOf = (chunks: ChunkNames): string => createHash('sha256').update(canonical(chunks)).digest('hex')

/**
 * `history` names the history that the revision belongs to. It stands in the protected header (RFC 7515, section 4.2),
 * because planes of earlier versions refuse members of the payload that they do not know.
 */
export const signManifest = (key: SigningKey, manifest: Manifest, history: string | undefined): Promise<string> =>
  sign(key, 'bir-manifest+jwt', withNeeds('manifest', manifest), history)

/** Signs the statement that this revision was the newest one at that moment. */
export const signFresh = (key: SigningKey, fresh: Fresh, history: string | undefined): Promise<string> =>
  sign(key, 'bir-fresh+jwt', fresh, history)

const sign = ({ privateKey, kid }: SigningKey, typ: string, payload: object, history: string | undefined) =>
  new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: 'EdDSA', typ, kid, ...(history !== undefined && { [HISTORY_HEADER]: history }) })
    .sign(privateKey)

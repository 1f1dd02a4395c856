import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonical } from '@bir/sdk/contract/canonical'
import type { ChunkNames } from '@bir/sdk/contract/snapshot'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { PolicyCache } from '../../../data-plane/src/policy/cache.ts'
import { Chunks, classes, company } from './synthetic.ts'

/** What `measure.ts` reads beside the policy. */
export interface Prepared {
  manifestKey: { kty: string; kid: string; alg: string }
  /** Ids of some people, to ask about. */
  sample: string[]
  /** The next revision: its manifest and its new chunks. */
  change: { manifest: string; chunks: [name: string, text: string][] }
}

const [dir = '.', people, classCount] = process.argv.slice(2)
const size = { people: Number(people), classCount: Number(classCount) }
const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
const manifestKey = { ...(await exportJWK(publicKey)), kty: 'OKP', kid: 'bench', alg: 'EdDSA' }

function signManifest(revision: number, names: ChunkNames): Promise<string> {
  const root = createHash('sha256').update(canonical(names)).digest('hex')
  const payload = Buffer.from(JSON.stringify({ format: 1, revision, root, atMs: Date.now(), chunks: names }))
  return new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA', typ: 'bir-manifest+jwt', kid: 'bench' }).sign(privateKey)
}

const chunks = new Chunks()
const { names, sample } = company(chunks, size, manifestKey)
const cache = new PolicyCache(join(dir, 'policy'))
await cache.write({ manifest: await signManifest(1, names), fresh: undefined, chunks: new Map(chunks.bytes) })

const oldNames = new Set(chunks.bytes.keys())
const changedNames = { ...names, classes: classes(chunks, size, true) }
const newChunks = [...chunks.bytes].filter(([name]) => !oldNames.has(name))
const prepared: Prepared = {
  manifestKey,
  sample,
  change: {
    manifest: await signManifest(2, changedNames),
    chunks: newChunks.map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
  },
}
writeFileSync(join(dir, 'prepared.json'), JSON.stringify(prepared))
process.send?.({ prepared: true })

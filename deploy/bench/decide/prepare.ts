import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { canonical } from '@bir/sdk/contract/canonical'
import type { ChunkNames } from '@bir/sdk/contract/snapshot'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { PolicyCache } from '../../../data-plane/src/policy/cache.ts'
import { Chunks, classes, company } from './synthetic.ts'

/** What `decide-measure` finds beside the policy. */
export interface Prepared {
  manifestKey: { kty: string; kid: string; alg: string }
  sample: string[]
  /** The next revision: the manifest, and the chunks it brings. */
  change: { manifest: string; chunks: [name: string, text: string][] }
}

const [dir = '.', people, classCount] = process.argv.slice(2)
const size = { people: Number(people), classCount: Number(classCount) }
const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true })
const manifestKey = { ...(await exportJWK(publicKey)), kty: 'OKP', kid: 'bench', alg: 'EdDSA' }

function signed(revision: number, names: ChunkNames): Promise<string> {
  const root = createHash('sha256').update(canonical(names)).digest('hex')
  const payload = Buffer.from(JSON.stringify({ format: 1, revision, root, atMs: Date.now(), chunks: names }))
  return new CompactSign(payload).setProtectedHeader({ alg: 'EdDSA', typ: 'bir-manifest+jwt', kid: 'bench' }).sign(privateKey)
}

const chunks = new Chunks()
const { names, sample } = company(chunks, size, manifestKey)
const cache = new PolicyCache(join(dir, 'policy'))
await cache.write({ manifest: await signed(1, names), fresh: undefined, chunks: new Map(chunks.bytes) })

const before = new Set(chunks.bytes.keys())
const changed = { ...names, classes: classes(chunks, size, true) }
const brought = [...chunks.bytes].filter(([name]) => !before.has(name))
const prepared: Prepared = {
  manifestKey,
  sample,
  change: { manifest: await signed(2, changed), chunks: brought.map(([name, bytes]) => [name, Buffer.from(bytes).toString()]) },
}
writeFileSync(join(dir, 'prepared.json'), JSON.stringify(prepared))
process.send?.({ prepared: true })

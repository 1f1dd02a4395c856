import { BUCKETS_PER_INDEX, ClassesChunk, IndexChunk } from '@bir/sdk/contract/snapshot'
import type { Manifest } from '@bir/sdk/contract/snapshot'
import { sha256Hex } from './verify.ts'

const atOnce = 16

export type FetchChunk = (name: string) => Promise<Uint8Array>

/** The bytes of every chunk a manifest reaches: what is held already is kept, the rest is fetched, each checked against its name. */
export async function gather(
  manifest: Manifest,
  held: ReadonlyMap<string, Uint8Array>,
  fetch: FetchChunk,
): Promise<Map<string, Uint8Array>> {
  const { principals, ...single } = manifest.chunks
  const found = new Map<string, Uint8Array>()
  await fill(found, [...Object.values(single), ...principals], held, fetch)

  const { classes } = ClassesChunk.parse(jsonOf(found.get(single.classes)))
  const indexes = principals.map((name) => IndexChunk.parse(jsonOf(found.get(name))))
  const profiles = Object.values(classes).map(({ profile }) => profile)
  const buckets = indexes.flatMap((index) => index.buckets.slice(0, BUCKETS_PER_INDEX)).filter((name) => name !== null)
  await fill(found, [...profiles, ...buckets], held, fetch)
  return found
}

async function fill(
  found: Map<string, Uint8Array>,
  names: string[],
  held: ReadonlyMap<string, Uint8Array>,
  fetch: FetchChunk,
): Promise<void> {
  const missing: string[] = []
  for (const name of new Set(names)) {
    const known = found.get(name) ?? held.get(name)
    if (known) found.set(name, known)
    else missing.push(name)
  }
  const take = async () => {
    for (let name = missing.pop(); name !== undefined; name = missing.pop()) found.set(name, await checked(name, fetch))
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, missing.length) }, take))
}

async function checked(name: string, fetch: FetchChunk): Promise<Uint8Array> {
  const bytes = await fetch(name)
  if (sha256Hex(bytes) !== name) throw new Error(`chunk ${name} has other bytes than its name says`)
  return bytes
}

const jsonOf = (bytes: Uint8Array | undefined): unknown => JSON.parse(Buffer.from(bytes ?? []).toString('utf8'))

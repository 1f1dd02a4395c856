import { ClassesChunk, IndexChunk } from '@bir/sdk/contract/snapshot'
import type { Manifest } from '@bir/sdk/contract/snapshot'
import type { z } from 'zod'
import type { TimeSlice } from '../runtime/time-slice.ts'
import { sha256Hex } from '../runtime/sha256.ts'

const atOnce = 16

/** The bytes of a chunk by its name. Rejects when it cannot be had. */
export type FetchChunk = (name: string) => Promise<Uint8Array>

export type Indexes = ReadonlyMap<string, IndexChunk>

/** All a manifest reaches: the bytes, and what had to be read to find them. */
export interface Gathered {
  readonly bytes: ReadonlyMap<string, Uint8Array>
  readonly classes: ClassesChunk['classes']
  readonly indexes: Indexes
}

interface Held {
  readonly bytes: ReadonlyMap<string, Uint8Array>
  readonly indexes: Indexes
}

/** The bytes of every chunk a manifest reaches: what is held already is kept, the rest is fetched, each checked against its name. */
export async function gather(manifest: Manifest, held: Held, fetch: FetchChunk, turn: TimeSlice): Promise<Gathered> {
  const { principals, ...single } = manifest.chunks
  const bytes = new Map<string, Uint8Array>()
  await fill(bytes, new Set([...Object.values(single), ...principals]), held.bytes, fetch, turn)

  const { classes } = readChunk(bytes, single.classes, ClassesChunk)
  const needed = new Set(Object.values(classes).map(({ profile }) => profile))
  const indexes = new Map<string, IndexChunk>()
  for (const name of principals) {
    const index = held.indexes.get(name) ?? readChunk(bytes, name, IndexChunk)
    indexes.set(name, index)
    for (const bucket of index.buckets) if (bucket !== null) needed.add(bucket)
    await turn.yieldIfSpent()
  }
  await fill(bytes, needed, held.bytes, fetch, turn)
  return { bytes, classes, indexes }
}

/** Throws when it is not there or not what it should be. */
export function readChunk<T>(bytes: ReadonlyMap<string, Uint8Array>, name: string, schema: z.ZodType<T>): T {
  const chunk = bytes.get(name)
  if (!chunk) throw new Error(`chunk ${name} is missing`)
  return schema.parse(JSON.parse(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8')))
}

async function fill(
  found: Map<string, Uint8Array>,
  names: ReadonlySet<string>,
  held: ReadonlyMap<string, Uint8Array>,
  fetch: FetchChunk,
  turn: TimeSlice,
): Promise<void> {
  const missing: string[] = []
  for (const name of names) {
    const known = found.get(name) ?? held.get(name)
    if (known) found.set(name, known)
    else missing.push(name)
  }
  const take = async () => {
    for (let name = missing.pop(); name !== undefined; name = missing.pop()) {
      found.set(name, await checked(name, fetch))
      await turn.yieldIfSpent()
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, missing.length) }, take))
}

async function checked(name: string, fetch: FetchChunk): Promise<Uint8Array> {
  const bytes = await fetch(name)
  if (sha256Hex(bytes) !== name) throw new Error(`chunk ${name} has other bytes than its name says`)
  return bytes
}

import type { Part } from '@bir/sdk/contract/needs'
import { ClassesChunk, IndexChunk } from '@bir/sdk/contract/snapshot'
import type { Manifest } from '@bir/sdk/contract/snapshot'
import type { z } from 'zod'
import type { TimeSlice } from '../../runtime/time-slice.ts'
import { sha256Hex } from '../../runtime/sha256.ts'
import { readPart } from './unservable.ts'

const concurrentFetches = 16

/** Resolves with the bytes of the chunk with this name. Rejects when they are not available. */
export type FetchChunk = (name: string) => Promise<Uint8Array>

export type Indexes = ReadonlyMap<string, IndexChunk>

/** All chunks that a manifest refers to, also through others. Classes and indexes are parsed to find those. */
export interface GatheredChunks {
  readonly bytes: ReadonlyMap<string, Uint8Array>
  readonly classes: ClassesChunk['classes']
  readonly indexes: Indexes
}

/** Chunks of the policy in force. */
interface PreviousChunks {
  readonly bytes: ReadonlyMap<string, Uint8Array>
  readonly indexes: Indexes
}

/** Gathers all chunks of a manifest: from the previous ones, or fetched and checked against their names. */
export async function gather(manifest: Manifest, previous: PreviousChunks, fetch: FetchChunk, slice: TimeSlice): Promise<GatheredChunks> {
  const { principals, ...single } = manifest.chunks
  const bytes = new Map<string, Uint8Array>()
  await fill(bytes, new Set([...Object.values(single).filter((name) => name !== undefined), ...principals]), previous.bytes, fetch, slice)

  const { classes } = readChunk('classes', bytes, single.classes, ClassesChunk)
  const needed = new Set(Object.values(classes).map(({ profile }) => profile))
  const indexes = new Map<string, IndexChunk>()
  for (const name of principals) {
    const index = previous.indexes.get(name) ?? readChunk('index', bytes, name, IndexChunk)
    indexes.set(name, index)
    for (const bucket of index.buckets) if (bucket !== null) needed.add(bucket)
    await slice.yieldIfSpent()
  }
  await fill(bytes, needed, previous.bytes, fetch, slice)
  return { bytes, classes, indexes }
}

/** Parses a chunk. Throws when it is missing; `Unservable` when this plane cannot read it. */
export function readChunk<T>(part: Part, bytes: ReadonlyMap<string, Uint8Array>, name: string, schema: z.ZodType<T>): T {
  const chunk = bytes.get(name)
  if (!chunk) throw new Error(`chunk ${name} is missing`)
  const value: unknown = JSON.parse(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('utf8'))
  return readPart(`the ${part} chunk`, value, schema)
}

/** Adds the chunks with these names to `bytes`. */
async function fill(
  bytes: Map<string, Uint8Array>,
  names: ReadonlySet<string>,
  previous: ReadonlyMap<string, Uint8Array>,
  fetch: FetchChunk,
  slice: TimeSlice,
): Promise<void> {
  const missing: string[] = []
  for (const name of names) {
    const chunk = bytes.get(name) ?? previous.get(name)
    if (chunk) bytes.set(name, chunk)
    else missing.push(name)
  }
  const fetchMissing = async () => {
    for (let name = missing.pop(); name !== undefined; name = missing.pop()) {
      bytes.set(name, await fetchChecked(name, fetch))
      await slice.yieldIfSpent()
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrentFetches, missing.length) }, fetchMissing))
}

async function fetchChecked(name: string, fetch: FetchChunk): Promise<Uint8Array> {
  const bytes = await fetch(name)
  if (sha256Hex(bytes) !== name) throw new Error(`chunk ${name} has other bytes than its name says`)
  return bytes
}

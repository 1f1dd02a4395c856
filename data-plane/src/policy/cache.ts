import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { TimeSlice } from '../runtime/time-slice.ts'

/** A policy that can be restored without the control plane: the signed statements and the bytes of every chunk. */
export interface CachedPolicy {
  /** The slot that it was read from. */
  readonly slot?: number
  readonly manifest: string
  readonly fresh: string | undefined
  readonly chunks: ReadonlyMap<string, Uint8Array>
}

const Head = z.object({
  manifest: z.string(),
  chunks: z.array(z.tuple([z.string(), z.int().min(0)])),
})

const slots = ['a', 'b'] as const
const piecesPerWrite = 64

/**
 * Keeps the last good policy on disk, in two slots that are written in turn. A slot is one file: a line of JSON (the
 * signed manifest, names and lengths of the chunks), the bytes of the chunks, and the SHA-256 of everything before it.
 * A slot whose hash does not fit (a torn write, a change on disk) is ignored.
 */
export class PolicyCache {
  private readonly dir: string
  private nextSlot = 0

  constructor(dir: string) {
    this.dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  /** Every intact slot. The caller finds the newest by the signed revisions, and then calls `protect` for it. */
  read(): CachedPolicy[] {
    const fresh = this.readFresh()
    return slots.flatMap((name, slot) => {
      const cached = this.readSlot(this.pathOf(name))
      return cached ? [{ ...cached, slot, fresh }] : []
    })
  }

  /** Protects this slot from the next write, which goes to the other one. */
  protect(slot: number): void {
    this.nextSlot = 1 - slot
  }

  /** Overwrites the older slot. The newer one stays intact, so a crash during the write loses nothing. */
  async write({ manifest, chunks }: CachedPolicy): Promise<void> {
    const slot = slots[this.nextSlot] ?? 'a'
    const head = JSON.stringify({ manifest, chunks: [...chunks].map(([name, bytes]) => [name, bytes.length]) })
    await replace(this.pathOf(slot), [Buffer.from(`${head}\n`), ...chunks.values()], { hashed: true })
    this.nextSlot = 1 - this.nextSlot
  }

  /** Keeps the newest signed statement of freshness, so that staleness counts from it after a restart too. */
  async writeFresh(fresh: string): Promise<void> {
    await replace(this.pathOf('fresh'), [Buffer.from(fresh)], { hashed: false })
  }

  private pathOf(name: string): string {
    return join(this.dir, `policy-${name}`)
  }

  private readFresh(): string | undefined {
    const path = this.pathOf('fresh')
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined
  }

  private readSlot(path: string): Omit<CachedPolicy, 'fresh'> | undefined {
    if (!existsSync(path)) return undefined
    const bytes = readFileSync(path)
    const body = bytes.subarray(0, -32)
    if (bytes.length < 33 || !createHash('sha256').update(body).digest().equals(bytes.subarray(-32))) return undefined
    const end = body.indexOf(10)
    const head = Head.parse(JSON.parse(body.subarray(0, end).toString('utf8')))
    let at = end + 1
    const chunks = new Map(
      head.chunks.map(([name, length]) => {
        const chunk = body.subarray(at, at + length)
        at += length
        return [name, chunk]
      }),
    )
    return { manifest: head.manifest, chunks }
  }
}

/**
 * Replaces a file by these pieces; `hashed` adds their SHA-256. Writes a few pieces at a time and yields in between,
 * because the policy of a large company has tens of megabytes.
 */
async function replace(path: string, pieces: readonly Uint8Array[], { hashed }: { hashed: boolean }): Promise<void> {
  const hash = createHash('sha256')
  const slice = new TimeSlice()
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    for (let at = 0; at < pieces.length; at += piecesPerWrite) {
      const batch = pieces.slice(at, at + piecesPerWrite)
      for (const piece of hashed ? batch : []) hash.update(piece)
      await writeAll(file, batch)
      await slice.yieldIfSpent()
    }
    if (hashed) await writeAll(file, [hash.digest()])
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

/** Throws when not everything was written: a full disk may accept a part of a write without an error. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(pieces)
  const byteLength = pieces.reduce((sum, { length }) => sum + length, 0)
  if (bytesWritten < byteLength) throw new Error(`only ${bytesWritten} of ${byteLength} bytes could be written`)
}

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { TimeSlice } from '../runtime/time-slice.ts'

/** A policy as it can be read again without the control plane: the signed words and the bytes of every chunk. */
export interface Kept {
  /** The slot it was read from. */
  readonly slot?: number
  readonly manifest: string
  readonly fresh: string | undefined
  readonly chunks: ReadonlyMap<string, Uint8Array>
}

const Head = z.strictObject({
  manifest: z.string(),
  chunks: z.array(z.tuple([z.string(), z.int().min(0)])),
})

const slots = ['a', 'b'] as const
const piecesAtOnce = 64

/**
 * The last good policy on disk, in two slots written in turn, each one packed file: a line of JSON (the signed manifest, names
 * and lengths of the chunks), the chunks' bytes, and the SHA-256 of all before. A slot that is torn or altered does not count.
 */
export class PolicyCache {
  private readonly dir: string
  private next = 0

  constructor(dir: string) {
    this.dir = dir
    mkdirSync(dir, { recursive: true, mode: 0o700 })
  }

  /** Every slot that is whole. Which is newer, their signed revisions tell: then `keep` it. */
  read(): Kept[] {
    const fresh = this.readFresh()
    return slots.flatMap((name, slot) => {
      const kept = this.readSlot(this.pathOf(name))
      return kept ? [{ ...kept, slot, fresh }] : []
    })
  }

  /** The other slot is the one to write over next. */
  keep(slot: number): void {
    this.next = 1 - slot
  }

  /** Writes over the older slot. The one in use stays whole until this one is. */
  async write({ manifest, chunks }: Kept): Promise<void> {
    const slot = slots[this.next] ?? 'a'
    const head = JSON.stringify({ manifest, chunks: [...chunks].map(([name, bytes]) => [name, bytes.length]) })
    await replace(this.pathOf(slot), [Buffer.from(`${head}\n`), ...chunks.values()], { hashed: true })
    this.next = 1 - this.next
  }

  /** Staleness counts from the newest signed word, also after a restart. */
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

  private readSlot(path: string): Omit<Kept, 'fresh'> | undefined {
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

/** Some pieces at a time, in short turns: the whole of a large company is tens of megabytes. `hashed` adds the SHA-256 of all. */
async function replace(path: string, pieces: readonly Uint8Array[], { hashed }: { hashed: boolean }): Promise<void> {
  const hash = createHash('sha256')
  const turn = new TimeSlice()
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    for (let at = 0; at < pieces.length; at += piecesAtOnce) {
      const some = pieces.slice(at, at + piecesAtOnce)
      for (const piece of hashed ? some : []) hash.update(piece)
      await writeAll(file, some)
      await turn.yieldIfSpent()
    }
    if (hashed) await writeAll(file, [hash.digest()])
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

/** A full disk may take the first part of a write and refuse only the next. */
async function writeAll(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(pieces)
  const wanted = pieces.reduce((sum, { length }) => sum + length, 0)
  if (bytesWritten < wanted) throw new Error(`only ${bytesWritten} of ${wanted} bytes could be written`)
}

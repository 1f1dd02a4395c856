import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

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
    const hash = createHash('sha256').update(`${head}\n`)
    const parts: Uint8Array[] = [Buffer.from(`${head}\n`)]
    for (const bytes of chunks.values()) {
      hash.update(bytes)
      parts.push(bytes)
    }
    await replace(this.pathOf(slot), [...parts, hash.digest()])
    this.next = 1 - this.next
  }

  /** Staleness counts from the newest signed word, also after a restart. */
  async writeFresh(fresh: string): Promise<void> {
    await replace(this.pathOf('fresh'), [Buffer.from(fresh)])
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

async function replace(path: string, parts: Uint8Array[]): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writev(parts)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

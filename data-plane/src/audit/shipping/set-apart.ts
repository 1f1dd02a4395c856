import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { AuditHeader, AuditRecord, SetApart } from '@bir/sdk/contract/audit'
import { boundText, boundTexts } from '@bir/sdk/contract/audit-limits'

const maxWhyChars = 500

/** The folder of the records that could not be sent: a file each, named by its sequence number. */
export class ApartFolder {
  private readonly dir: string
  private kept: number

  constructor(spoolDir: string) {
    this.dir = join(spoolDir, 'apart')
    this.kept = countIn(this.dir)
  }

  /** How many records lie apart. An administrator who has looked at a file may move it away. */
  get count(): number {
    if (this.kept > 0) this.kept = countIn(this.dir)
    return this.kept
  }

  /** Whether a record with this number was set apart before. */
  has(seq: number): boolean {
    return existsSync(this.pathOf(seq))
  }

  /** Writes the line of a record into a file of its own, on disk when this returns. Returns the path. */
  keep(seq: number, line: Buffer): string {
    mkdirSync(this.dir, { recursive: true, mode: 0o700 })
    const path = this.pathOf(seq)
    if (!existsSync(path)) this.kept++
    const fd = openSync(path, 'w', 0o600)
    try {
      for (let done = 0; done < line.length;) done += writeSync(fd, line, done)
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    return path
  }

  private readonly pathOf = (seq: number) => join(this.dir, `${String(seq).padStart(16, '0')}.ndjson`)
}

const countIn = (dir: string) => (existsSync(dir) ? readdirSync(dir).length : 0)

/** What stands in the chain in place of this record. */
export function standInFor(line: Buffer, why: string): SetApart {
  const { hash, header } = AuditRecord.parse(JSON.parse(line.toString('utf8')))
  return SetApart.parse({ hash, apart: AuditHeader.parse(boundTexts(header)), bytes: line.length, why: boundText(why, maxWhyChars) })
}

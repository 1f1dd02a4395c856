import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { PostgresFault, faultOf } from './fault.ts'

const Kept = z.record(z.string(), z.string().min(1))

/** The password of each database role: made once, kept readable by the home's owner alone. */
export class Passwords {
  private readonly file: string
  private readonly kept: Record<string, string>

  constructor(home: string) {
    this.file = join(resolve(home), 'postgres-passwords.json')
    this.kept = existsSync(this.file) ? read(this.file) : {}
  }

  of(role: string): string {
    const kept = Object.hasOwn(this.kept, role) ? this.kept[role] : undefined
    if (kept) return kept
    const made = randomBytes(24).toString('base64url')
    this.kept[role] = made
    this.write()
    return made
  }

  private write(): void {
    try {
      mkdirSync(resolve(this.file, '..'), { recursive: true, mode: 0o700 })
      writeFileSync(`${this.file}.new`, `${JSON.stringify(this.kept, undefined, 2)}\n`, { mode: 0o600 })
      renameSync(`${this.file}.new`, this.file)
    } catch (error) {
      throw faultOf(error, this.file)
    }
  }
}

function read(file: string): Record<string, string> {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new PostgresFault(`${file} is damaged: restore it from a backup, or move the home away to begin afresh.`)
  }
}

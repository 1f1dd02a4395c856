import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { PostgresFault, faultOf } from './fault.ts'

const PasswordFile = z.record(z.string(), z.string().min(1))

/** The password of each database role. It is made once, in a file that only the owner of the home can read. */
export class Passwords {
  private readonly file: string
  private readonly byRole: Record<string, string>

  constructor(home: string) {
    this.file = join(resolve(home), 'postgres-passwords.json')
    this.byRole = existsSync(this.file) ? read(this.file) : {}
  }

  forRole(role: string): string {
    const existing = Object.hasOwn(this.byRole, role) ? this.byRole[role] : undefined
    if (existing) return existing
    const password = randomBytes(24).toString('base64url')
    this.byRole[role] = password
    this.write()
    return password
  }

  private write(): void {
    try {
      mkdirSync(resolve(this.file, '..'), { recursive: true, mode: 0o700 })
      writeFileSync(`${this.file}.new`, `${JSON.stringify(this.byRole, undefined, 2)}\n`, { mode: 0o600 })
      renameSync(`${this.file}.new`, this.file)
    } catch (error) {
      throw faultOf(error, this.file)
    }
  }
}

function read(file: string): Record<string, string> {
  try {
    return PasswordFile.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    throw new PostgresFault(`${file} is damaged: restore it from a backup, or move the home away to begin afresh.`)
  }
}

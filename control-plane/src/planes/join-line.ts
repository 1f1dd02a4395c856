import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { fingerprintOf } from '../keys/key-ring.ts'

interface Line {
  issuer: string
  joinSecret: string
  manifestKey: PublicJwk
}

/** Writes BIR_JOIN, by which a data plane finds, trusts and joins this control plane. For the eyes of its owner alone. */
export function writeJoinLine(path: string, { issuer, joinSecret, manifestKey }: Line): void {
  const line = `${issuer}#${joinSecret}.${fingerprintOf(manifestKey)}\n`
  if (isAsWanted(path, line)) return
  const fresh = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(fresh, line, { mode: 0o600 })
  renameSync(fresh, path)
}

function isAsWanted(path: string, line: string): boolean {
  try {
    return readFileSync(path, 'utf8') === line
  } catch {
    return false
  }
}

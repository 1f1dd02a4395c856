import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { PublicJwk } from '@bir/sdk/contract/snapshot'
import { fingerprintOf } from '../keys/key-ring.ts'

interface JoinLineParts {
  issuer: string
  joinSecret: string
  manifestKey: PublicJwk
}

/**
 * Writes BIR_JOIN: the line with which a data plane finds, trusts and joins this control plane. Only the owner can
 * read it.
 */
export function writeJoinLine(path: string, { issuer, joinSecret, manifestKey }: JoinLineParts): void {
  const line = `${issuer}#${joinSecret}.${fingerprintOf(manifestKey)}\n`
  if (hasContent(path, line)) return
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(temporaryPath, line, { mode: 0o600 })
  renameSync(temporaryPath, path)
}

function hasContent(path: string, content: string): boolean {
  try {
    return readFileSync(path, 'utf8') === content
  } catch {
    return false
  }
}

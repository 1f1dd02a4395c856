import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Database } from '@bir/db/schema'
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { errorText } from '../base/log.ts'
import type { Log } from '../base/log.ts'
import { addJoinLine, findJoinLine, joinLineOf, secretIn, stateOf } from './join-line.ts'
import type { JoinAddress } from './join-line.ts'

const joinFileLock = 0x6269720a
/**
 * A line that nobody uses is replaced when half of its life is over. Until its end it stays good: somebody may have
 * copied it.
 */
const lifeMs = 30 * 86_400_000

interface Options {
  db: Kysely<Database>
  path: string
  address: JoinAddress
  log: Log
}

/** Tells of new revisions of the policy, whichever replica published them. */
interface Revisions {
  current: () => { revision: number } | undefined
  newerThan: (revision: number, signal: AbortSignal) => Promise<void>
}

/** Keeps a file that always holds a line with which the next plane can join. Each replica has a file of its own. */
export interface JoinFile {
  /** Replaces the line in the file unless it is good. Rejects when the file cannot be written. */
  renew: () => Promise<void>
  /** The same; logs what goes wrong instead of rejecting. */
  tryRenew: () => Promise<void>
  /** Renews after every revision: each join and each expulsion makes one, at whichever replica. */
  follow: (revisions: Revisions, signal: AbortSignal) => Promise<void>
}

export function joinFileOf({ db, path, address, log }: Options): JoinFile {
  /** The file is written under the lock, so that replicas with the same file agree on its line. */
  const renew = () =>
    db.transaction().execute(async (trx) => {
      await sql`select pg_advisory_xact_lock(${joinFileLock})`.execute(trx)
      const text = readText(path)
      const secret = secretIn(text)
      const isGood = secret !== undefined && (await isGoodSecret(trx, secret, Date.now()))
      const line = `${joinLineOf(address, isGood ? secret : await newSecret(trx))}\n`
      if (line !== text) replaceFile(path, line)
    })
  const tryRenew = () => renew().catch((error: unknown) => log('error', 'join-file-not-renewed', { path, why: errorText(error) }))

  return {
    renew,
    tryRenew,
    async follow(revisions, signal) {
      while (!signal.aborted) {
        // Read before the renewal, so that a revision that comes meanwhile is not missed.
        const revision = revisions.current()?.revision ?? 0
        await tryRenew()
        await revisions.newerThan(revision, signal)
      }
    },
  }
}

async function isGoodSecret(db: Kysely<Database>, secret: string, nowMs: number): Promise<boolean> {
  const row = await findJoinLine(db, secret)
  return row?.origin === 'file' && stateOf(row, nowMs) === 'open' && row.until.getTime() - nowMs > lifeMs / 2
}

async function newSecret(db: Kysely<Database>): Promise<string> {
  const line = { origin: 'file', uses: 1, until: new Date(Date.now() + lifeMs), madeBy: 'control plane' } as const
  return (await addJoinLine(db, line)).secret
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Only the owner can read the file. Whoever reads it sees the old line or the new one, never a part. */
function replaceFile(path: string, text: string): void {
  const temporaryPath = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(temporaryPath, text, { mode: 0o600 })
    renameSync(temporaryPath, path)
  } catch (error) {
    rmSync(temporaryPath, { force: true })
    throw new Error(
      `JOIN_FILE names ${path}, which cannot be written (${codeOf(error)}): make its folder, or let this process write there.`,
      { cause: error },
    )
  }
}

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : errorText(error))

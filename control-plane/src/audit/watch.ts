import type { Database } from '@bir/db/schema'
import type { Kysely } from 'kysely'
import { errorText } from '../base/log.ts'
import type { Log } from '../base/log.ts'
import { auditOf } from './standing.ts'

const lookEveryMs = 2_000

/** Looks at how far the audit of every plane is stored, for `GET /health` and for the log. */
export interface AuditWatch {
  /** What an administrator should know; undefined while the audit of every plane is stored. */
  readonly warning: string | undefined
  /** Looks now. */
  look(): Promise<void>
  stop(): Promise<void>
}

export function watchAudit(db: Kysely<Database>, log: Log): AuditWatch {
  let warning: string | undefined
  let looking: Promise<void> = Promise.resolve()

  const lookOnce = async () => {
    const found = await warningOf(db).catch((error: unknown) => {
      // The warning is for everybody, and the text of the error may name an address.
      if (warning === undefined) log('error', 'audit-not-looked-at', { why: errorText(error) })
      return 'The database cannot be asked about the audit.'
    })
    if (found !== undefined && warning === undefined) log('error', 'audit-incomplete', { why: found })
    if (found === undefined && warning !== undefined) log('info', 'audit-complete-again')
    warning = found
  }
  const look = () => (looking = looking.then(lookOnce))
  const lookInPassing = () => {
    look().catch((error: unknown) => log('error', 'audit-watch-failed', { why: errorText(error) }))
  }
  const timer = setInterval(lookInPassing, lookEveryMs).unref()
  lookInPassing()

  return {
    get warning() {
      return warning
    },
    look,
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}

async function warningOf(db: Kysely<Database>): Promise<string | undefined> {
  const rows = await db
    .selectFrom('planes')
    .innerJoin('audit_chains', 'audit_chains.plane', 'planes.id')
    .select(['name', 'seq', 'seen_at', 'clock_off_ms', 'audit_written', 'audit_told_at', 'audit_waiting_since'])
    .select(['audit_gap_since', 'audit_gap_to', 'audit_apart', 'audit_why', 'audit_ended'])
    .where('expelled_at', 'is', null)
    .orderBy('planes.id')
    .execute()
  const nowMs = Date.now()
  const sentences = rows.flatMap((row) => {
    const { standing, waiting, apart } = auditOf(row, nowMs)
    if (standing === 'waiting') return `Audit records of the plane ${row.name} that are not stored here: ${waiting}.`
    return apart > 0 ? `Audit records of the plane ${row.name} that could not be sent and lie on that plane: ${apart}.` : []
  })
  return sentences.length === 0 ? undefined : sentences.join(' ')
}

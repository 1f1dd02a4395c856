import { randomBytes } from 'node:crypto'
import { hashOf } from '../base/secrets/secret.ts'
import type { Database } from '@bir/db/schema'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import type { Kysely, Selectable } from 'kysely'

export type JoinLineRow = Selectable<Database['join_lines']>

/** What every join line of this control plane says besides its secret. */
export interface JoinAddress {
  issuer: string
  /** Of the manifest key: by it a plane knows this control plane. */
  fingerprint: string
}

/** The line with which a data plane finds, trusts and joins this control plane: the value of its BIR_JOIN. */
export const joinLineOf = ({ issuer, fingerprint }: JoinAddress, secret: string): string => `${issuer}#${secret}.${fingerprint}`

/** The secret in a line; undefined when the text is no join line. */
export const secretIn = (line: string): string | undefined => /#([^.#]+)\.[0-9a-f]{64}\s*$/.exec(line)?.[1]

interface NewLine {
  origin: JoinLineRow['origin']
  name?: string | undefined
  uses: number
  until: Date
  madeBy: string
}

/** Stores a line. Its secret is returned, and stored nowhere. */
export async function addJoinLine(
  db: Kysely<Database>,
  { origin, name, uses, until, madeBy }: NewLine,
): Promise<{ id: string; secret: string }> {
  const id = uuidv7()
  const secret = randomBytes(32).toString('base64url')
  const row = { id, secret_hash: hashOf(secret), origin, name: name ?? null, uses, until, made_by: madeBy }
  await db.insertInto('join_lines').values(row).execute()
  return { id, secret }
}

export const findJoinLine = (db: Kysely<Database>, secret: string): Promise<JoinLineRow | undefined> =>
  db.selectFrom('join_lines').selectAll().where('secret_hash', '=', hashOf(secret)).executeTakeFirst()

/** Whether the line still admits a plane. */
export function stateOf({ uses, used, until, void_at }: JoinLineRow, nowMs: number): 'open' | 'used' | 'expired' | 'void' {
  if (void_at !== null) return 'void'
  if (used >= uses) return 'used'
  return until.getTime() <= nowMs ? 'expired' : 'open'
}

/** What to do about a line that admits nobody. Part of the refusal. */
export const MEND_JOIN_LINE =
  'If it came from the file of the setting JOIN_FILE, read that file again: it holds a good line. Or ask an administrator for one ("bir plane invite").'

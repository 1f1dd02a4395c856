import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sql } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { declaredFaults } from '../users/declared.ts'
import { fileFaults } from './faults.ts'
import { nextState } from './next-state.ts'
import { readState } from './state.ts'
import type { PolicyState } from './state.ts'
import type { Db } from '../policy-rows/types.ts'

/** What this control plane is, for a file: its servers, and the provider of its people. */
type Site = Pick<Ctx, 'catalog' | 'idpProvider'>

interface Reading {
  before: PolicyState
  after: PolicyState
  /** Whom the file declares, and who does not exist yet. */
  newcomers: { id: string; handle: string }[]
}

/** The policy before and after the file. Throws one error that names all faults of the file. Writes nothing. */
export async function readFile(
  db: Db,
  { catalog, idpProvider }: Site,
  file: PolicyFile,
  { withMembers = file.groups !== undefined } = {},
): Promise<Reading> {
  const before = await readState(db, { withMembers })
  const userIds = await idsOf(db, handlesIn(file))
  const newcomers = Object.keys(file.users ?? {})
    .filter((handle) => !userIds.has(handle))
    .map((handle) => ({ id: uuidv7(), handle }))
  for (const { id, handle } of newcomers) userIds.set(handle, id)
  const declared = file.users ? await declaredFaults(db, idpProvider, file.users) : []
  const faults = [...declared.map(([handle, fault]) => `users.${handle}: ${fault}`), ...fileFaults(file, { before, userIds, catalog })]
  if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
  return { before, after: nextState(before, file, userIds), newcomers }
}

function handlesIn({ users = {}, groups = {}, grants = [], restrictions = [] }: PolicyFile): string[] {
  const holders = [...grants, ...restrictions].flatMap(({ user }) => user ?? [])
  return [...new Set([...Object.keys(users), ...Object.values(groups).flatMap(({ members = [] }) => members), ...holders])]
}

async function idsOf(db: Db, handles: string[]): Promise<Map<string, string>> {
  if (handles.length === 0) return new Map()
  const rows = await db
    .selectFrom('users')
    .select(['id', 'handle'])
    .where('handle', '=', sql<string>`any(${handles})`)
    .execute()
  return new Map(rows.map(({ id, handle }) => [handle, id]))
}

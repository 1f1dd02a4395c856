import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sql } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { declaredFaults, NOT_YET_HERE, standingColumns, standingOf } from '../users/declared.ts'
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
  const people = await peopleOf(db, handlesIn(file))
  const userIds = new Map(people.map(({ id, handle }) => [handle, id]))
  const standings = new Map(people.map((row) => [row.handle, standingOf(row)]))
  const newcomers = Object.keys(file.users ?? {})
    .filter((handle) => !userIds.has(handle))
    .map((handle) => ({ id: uuidv7(), handle }))
  for (const { id, handle } of newcomers) userIds.set(handle, id)
  const declared = file.users ? await declaredFaults(db, idpProvider, file.users) : []
  const faults = [...declared.map(([handle, fault]) => `users.${handle}: ${fault}`), ...fileFaults(file, { before, userIds, catalog })]
  if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
  return { before, after: nextState(before, file, userIds, (handle) => standings.get(handle) ?? NOT_YET_HERE), newcomers }
}

function handlesIn({ users = {}, groups = {}, grants = [], restrictions = [] }: PolicyFile): string[] {
  const holders = [...grants, ...restrictions].flatMap(({ user }) => user ?? [])
  return [...new Set([...Object.keys(users), ...Object.values(groups).flatMap(({ members = [] }) => members), ...holders])]
}

async function peopleOf(db: Db, handles: string[]) {
  if (handles.length === 0) return []
  return db
    .selectFrom('users')
    .select(['id', 'handle', ...standingColumns])
    .where('handle', '=', sql<string>`any(${handles})`)
    .execute()
}

import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { ApiError } from '../base/api-error.ts'
import type { Mountable } from '../compile/compile.ts'
import { fileFaults } from './faults.ts'
import { nextState } from './next-state.ts'
import { readState } from './state.ts'
import type { PolicyState } from './state.ts'
import type { Db } from '../policy-rows/types.ts'

/** The policy before and after the file. Throws one error that names all faults of the file. Writes nothing. */
export async function readFile(
  db: Db,
  catalog: Mountable,
  file: PolicyFile,
  { withMembers = file.groups !== undefined } = {},
): Promise<{ before: PolicyState; after: PolicyState }> {
  const before = await readState(db, { withMembers })
  const userIds = await idsOf(db, handlesIn(file))
  const faults = fileFaults(file, { before, userIds, catalog })
  if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
  return { before, after: nextState(before, file, userIds) }
}

function handlesIn({ groups = {}, grants = [], restrictions = [] }: PolicyFile): string[] {
  const holders = [...grants, ...restrictions].flatMap(({ user }) => user ?? [])
  return [...new Set([...Object.values(groups).flatMap(({ members = [] }) => members), ...holders])]
}

async function idsOf(db: Db, handles: string[]): Promise<Map<string, string>> {
  if (handles.length === 0) return new Map()
  const rows = await db.selectFrom('users').select(['id', 'handle']).where('handle', 'in', handles).execute()
  return new Map(rows.map(({ id, handle }) => [handle, id]))
}

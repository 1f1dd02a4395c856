import { FileServer } from '@bir/sdk/contract/policy-file'
import type { FileGrant, FileRestriction, PolicyFile } from '@bir/sdk/contract/policy-file'
import { canonical } from '@bir/sdk/contract/canonical'
import { fileGrant } from '../grants/grants.ts'
import { holderNamer } from '../holders/holder.ts'
import { fileAccounts } from '../service-accounts/declared.ts'
import { fileRestriction } from '../restrictions/restrictions.ts'
import { storedFields } from '../servers/described-server.ts'
import type { PolicyState } from './state.ts'
import type { ServerRow } from '../policy-rows/types.ts'
import type { Ctx } from '../base/context.ts'
import { readState } from './state.ts'

/** Exports the policy in force as one complete file. Applying that file changes nothing. */
export async function exportPolicy(ctx: Ctx): Promise<PolicyFile> {
  const state = await ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute((trx) => readState(trx, { withMembers: true }))
  return fileOf(state)
}

/** The policy as one complete file. */
export function fileOf({ rows, users, serviceAccounts, members, sections, handles, services }: PolicyState): PolicyFile {
  const name = holderNamer(handles, services)
  return {
    servers: Object.fromEntries(rows.servers.map((row) => [row.id, fileServer(row)])),
    // Left out while nobody is declared, so that a control plane of an earlier version takes the file too.
    ...(users.size === 0 ? {} : { users: Object.fromEntries([...users].map(([handle, { entry }]) => [handle, entry])) }),
    ...(serviceAccounts.size === 0 ? {} : { serviceAccounts: fileAccounts(serviceAccounts) }),
    groups: Object.fromEntries(
      rows.groups.map(({ id, handle, title }) => {
        const handlesOfMembers = (members.get(id) ?? []).map((userId) => handles.get(userId) ?? userId).sort()
        return [handle, { ...(title === null ? {} : { title }), members: handlesOfMembers }]
      }),
    ),
    grants: inOrder(rows.grants.map((row): FileGrant => fileGrant(row, name(row)))),
    restrictions: inOrder(rows.restrictions.map((row): FileRestriction => fileRestriction(row, name(row)))),
    settings: rows.settings,
    // A section that says nothing is not there, so that a control plane of an earlier version takes the file too.
    ...sections,
  }
}

function fileServer(row: ServerRow): FileServer {
  return FileServer.parse(storedFields(row))
}

/** Sorts rows by their content, not by their age, so that the same policy always exports the same file. */
const inOrder = <Row extends { server: string }>(rows: Row[]): Row[] =>
  rows.toSorted((a, b) => (`${a.server} ${canonical(a)}` < `${b.server} ${canonical(b)}` ? -1 : 1))

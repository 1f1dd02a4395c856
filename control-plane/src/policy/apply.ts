import type { Database } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Transaction } from 'kysely'
import type { z } from 'zod'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { insertGrants } from '../grants/grants.ts'
import { removeGroup } from '../groups/groups.ts'
import { setMembers } from '../groups/members.ts'
import { bucketsOfHolders, bucketsOfUsers, symmetricDifference } from '../holders/buckets.ts'
import { storeSections } from '../policy-sections/sections.ts'
import { tryErasures } from '../secrets/erasures/erasures.ts'
import { removedSecrets } from '../secrets/erasures/removed-secrets.ts'
import { insertRestrictions } from '../restrictions/restrictions.ts'
import { writeAccounts } from '../service-accounts/write.ts'
import { removeServer, storeServer } from '../servers/servers.ts'
import { writeDeclared } from '../users/write-declared.ts'
import { storeSettings } from '../settings/settings.ts'
import { anyOf } from '../policy-rows/read.ts'
import { difference, editsBetween, memberChanges, removedRows } from './edits.ts'
import { readFile } from './read-file.ts'
import type { PolicyState } from './state.ts'
import type { PolicyRows } from '../policy-rows/types.ts'
import { refuseUnexpected } from './version.ts'

/** Applies the whole file, or nothing of it. Applying the same file again changes nothing. */
export async function apply(ctx: Ctx, { file, ...expected }: z.output<Api['policy']['apply']['input']>) {
  const { value, revision } = await change(ctx, { action: 'policy.apply', target: 'policy' }, async (trx) => {
    const withMembers = file.groups !== undefined || expected.expectPolicy !== undefined || expected.expectRevision !== undefined
    const { before, after } = await readFile(trx, ctx, file, { withMembers })
    await refuseUnexpected(trx, expected, before)
    const edits = editsBetween(before, after)
    if (edits.length === 0) return { value: { edits }, dirty: 'nothing' }
    const removed = await removedSecrets(trx, removedRows(before, after))
    const value = { edits, ...(removed.length > 0 && { removed }) }
    const detail = [...edits, ...removed.map((text) => `destroy ${text}`)].join('\n')
    return { value, dirty: await write(trx, before, after, ctx), detail }
  })
  await tryErasures(ctx.db, ctx.secrets.store)
  return { revision, ...value }
}

/** Writes the difference. Resolves with the buckets that it makes dirty. */
async function write(trx: Transaction<Database>, before: PolicyState, after: PolicyState, ctx: Ctx): Promise<number[]> {
  const { actor, idpProvider } = ctx
  // Must come first: a person who leaves a group that loses its last grant is still found by their membership.
  const buckets = await bucketsOfHolders(trx, symmetricDifference(active(before.rows), active(after.rows)))

  buckets.push(...(await writeServers(trx, before, after, ctx)))
  buckets.push(...(await writeDeclared(trx, idpProvider, before.users, after.users)))
  buckets.push(...(await writeAccounts(trx, before.serviceAccounts, after.serviceAccounts)))
  buckets.push(...(await writeGroups(trx, before, after)))
  await writeHoldings(trx, before, after)
  if (canonical(before.rows.settings) !== canonical(after.rows.settings)) await storeSettings(trx, after.rows.settings)
  await storeSections(trx, before.sections, after.sections)
  for (const { id } of difference(before.rows.groups, after.rows.groups).removed) await removeGroup(trx, id, actor.label)
  for (const { id } of difference(before.rows.servers, after.rows.servers).removed)
    buckets.push(...(await removeServer(trx, id, actor.label)))
  return [...new Set(buckets)]
}

const active = ({ grants, restrictions }: PolicyRows) => new Set([...grants, ...restrictions].map(({ holderId }) => holderId))

async function writeServers(trx: Transaction<Database>, before: PolicyState, after: PolicyState, ctx: Ctx): Promise<number[]> {
  const { added, changed } = difference(before.rows.servers, after.rows.servers)
  const buckets: number[] = []
  for (const server of [...added, ...changed.map((change) => change.after)]) buckets.push(...(await storeServer(trx, ctx, server)))
  return buckets
}

async function writeGroups(trx: Transaction<Database>, before: PolicyState, after: PolicyState): Promise<number[]> {
  const { added, changed } = difference(before.rows.groups, after.rows.groups)
  for (const { id, handle, title } of added) await trx.insertInto('groups').values({ id, handle, title }).execute()
  for (const { after: group } of changed) await trx.updateTable('groups').set({ title: group.title }).where('id', '=', group.id).execute()

  const changedUserIds: string[] = []
  for (const [group, members] of after.members) {
    const { joined, left } = memberChanges(before.members.get(group) ?? [], members)
    if (joined.length + left.length > 0) changedUserIds.push(...(await setMembers(trx, group, members)).userIds)
  }
  return bucketsOfUsers(trx, changedUserIds)
}

async function writeHoldings(trx: Transaction<Database>, before: PolicyState, after: PolicyState): Promise<void> {
  const grants = difference(before.rows.grants, after.rows.grants)
  const restrictions = difference(before.rows.restrictions, after.rows.restrictions)
  const ids = (rows: { id: string }[]) => anyOf(rows.map(({ id }) => id))
  await trx.deleteFrom('grants').where('id', '=', ids(grants.removed)).execute()
  await trx.deleteFrom('restrictions').where('id', '=', ids(restrictions.removed)).execute()
  await insertGrants(trx, grants.added)
  await insertRestrictions(trx, restrictions.added)
}

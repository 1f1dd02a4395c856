import { decideFor } from '@bir/sdk/contract/decide'
import { secretFor } from '@bir/sdk/contract/decide-secret'
import { prospect } from '@bir/sdk/contract/decide-server'
import type { OwnServer, OwnTool } from '@bir/sdk/contract/api-own'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { personOf } from '@bir/sdk/contract/policy'
import type { ToolEntry } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { z } from 'zod'
import { ApiError, notFound } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { policyOf } from '../policy/in-memory.ts'
import { byGrants } from '../policy/plan.ts'
import { readPerson, readPolicyRows } from '../policy-rows/read.ts'
import { callerRow } from './caller.ts'

/** One caller, in the policy as it is and as it would be without what they selected and without secrets. */
interface View {
  policy: Policy
  grantsAlone: Policy
  person: Person
  unselected: Person
  catalog: Ctx['catalog']
  nowMs: number
}

/** The servers on which a grant reaches the caller. It uses the same functions that the data planes enforce with. */
export async function servers(ctx: Ctx): Promise<{ items: OwnServer[] }> {
  const { handle, id } = await callerRow(ctx)
  const { rows, personRow } = await ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({ rows: await readPolicyRows(trx), personRow: await readPerson(trx, handle) }))
  const subject = subjectOf(id)
  if (!personRow || !subject) throw notFound('person', handle)
  const policy = policyOf(rows, [personRow], ctx.catalog)
  const person = personOf(policy, subject)
  if (!person) throw new ApiError('internal', 'The policy does not hold its caller.')

  const view: View = {
    policy,
    grantsAlone: { ...byGrants(policy), revoked: { ...policy.revoked, killed: new Set() } },
    person,
    unselected: withoutSelection(person),
    catalog: ctx.catalog,
    nowMs: Date.now(),
  }
  const items = [...policy.servers.keys()].flatMap((server) => ownServer(view, server))
  return { items: items.sort((a, b) => a.title.localeCompare(b.title)) }
}

/** Spelt out: what is read of a person is read when it is asked for. */
function withoutSelection(person: Person): Person {
  const { id, handle, disabled, classKey, groups, grants } = person
  return { id, handle, disabled, classKey, groups, grants, selection: undefined, secretOf: (server) => person.secretOf(server) }
}

function ownServer(view: View, id: string): OwnServer[] {
  const { policy, grantsAlone, person, unselected, nowMs } = view
  const server = policy.servers.get(id)
  const ceiling = prospect(grantsAlone, unselected, id, nowMs).level
  if (!server || ceiling === 'disabled') return []
  const standing = secretFor(policy, person, id, nowMs)
  return [
    {
      id,
      title: server.title,
      kind: server.kind,
      killed: policy.revoked.killed.has(id),
      ceiling,
      level: prospect(grantsAlone, person, id, nowMs).level,
      selected: person.selection?.get(id)?.level ?? null,
      secret: standing
        ? standing.usable
          ? { usable: true, why: null, level: standing.secret.level }
          : { usable: false, why: standing.why, level: null }
        : null,
      tools: [...server.tools].filter(([, { hidden }]) => hidden !== true).map(([name, entry]) => ownTool(view, id, name, entry)),
    },
  ]
}

function ownTool(view: View, server: string, name: string, { level }: ToolEntry): z.output<typeof OwnTool> {
  const { policy, grantsAlone, person, unselected, catalog, nowMs } = view
  const verdict = decideFor(policy, person, server, name, nowMs)
  return {
    name,
    description: catalog.get(server)?.tools.get(name)?.entry.description ?? null,
    level,
    allowed: verdict.allow,
    reason: verdict.allow ? null : verdict.reason,
    granted: decideFor(grantsAlone, unselected, server, name, nowMs).allow,
    off: person.selection?.get(server)?.off?.includes(name) === true,
  }
}

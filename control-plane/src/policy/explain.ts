import { EVERYONE_ID } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { Explanation as ExplanationSchema } from '@bir/sdk/contract/entities'
import { decide } from '@bir/sdk/contract/decide'
import { secretFor } from '@bir/sdk/contract/decide-secret'
import type { Level } from '@bir/sdk/contract/level'
import { personOf } from '@bir/sdk/contract/policy'
import { policyName } from '@bir/sdk/policy-name'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { z } from 'zod'
import { notFound } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { holderNamer, servicesAmong } from '../holders/holder.ts'
import { holdsOn } from '../holders/holds-on.ts'
import { declaredLevel } from '../compile/compile.ts'
import { readPerson, readPolicyRows } from '../policy-rows/read.ts'
import { userRow } from '../users/users.ts'
import { explanationLines } from './explanation.ts'
import { policyOf } from './in-memory.ts'
import { byGrants, reach } from './plan.ts'
import type { Db, PersonRow, PolicyRows } from '../policy-rows/types.ts'

type Explanation = z.infer<typeof ExplanationSchema>
type Question = z.output<Api['policy']['explain']['input']>

/**
 * Explains why a person may or may not call a tool, by the name that its server or the policy gives it. It uses the
 * same `decide` that the data planes use.
 */
export async function explain(ctx: Ctx, question: Question): Promise<Explanation> {
  const revision = await ctx.publisher.publish()
  return ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({ ...(await explainIn(trx, ctx, question)), revision }))
}

async function explainIn(db: Db, { actor, catalog }: Ctx, { user, server, tool: named }: Question): Promise<Omit<Explanation, 'revision'>> {
  const tool = policyName(named)
  const row = await userRow(db, user)
  if (!actor.administrator && !(await holdsOn(db, row.id, server))) throw notFound('server', server)
  const rows = await readPolicyRows(db)
  const personRow = await readPerson(db, user)
  const subject = subjectOf(row.id)
  if (!personRow || !subject) throw notFound('person', user)

  const policy = policyOf(rows, [personRow], catalog)
  const nowMs = Date.now()
  const verdict = decide(policy, { subject, server, tool, nowMs })
  const person = personOf(policy, subject)
  const entry = policy.servers.get(server)?.tools.get(tool)
  const reachableLevel = person ? reach(byGrants(policy), person, server, nowMs).level : 'disabled'

  const handles = new Map([[row.id, row.handle], ...rows.groups.map(({ id, handle }): [string, string] => [id, handle])])
  const groups = personRow.groups.flatMap((id) => handles.get(id) ?? []).sort()
  return {
    user,
    server,
    tool: named,
    allow: verdict.allow,
    needs: entry?.level ?? null,
    level: verdict.allow ? verdict.level : reachableLevel,
    reason: verdict.allow ? null : verdict.reason,
    missing: missing(policy.servers.has(server), entry !== undefined || wasFound(rows, server, tool)),
    tier: verdict.tier ?? null,
    because: explanationLines({
      user: { handle: user, kind: row.kind, provider: row.provider, groups, disabled: row.disabled },
      server: {
        id: server,
        exists: policy.servers.has(server),
        remote: policy.servers.get(server)?.kind === 'remote',
        killed: policy.revoked.killed.has(server),
      },
      tool: { name: tool, entry, declared: declaredIn(rows, catalog, server, tool), pending: isPending(rows, server, tool) },
      grants: grantsOn(rows, personRow, server),
      name: holderNamer(handles, servicesAmong([row])),
      selection: personRow.selections[server],
      secret: person && secretFor(policy, person, server, nowMs),
      verdict,
      nowMs,
    }),
  }
}

function declaredIn({ definitions }: PolicyRows, catalog: Ctx['catalog'], server: string, tool: string): Level | undefined {
  const approved = definitions.find((row) => row.server === server && row.name === tool && row.state === 'approved')
  return approved ? declaredLevel(approved) : catalog.get(server)?.tools.get(tool)?.level
}

const missing = (hasServer: boolean, hasTool: boolean): Explanation['missing'] => {
  if (!hasServer) return 'server'
  return hasTool ? null : 'tool'
}

/** Whether a plane ever found this tool, even if it is held back or no longer offered. */
const wasFound = ({ definitions }: PolicyRows, server: string, tool: string): boolean =>
  definitions.some((row) => row.server === server && row.name === tool)

const isPending = ({ definitions }: PolicyRows, server: string, tool: string): boolean =>
  definitions.some((row) => row.server === server && row.name === tool && row.state === 'pending')

function grantsOn({ grants }: PolicyRows, { id, groups }: PersonRow, server: string) {
  const holders = new Set([id, EVERYONE_ID, ...groups])
  return grants.filter((grant) => grant.server === server && holders.has(grant.holderId))
}

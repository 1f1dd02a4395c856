import { EVERYONE_ID } from '@bir/db/schema'
import type { Api } from '@bir/sdk/contract/api'
import type { Explanation as ExplanationSchema } from '@bir/sdk/contract/entities'
import { decide } from '@bir/sdk/contract/decide'
import type { Level } from '@bir/sdk/contract/level'
import { personOf } from '@bir/sdk/contract/policy'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { z } from 'zod'
import { notFound } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { namesFrom } from '../holders/holder.ts'
import { holdsOn } from '../holders/holds-on.ts'
import { declaredLevel } from '../compile/compile.ts'
import { readPerson, readPolicyRows } from '../policy-rows/read.ts'
import { userRow } from '../users/users.ts'
import { because } from './because.ts'
import { policyOf } from './in-memory.ts'
import { reach } from './plan.ts'
import type { Db, PersonRow, PolicyRows } from '../policy-rows/types.ts'

type Explanation = z.infer<typeof ExplanationSchema>
type Question = z.output<Api['policy']['explain']['input']>

/** Why a person may or may not call a tool, by the same `decide` that enforces it. */
export async function explain(ctx: Ctx, question: Question): Promise<Explanation> {
  const revision = await ctx.publisher.publish()
  return ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({ ...(await explained(trx, ctx, question)), revision }))
}

async function explained(db: Db, { actor, catalog }: Ctx, { user, server, tool }: Question): Promise<Omit<Explanation, 'revision'>> {
  const row = await userRow(db, user)
  if (!actor.administrator && !(await holdsOn(db, row.id, server))) throw notFound('server', server)
  const rows = await readPolicyRows(db)
  const asked = await readPerson(db, user)
  const subject = subjectOf(row.id)
  if (!asked || !subject) throw notFound('person', user)

  const policy = policyOf(rows, [asked], catalog)
  const nowMs = Date.now()
  const verdict = decide(policy, { subject, server, tool, nowMs })
  const person = personOf(policy, subject)
  const entry = policy.servers.get(server)?.tools.get(tool)
  const held = person ? reach(policy, person, server, nowMs).level : 'disabled'

  const handles = new Map([[row.id, row.handle], ...rows.groups.map(({ id, handle }): [string, string] => [id, handle])])
  const groups = asked.groups.flatMap((id) => handles.get(id) ?? []).sort()
  return {
    user,
    server,
    tool,
    allow: verdict.allow,
    needs: entry?.level ?? null,
    level: verdict.allow ? verdict.level : held,
    reason: verdict.allow ? null : verdict.reason,
    missing: missing(policy.servers.has(server), entry !== undefined || isFound(rows, server, tool)),
    tier: verdict.tier ?? null,
    because: because({
      user: { handle: user, provider: row.provider, groups, disabled: row.disabled },
      server: {
        id: server,
        known: policy.servers.has(server),
        remote: policy.servers.get(server)?.kind === 'remote',
        killed: policy.revoked.killed.has(server),
      },
      tool: { name: tool, entry, declared: declaredIn(rows, catalog, server, tool), held: isHeld(rows, server, tool) },
      grants: grantsOn(rows, asked, server),
      name: namesFrom(handles),
      selection: asked.selections[server],
      verdict,
      nowMs,
    }),
  }
}

function declaredIn({ definitions }: PolicyRows, catalog: Ctx['catalog'], server: string, tool: string): Level | undefined {
  const offered = definitions.find((of) => of.server === server && of.name === tool && of.state === 'approved')
  return offered ? declaredLevel(offered) : catalog.get(server)?.tools.get(tool)?.level
}

const missing = (hasServer: boolean, hasTool: boolean): Explanation['missing'] => {
  if (!hasServer) return 'server'
  return hasTool ? null : 'tool'
}

/** Held back, rejected or no longer offered: whatever became of it, a server was once found to have it. */
const isFound = ({ definitions }: PolicyRows, server: string, tool: string): boolean =>
  definitions.some((of) => of.server === server && of.name === tool)

const isHeld = ({ definitions }: PolicyRows, server: string, tool: string): boolean =>
  definitions.some((of) => of.server === server && of.name === tool && of.state === 'pending')

function grantsOn({ grants }: PolicyRows, { id, groups }: PersonRow, server: string) {
  const holders = new Set([id, EVERYONE_ID, ...groups])
  return grants.filter((grant) => grant.server === server && holders.has(grant.holderId))
}

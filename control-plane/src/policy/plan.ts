import type { Api } from '@bir/sdk/contract/api'
import type { PlanChange as PlanChangeSchema } from '@bir/sdk/contract/entities'
import { decideFor } from '@bir/sdk/contract/decide'
import { prospect } from '@bir/sdk/contract/decide-server'
import { covers, higher } from '@bir/sdk/contract/level'
import type { Level } from '@bir/sdk/contract/level'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { z } from 'zod'
import type { Ctx } from '../base/context.ts'
import type { Mountable } from '../compile/compile.ts'
import { readPeople } from '../policy-rows/read.ts'
import { editsBetween } from './edits.ts'
import { policyOf } from './in-memory.ts'
import { readFile } from './read-file.ts'
import type { PolicyState } from './state.ts'
import type { PersonRow, ServerRow } from '../policy-rows/types.ts'

type PlanChange = z.infer<typeof PlanChangeSchema>
type Move = Omit<PlanChange, 'user'>

/** What applying the file would do, and to whom. Writes nothing. */
export function plan({ db, catalog }: Ctx, { file }: z.output<Api['policy']['plan']['input']>) {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const { before, after } = await readFile(trx, catalog, file)
      const edits = editsBetween(before, after)
      if (edits.length === 0) return { edits, people: [] }

      const compare = comparison(before, after, catalog, Date.now())
      const people: PlanChange[] = []
      for await (const batch of readPeople(trx)) people.push(...compare(batch))
      return { edits, people: people.toSorted((a, b) => (`${a.user} ${a.server}` < `${b.user} ${b.server}` ? -1 : 1)) }
    })
}

/** People who hold the same before and after, and chose nothing, fare the same: each such pair of classes is looked at once. */
function comparison(before: PolicyState, after: PolicyState, catalog: Mountable, nowMs: number) {
  const groupsAfter = groupsByUser(after)
  const unseen = { before: unseenIn(before), after: unseenIn(after) }
  const known = new Map<string, Move[]>()

  return (batch: PersonRow[]): PlanChange[] => {
    const then = batch.map((row) => ({ ...row, groups: groupsAfter(row) }))
    const old = policyOf(before.rows, batch, catalog)
    const next = policyOf(after.rows, then, catalog)
    return batch.flatMap((row) => {
      const person = { before: personIn(old, row.id), after: personIn(next, row.id) }
      const alike = `${person.before.classKey} ${person.after.classKey} ${row.disabled}`
      const chose = Object.keys(row.selections).length > 0
      const sides = {
        before: { policy: old, person: person.before, unseen: unseen.before },
        after: { policy: next, person: person.after, unseen: unseen.after },
      }
      const moves = (chose ? undefined : known.get(alike)) ?? movesOf(sides, nowMs)
      if (!chose) known.set(alike, moves)
      return moves.map((move) => ({ user: row.handle, ...move }))
    })
  }
}

function personIn(policy: Policy, id: string): Person {
  const subject = subjectOf(id)
  const person = subject && personOf(policy, subject)
  if (!person) throw new Error(`${id} was not compiled`)
  return person
}

/** Where the file says nothing of groups, everyone stays where they are. */
function groupsByUser({ rows, members }: PolicyState): (row: PersonRow) => string[] {
  if (members.size === 0 && rows.groups.length > 0) return ({ groups }) => groups
  const byUser = new Map<string, string[]>()
  for (const [group, userIds] of members) {
    for (const id of userIds) byUser.set(id, [...(byUser.get(id) ?? []), group])
  }
  return ({ id }) => byUser.get(id) ?? []
}

/** One person under one policy, and the servers of which nobody knows what they offer. */
interface Side {
  policy: Policy
  person: Person
  unseen: ReadonlyMap<string, ServerRow>
}

function movesOf({ before, after }: { before: Side; after: Side }, nowMs: number): Move[] {
  const servers = [...new Set([...before.policy.servers.keys(), ...after.policy.servers.keys()])].sort()
  return servers.flatMap((server) => {
    const had = reachOn(before, server, nowMs)
    const has = reachOn(after, server, nowMs)
    // What is offered at a new address may be called the same, and is another tool.
    const alike = had.unseen === has.unseen
    const gains = [...has.tools].filter((tool) => !alike || !had.tools.has(tool)).sort()
    const loses = [...had.tools].filter((tool) => !alike || !has.tools.has(tool)).sort()
    const same = gains.length === 0 && loses.length === 0 && had.level === has.level
    return same ? [] : [{ server, gains, loses, before: had.level, after: has.level, unseen: had.unseen || has.unseen }]
  })
}

interface Reach {
  tools: Set<string>
  level: Level
}

function reachOn({ policy, person, unseen }: Side, server: string, nowMs: number): Reach & { unseen: boolean } {
  const row = unseen.get(server)
  if (!row) return { ...reach(policy, person, server, nowMs), unseen: false }
  const { level, names = ['*'] } = prospect(policy, person, server, nowMs)
  if (level === 'disabled') return { tools: new Set(), level, unseen: true }
  return { tools: new Set(names.filter((name) => mayOpen(row, name, level))), level, unseen: true }
}

/** What a tool needs by itself shows when it is seen; what a label says is known. */
function mayOpen({ labels }: ServerRow, name: string, level: Level): boolean {
  const label = Object.hasOwn(labels, name) ? labels[name] : undefined
  return label?.hidden !== true && covers(level, label?.level ?? 'read')
}

/** The remote servers that no plane has found to offer anything. */
function unseenIn({ rows }: PolicyState): Map<string, ServerRow> {
  const seen = new Set(rows.definitions.map(({ server }) => server))
  return new Map(rows.servers.filter(({ id, kind }) => kind === 'remote' && !seen.has(id)).map((row) => [row.id, row]))
}

/** The tools a person may call on a server, and the highest level at which. */
export function reach(policy: Policy, person: Person, server: string, nowMs: number): Reach {
  const tools = new Set<string>()
  let level: Level = 'disabled'
  for (const tool of policy.servers.get(server)?.tools.keys() ?? []) {
    const verdict = decideFor(policy, person, server, tool, nowMs)
    if (!verdict.allow) continue
    tools.add(tool)
    level = higher(level, verdict.level)
  }
  return { tools, level }
}

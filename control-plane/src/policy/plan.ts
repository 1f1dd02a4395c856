import type { Api, PlanChange as PlanChangeSchema } from '@bir/sdk/contract/api'
import { decideFor } from '@bir/sdk/contract/decide'
import { higher } from '@bir/sdk/contract/level'
import type { Level } from '@bir/sdk/contract/level'
import { personOf } from '@bir/sdk/contract/policy'
import type { Person, Policy } from '@bir/sdk/contract/policy'
import { subjectOf } from '@bir/sdk/contract/subject'
import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Mountable } from '../snapshots/compile.ts'
import { readPeople } from '../snapshots/rows.ts'
import type { PersonRow } from '../snapshots/rows.ts'
import { editsBetween } from './edits.ts'
import { policyOf } from './in-memory.ts'
import { readFile } from './read-file.ts'
import type { PolicyState } from './state.ts'

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
  const known = new Map<string, Move[]>()

  return (batch: PersonRow[]): PlanChange[] => {
    const then = batch.map((row) => ({ ...row, groups: groupsAfter(row) }))
    const old = policyOf(before.rows, batch, catalog)
    const next = policyOf(after.rows, then, catalog)
    return batch.flatMap((row) => {
      const person = { before: personIn(old, row.id), after: personIn(next, row.id) }
      const alike = `${person.before.classKey} ${person.after.classKey} ${row.disabled}`
      const chose = Object.keys(row.selections).length > 0
      const moves = (chose ? undefined : known.get(alike)) ?? movesOf(old, next, person, nowMs)
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

function movesOf(before: Policy, after: Policy, person: { before: Person; after: Person }, nowMs: number): Move[] {
  const servers = [...new Set([...before.servers.keys(), ...after.servers.keys()])].sort()
  return servers.flatMap((server) => {
    const had = reach(before, person.before, server, nowMs)
    const has = reach(after, person.after, server, nowMs)
    const gains = [...has.tools].filter((tool) => !had.tools.has(tool)).sort()
    const loses = [...had.tools].filter((tool) => !has.tools.has(tool)).sort()
    const same = gains.length === 0 && loses.length === 0 && had.level === has.level
    return same ? [] : [{ server, gains, loses, before: had.level, after: has.level }]
  })
}

/** The tools a person may call on a server, and the highest level at which. */
export function reach(policy: Policy, person: Person, server: string, nowMs: number): { tools: Set<string>; level: Level } {
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

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
import { accountsDisabledAfter } from '../service-accounts/declared.ts'
import { removedSecrets } from '../secrets/erasures/removed-secrets.ts'
import { disabledAfter } from '../users/declared.ts'
import { editsBetween, removedRows } from './edits.ts'
import { policyOf } from './in-memory.ts'
import { readFile } from './read-file.ts'
import type { PolicyState } from './state.ts'
import type { PersonRow, ServerRow } from '../policy-rows/types.ts'
import { policyHash } from './version.ts'

type PlanChange = z.infer<typeof PlanChangeSchema>
type AccessChange = Omit<PlanChange, 'user'>

/** Predicts what applying the file would change, and for whom. Writes nothing. */
export function plan({ db, catalog, idpProvider, providers }: Ctx, { file }: z.output<Api['policy']['plan']['input']>) {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const { before, after, newcomers } = await readFile(trx, { catalog, idpProvider, providers }, file, { withMembers: true })
      const policy = policyHash(before)
      const edits = editsBetween(before, after)
      if (edits.length === 0) return { edits, people: [], policy }
      const lost = await removedSecrets(trx, removedRows(before, after))
      const removed = lost.length === 0 ? {} : { removed: lost }

      const compare = comparison(before, after, catalog, Date.now())
      const people: PlanChange[] = []
      for await (const batch of readPeople(trx)) people.push(...compare(batch))
      people.push(...compare(newcomers.map(withoutAnything)))
      return { edits, people: people.toSorted((a, b) => (`${a.user} ${a.server}` < `${b.user} ${b.server}` ? -1 : 1)), ...removed, policy }
    })
}

/** Those whom the file declares, and who do not exist yet. */
const withoutAnything = ({ id, handle }: { id: string; handle: string }): PersonRow => ({
  id,
  handle,
  disabled: false,
  bucket: Number.parseInt(id.slice(-3), 16),
  groups: [],
  selections: {},
  secrets: [],
})

/**
 * Compares the access of people before and after the file. People of the same class before and of the same class
 * after get the same result if they have no selections, so each such pair of classes is compared only once.
 */
function comparison(before: PolicyState, after: PolicyState, catalog: Mountable, nowMs: number) {
  const groupsAfter = groupsByUser(after)
  const disabled = new Map([
    ...disabledAfter(before.users, after.users),
    ...accountsDisabledAfter(before.serviceAccounts, after.serviceAccounts),
  ])
  const unseen = { before: unseenIn(before), after: unseenIn(after) }
  const changesByClasses = new Map<string, AccessChange[]>()

  return (batch: PersonRow[]): PlanChange[] => {
    const batchAfter = batch.map((row) => ({ ...row, groups: groupsAfter(row), disabled: disabled.get(row.id) ?? row.disabled }))
    const oldPolicy = byGrants(policyOf(before.rows, batch, catalog))
    const newPolicy = byGrants(policyOf(after.rows, batchAfter, catalog))
    return batch.flatMap((row) => {
      const person = { before: personIn(oldPolicy, row.id), after: personIn(newPolicy, row.id) }
      const classes = `${person.before.classKey} ${person.after.classKey} ${row.disabled} ${disabled.get(row.id)}`
      const hasSelections = Object.keys(row.selections).length > 0
      const sides = {
        before: { policy: oldPolicy, person: person.before, unseen: unseen.before },
        after: { policy: newPolicy, person: person.after, unseen: unseen.after },
      }
      const changes = (hasSelections ? undefined : changesByClasses.get(classes)) ?? accessChanges(sides, nowMs)
      if (!hasSelections) changesByClasses.set(classes, changes)
      return changes.map((change) => ({ user: row.handle, ...change }))
    })
  }
}

function personIn(policy: Policy, id: string): Person {
  const subject = subjectOf(id)
  const person = subject && personOf(policy, subject)
  if (!person) throw new Error(`${id} was not compiled`)
  return person
}

/** If the file has no section `groups`, all people keep their groups. */
function groupsByUser({ rows, members, given }: PolicyState): (row: PersonRow) => string[] {
  if (members.size === 0 && rows.groups.length > 0) return ({ groups }) => groups
  const byUser = new Map<string, Set<string>>()
  for (const [group, declared] of members) {
    for (const id of [...declared, ...(given.get(group) ?? [])]) byUser.set(id, (byUser.get(id) ?? new Set()).add(group))
  }
  return ({ id }) => [...(byUser.get(id) ?? [])]
}

/** One person under one policy. `unseen` are the servers whose tools no plane has reported yet. */
interface Side {
  policy: Policy
  person: Person
  unseen: ReadonlyMap<string, ServerRow>
}

function accessChanges({ before, after }: { before: Side; after: Side }, nowMs: number): AccessChange[] {
  const servers = [...new Set([...before.policy.servers.keys(), ...after.policy.servers.keys()])].sort()
  return servers.flatMap((server) => {
    const reachBefore = reachOn(before, server, nowMs)
    const reachAfter = reachOn(after, server, nowMs)
    // A tool at a new address is another tool, even if it has the same name.
    const isSameServer = reachBefore.unseen === reachAfter.unseen
    const gains = [...reachAfter.tools].filter((tool) => !isSameServer || !reachBefore.tools.has(tool)).sort()
    const loses = [...reachBefore.tools].filter((tool) => !isSameServer || !reachAfter.tools.has(tool)).sort()
    const isUnchanged = gains.length === 0 && loses.length === 0 && reachBefore.level === reachAfter.level
    return isUnchanged
      ? []
      : [{ server, gains, loses, before: reachBefore.level, after: reachAfter.level, unseen: reachBefore.unseen || reachAfter.unseen }]
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
  return { tools: new Set(names.filter((name) => mayBeCallable(row, name, level))), level, unseen: true }
}

/** Whether a tool that no plane has reported may become callable. Its own level is unknown, its label is known. */
function mayBeCallable({ labels }: ServerRow, name: string, level: Level): boolean {
  const label = Object.hasOwn(labels, name) ? labels[name] : undefined
  return label?.hidden !== true && covers(level, label?.level ?? 'read')
}

/** The remote servers whose tools no plane has reported yet. */
function unseenIn({ rows }: PolicyState): Map<string, ServerRow> {
  const seen = new Set(rows.definitions.map(({ server }) => server))
  return new Map(rows.servers.filter(({ id, kind }) => kind === 'remote' && !seen.has(id)).map((row) => [row.id, row]))
}

/** The policy as grants make it. A plan says who may do what; whether they have a secret yet is their own business. */
export const byGrants = (policy: Policy): Policy => ({
  ...policy,
  servers: new Map([...policy.servers].map(([id, server]) => [id, { ...server, secret: undefined }])),
})

/** The tools that a person may call on a server, and the highest of their levels. */
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

import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import { uuidv7 } from '@bir/sdk/contract/uuid'
import { sql } from 'kysely'
import { ApiError } from '../base/api-error.ts'
import type { Ctx } from '../base/context.ts'
import { providerFaults } from '../providers/setup/section-faults.ts'
import { servicesAmong } from '../holders/holder.ts'
import { standingOfAccount } from '../service-accounts/declared.ts'
import { declaredFaults, NOT_YET_HERE, standingColumns, standingOf } from '../users/declared.ts'
import { fileFaults } from './faults.ts'
import { nextState } from './next-state.ts'
import { readState } from './state.ts'
import type { PolicyState } from './state.ts'
import type { Db } from '../policy-rows/types.ts'

/** What this control plane is, for a file: its servers, and the provider of its people. */
type Site = Pick<Ctx, 'catalog' | 'idpProvider' | 'providers'>

interface Reading {
  before: PolicyState
  after: PolicyState
  /** Whom the file declares, and who does not exist yet. */
  newcomers: { id: string; handle: string }[]
}

/** The policy before and after the file. Throws one error that names all faults of the file. Writes nothing. */
export async function readFile(
  db: Db,
  { catalog, idpProvider, providers }: Site,
  file: PolicyFile,
  { withMembers = file.groups !== undefined } = {},
): Promise<Reading> {
  const before = await readState(db, { withMembers })
  const people = await peopleOf(db, handlesIn(file))
  const userIds = new Map(people.map(({ id, handle }) => [handle, id]))
  const standings = new Map(people.map((row) => [row.handle, standingOf(row)]))
  const accounts = new Map(people.map((row) => [row.handle, standingOfAccount(row)]))
  const newPeople = newcomersOf(file.users, userIds)
  const newAccounts = newcomersOf(file.serviceAccounts, userIds)
  const newcomers = [...newPeople, ...newAccounts]
  for (const { id, handle } of newcomers) userIds.set(handle, id)
  const declared = file.users ? await declaredFaults(db, idpProvider, file.users) : []
  const services = new Set([...servicesAmong(people), ...newAccounts.map(({ id }) => id)])
  const faults = [
    ...declared.map(([handle, fault]) => `users.${handle}: ${fault}`),
    ...strangers(file, before.sections.providers, idpProvider),
    ...accountFaults(file, people),
    ...providerFaults(file.providers ?? {}, providers),
    ...fileFaults(file, { before, userIds, services, catalog }),
  ]
  if (faults.length > 0) throw new ApiError('invalid_input', faults.join('\n'))
  const principals = {
    userIds,
    services,
    standingOf: (handle: string) => standings.get(handle) ?? NOT_YET_HERE,
    accountStandingOf: (handle: string) => accounts.get(handle) ?? 'new',
  }
  return { before, after: nextState(before, file, principals), newcomers }
}

const newcomersOf = (section: object | undefined, userIds: ReadonlyMap<string, string>) =>
  Object.keys(section ?? {})
    .filter((handle) => !userIds.has(handle))
    .map((handle) => ({ id: uuidv7(), handle }))

/** People of a provider that neither the file nor the policy in force nor the settings know. */
function strangers({ users = {}, providers }: PolicyFile, inForce: PolicyFile['providers'], usual: string): string[] {
  const known = new Set([usual, ...Object.keys(providers ?? inForce ?? {})])
  return Object.entries(users).flatMap(([handle, { provider = usual }]) =>
    known.has(provider) ? [] : [`users.${handle}: there is no provider ${provider}`],
  )
}

/** A handle never changes hands: neither between people and programs, nor within one file. */
function accountFaults({ users = {}, serviceAccounts = {} }: PolicyFile, people: readonly { handle: string; kind: string }[]): string[] {
  const taken = new Set(people.filter(({ kind }) => kind === 'person').map(({ handle }) => handle))
  return Object.keys(serviceAccounts).flatMap((handle) => {
    if (taken.has(handle)) return [`serviceAccounts.${handle}: ${handle} is a person: handles never change hands`]
    return Object.hasOwn(users, handle) ? [`serviceAccounts.${handle}: the file declares ${handle} under users too`] : []
  })
}

function handlesIn({ users = {}, serviceAccounts = {}, groups = {}, grants = [], restrictions = [] }: PolicyFile): string[] {
  const holders = [...grants, ...restrictions].flatMap(({ user, service }) => user ?? service ?? [])
  const declared = [...Object.keys(users), ...Object.keys(serviceAccounts)]
  return [...new Set([...declared, ...Object.values(groups).flatMap(({ members = [] }) => members), ...holders])]
}

async function peopleOf(db: Db, handles: string[]) {
  if (handles.length === 0) return []
  return db
    .selectFrom('users')
    .select(['id', 'handle', 'kind', ...standingColumns])
    .where('handle', '=', sql<string>`any(${handles})`)
    .execute()
}

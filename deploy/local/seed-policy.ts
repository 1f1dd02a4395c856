import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '@bir/sdk'
import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { schemaFaults } from '@bir/sdk/contract/schema-faults'
import { parse } from 'yaml'
import { z } from 'zod'
import { IDP_PROVIDER, NOTES_KEY } from './children.ts'
import { StartFault } from './base/fault.ts'
import { emailOf, DEMO_PEOPLE } from './idp/people.ts'
import { NOTES_KEY_HEADER } from './notes/config.ts'

/** Addresses of the demo's parts, which may change from one start to the next. */
export interface DemoAddresses {
  /** The socket folder of Postgres. */
  bankHost: string
  /** The endpoint of the server of notes. */
  notesUrl: string
}

/**
 * Gives a new gateway, which has no server yet, the demo people and the seed policy. It uses the public API.
 * `hasNotes`: the policy names the demo's server of notes.
 */
export async function seedPolicy(client: Client, addresses: DemoAddresses): Promise<{ isNew: boolean; hasNotes: boolean }> {
  const { items } = await client.servers.list()
  if (items.length > 0) return { isNew: false, hasNotes: await updateAddresses(client, addresses) }
  for (const person of DEMO_PEOPLE) {
    const { handle, name, roles } = person
    const administrator = roles.includes('administrator')
    await client.users.put({ handle, provider: IDP_PROVIDER, subject: handle, name, email: emailOf(person), administrator })
  }
  await client.policy.apply({ file: withAddresses(readSeed(), addresses) })
  return { isNew: true, hasNotes: true }
}

const maxListingMs = 10_000
const pollMs = 100

/**
 * Waits until the data plane has told what tools a remote server has, so that they are there when somebody looks. After
 * ten seconds it goes on without them: they will come.
 */
export async function waitForTools(client: Client, server: string): Promise<void> {
  for (const endMs = Date.now() + maxListingMs; Date.now() < endMs; await delay(pollMs)) {
    const { items } = await client.servers.definitions({ id: server })
    if (items.length > 0) return
  }
}

/** Follows the demo's parts to their new addresses. Resolves with whether the policy names the server of notes. */
async function updateAddresses(client: Client, addresses: DemoAddresses): Promise<boolean> {
  const policy = await client.policy.export()
  const [bank, notes] = [bankOf(policy), notesOf(policy)]
  const isMoved = (bank && bank.host !== addresses.bankHost) || (notes && notes.url !== addresses.notesUrl)
  if (isMoved) await client.policy.apply({ file: { servers: withAddresses(policy, addresses).servers } })
  return notes !== undefined
}

const Bank = z.looseObject({ host: z.string(), user: z.literal('bank_reader'), password: z.object({ secret: z.literal('bank-password') }) })
const WithBank = z.looseObject({ connections: z.looseObject({ bank: Bank }) })

/** The connection to the embedded bank. Undefined when an administrator has changed or removed it. */
function bankOf(policy: PolicyFile): z.infer<typeof Bank> | undefined {
  return WithBank.safeParse(sqlOf(policy)?.settings).data?.connections.bank
}

function sqlOf({ servers }: PolicyFile) {
  return servers?.sql?.kind === 'mounted' ? servers.sql : undefined
}

const Notes = z.looseObject({
  kind: z.literal('remote'),
  headers: z.object({ [NOTES_KEY_HEADER]: z.object({ secret: z.literal(NOTES_KEY) }) }),
})

/** The demo's server of notes. Undefined when an administrator has changed or removed it. */
function notesOf({ servers }: PolicyFile) {
  const notes = servers?.notes
  return notes?.kind === 'remote' && Notes.safeParse(notes).success ? notes : undefined
}

function withAddresses(policy: PolicyFile, { bankHost, notesUrl }: DemoAddresses): PolicyFile {
  const changed = structuredClone(policy)
  const [sql, settings, notes] = [sqlOf(changed), WithBank.safeParse(sqlOf(changed)?.settings).data, notesOf(changed)]
  if (sql && settings) {
    settings.connections.bank.host = bankHost
    sql.settings = settings
  }
  if (notes) notes.url = notesUrl
  return changed
}

function readSeed(): PolicyFile {
  const file = new URL('./seed.bir.yaml', import.meta.url)
  const parsed = PolicyFile.safeParse(parse(readFileSync(file, 'utf8')))
  if (parsed.success) return parsed.data
  throw new StartFault(`The seed policy does not fit this release: ${schemaFaults(parsed.error)}`)
}

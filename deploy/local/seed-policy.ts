import { readFileSync } from 'node:fs'
import type { Client } from '@bir/sdk'
import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { parse } from 'yaml'
import { z } from 'zod'
import { IDP_PROVIDER } from './children.ts'
import { StartFault } from './base/fault.ts'
import { emailOf, DEMO_PEOPLE } from './idp/people.ts'

/** Gives a new gateway, which has no server yet, the demo people and the seed policy. It uses the public API. */
export async function seedPolicy(client: Client, bankHost: string): Promise<'seeded' | 'kept'> {
  const { items } = await client.servers.list()
  if (items.length > 0) {
    await updateBankHost(client, bankHost)
    return 'kept'
  }
  for (const person of DEMO_PEOPLE) {
    const { handle, name, roles } = person
    const administrator = roles.includes('administrator')
    await client.users.put({ handle, provider: IDP_PROVIDER, subject: handle, name, email: emailOf(person), administrator })
  }
  await client.policy.apply({ file: withBankAt(readSeed(), bankHost) })
  return 'seeded'
}

/** Updates the connection to the bank when the socket folder of Postgres has moved since the last start. */
async function updateBankHost(client: Client, bankHost: string): Promise<void> {
  const policy = await client.policy.export()
  const bank = bankOf(policy)
  if (!bank || bank.host === bankHost) return
  await client.policy.apply({ file: { servers: withBankAt(policy, bankHost).servers } })
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

function withBankAt(policy: PolicyFile, host: string): PolicyFile {
  const changed = structuredClone(policy)
  const sql = sqlOf(changed)
  const settings = WithBank.parse(sql?.settings)
  settings.connections.bank.host = host
  if (sql) sql.settings = settings
  return changed
}

function readSeed(): PolicyFile {
  const file = new URL('./seed.bir.yaml', import.meta.url)
  const parsed = PolicyFile.safeParse(parse(readFileSync(file, 'utf8')))
  if (parsed.success) return parsed.data
  throw new StartFault(`The seed policy does not fit this release: ${z.prettifyError(parsed.error)}`)
}

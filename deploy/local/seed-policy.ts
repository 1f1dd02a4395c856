import { readFileSync } from 'node:fs'
import type { Client } from '@bir/sdk'
import { PolicyFile } from '@bir/sdk/contract/policy-file'
import { parse } from 'yaml'
import { z } from 'zod'
import { IDP_PROVIDER } from './children.ts'
import { StartFault } from './base/fault.ts'
import { emailOf, DEMO_PEOPLE } from './idp/people.ts'

/** A gateway without a server is new: it gets the demo people and the seed policy, through the API that everyone uses. */
export async function seedPolicy(client: Client, bankHost: string): Promise<'seeded' | 'kept'> {
  const { items } = await client.servers.list()
  if (items.length > 0) {
    await followBank(client, bankHost)
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

/** The bank's socket folder may lie elsewhere than at the last start: the connection that we made follows it. */
async function followBank(client: Client, bankHost: string): Promise<void> {
  const policy = await client.policy.export()
  const bank = bankOf(policy)
  if (!bank || bank.host === bankHost) return
  await client.policy.apply({ file: { servers: withBankAt(policy, bankHost).servers } })
}

const Bank = z.looseObject({ host: z.string(), user: z.literal('bank_reader'), password: z.object({ secret: z.literal('bank-password') }) })
const WithBank = z.looseObject({ connections: z.looseObject({ bank: Bank }) })

/** The connection to the embedded bank, as long as it is still the one that the seed made. */
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

import type { Database } from '@bir/db/schema'
import { canonical } from '@bir/sdk/contract/canonical'
import type { PolicyFile } from '@bir/sdk/contract/policy-file'
import type { Transaction } from 'kysely'
import type { Db } from '../policy-rows/types.ts'

/**
 * The sections of the policy file that only the control plane reads. They are stored as the file has them, and no data
 * plane gets them. A new one needs its schema in the contract (`PolicyFile`) and its name here.
 */
const sectionNames = ['clients', 'providers'] as const satisfies readonly (keyof PolicyFile)[]
type SectionName = (typeof sectionNames)[number]

/** A section that says nothing is left out. */
export type Sections = { readonly [Name in SectionName]?: NonNullable<PolicyFile[Name]> }

export async function readSections(db: Db): Promise<Sections> {
  const rows = await db.selectFrom('policy_sections').select(['name', 'value']).where('name', 'in', sectionNames).orderBy('name').execute()
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}

/** One section, as it was stored: a later version may have written more than this one knows. */
export async function readSection(db: Db, name: SectionName): Promise<unknown> {
  const row = await db.selectFrom('policy_sections').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value ?? {}
}

/** A section that the file has replaces the one in force; the others stay. */
export function nextSections(current: Sections, file: PolicyFile): Sections {
  const next = sectionNames.map((name) => [name, file[name] ?? current[name] ?? {}] as const)
  return Object.fromEntries(next.filter(([, value]) => Object.keys(value).length > 0))
}

export async function storeSections(trx: Transaction<Database>, before: Sections, after: Sections): Promise<void> {
  for (const name of sectionNames) {
    const value = after[name]
    if (canonical(before[name] ?? {}) === canonical(value ?? {})) continue
    if (value === undefined) await trx.deleteFrom('policy_sections').where('name', '=', name).execute()
    else await storeSection(trx, name, value)
  }
}

async function storeSection(trx: Transaction<Database>, name: SectionName, value: object): Promise<void> {
  const row = { value: JSON.stringify(value) }
  await trx
    .insertInto('policy_sections')
    .values({ name, ...row })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
    .execute()
}

import type { FieldDef, PoolClient } from 'pg'

/** Ids below this are PostgreSQL's own (FirstNormalObjectId of access/transam.h) and never mean another type. */
const firstUserTypeId = 16_384

const ownTypeNames = new Map<number, string>()

/** The names of the types of a result, by PostgreSQL's type id. Names of PostgreSQL's own types are asked for once. */
export async function readTypeNames(client: PoolClient, fields: readonly FieldDef[]): Promise<ReadonlyMap<number, string>> {
  const ids = [...new Set(fields.map(({ dataTypeID }) => dataTypeID))]
  const unknownIds = ids.filter((id) => !ownTypeNames.has(id))
  if (unknownIds.length === 0) return ownTypeNames
  const { rows } = await client.query<{ id: string; name: string }>(
    'select id::text, format_type(id::oid, null) as name from unnest($1::int8[]) as types(id)',
    [unknownIds],
  )
  const names = new Map(rows.map(({ id, name }) => [Number(id), name]))
  for (const [id, name] of names) if (id < firstUserTypeId) ownTypeNames.set(id, name)
  return new Map([...ownTypeNames, ...names])
}

import { notFound } from '../../../base/api-error.ts'
import type { Db } from '../../../policy-rows/types.ts'
import type { ClientRow } from '../stored-client.ts'

/** A client by its id, or by its handle. */
export async function rowOf(db: Db, client: string): Promise<ClientRow> {
  const rows = await db
    .selectFrom('oauth_clients')
    .selectAll()
    .where((eb) => eb.or([eb('client_id', '=', client), eb('handle', '=', client)]))
    .execute()
  const row = rows.find(({ client_id }) => client_id === client) ?? rows[0]
  if (!row) throw notFound('client', client)
  return row
}

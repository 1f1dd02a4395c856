import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { aSignInGateway, registered, signedIn, tokens } from '../testing.ts'

test('a request at the token endpoint reads the settings once, so that one answer is decided by one policy', async () => {
  await using gateway = await aSignInGateway()
  const { db } = gateway.control
  await gateway.control.client().settings.put({ binding: 'both' })
  const clientId = await registered(gateway)
  const { body } = await signedIn(gateway, { clientId })
  // From now on each read of the row of settings is counted.
  await sql`alter table settings rename to settings_rows`.execute(db)
  await sql`create sequence settings_reads`.execute(db)
  await sql`create view settings as select * from settings_rows where nextval('settings_reads') > 0`.execute(db)

  const { status } = await tokens(gateway, { grant_type: 'refresh_token', client_id: clientId, refresh_token: body.refresh_token })
  expect(status).toBe(200)
  const { rows } = await sql<{ reads: string }>`select last_value as reads from settings_reads where is_called`.execute(db)
  expect(rows).toEqual([{ reads: '1' }])
})

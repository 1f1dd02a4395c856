import { reaches } from './connection/open-connection.ts'
import { checkConnection } from './check-connection.ts'
import { SqlSettings } from './connection/settings.ts'
import { defineServer } from '../../server-kit/define.ts'

/** SQL databases, each read by one role of the gateway within what the policy lets the person read. */
export const sql = defineServer({
  id: 'sql',
  title: 'SQL databases',
  settings: SqlSettings,
  async check(context) {
    const steps = []
    for (const reach of reaches(context)) steps.push(...(await checkConnection(reach)))
    return steps
  },
})

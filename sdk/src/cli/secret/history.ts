import type { z } from 'zod'
import type { SecretEvent } from '../../contract/secret-entities.ts'
import { EXIT } from '../base/exit.ts'
import { everyRow } from '../base/pages.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'
import { holderCell } from './holder.ts'
import type { HolderFlags } from './holder.ts'
import { serverOf } from './given/server.ts'

type Row = z.infer<typeof SecretEvent>

/** `bir secret history` shows what happened to secrets. */
export const secretHistory: Define = (parent, act) => {
  parent
    .command('history')
    .summary('what happened to secrets, and who did it')
    .description("Lists what happened to secrets, newest first: to your own; for administrators, to everybody's. It holds no values.")
    .option('--server <id>', 'for this server', serverOf)
    .option('--user <person>', 'to those of this person')
    .option('--group <group>', 'to those of this group')
    .option('--shared', 'to the shared ones')
    .option('--json', 'a line of JSON an event')
    .addHelpText(
      'after',
      '\nExamples:\n  bir secret history\n  bir secret history --user bob --server gitlab\n  bir secret history --json | jq -r "select(.act == \\"refused\\").at"',
    )
    .action(
      act<[HolderFlags & { server?: string; json?: true }]>(async (context, { json, ...wanted }) => {
        const { client } = await context.gateway()
        const rows: Row[] = []
        for await (const row of everyRow((page) => client.secrets.history({ ...page, ...wanted }))) {
          if (json) context.printJson(row)
          else rows.push(row)
        }
        if (json) return EXIT.ok
        if (rows.length === 0) context.print('Nothing happened.')
        else for (const line of table(columns, rows, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

const columns = [
  { title: 'at', of: ({ at }: Row) => at },
  { title: 'by', of: ({ by }: Row) => by },
  { title: 'act', of: ({ act }: Row) => act },
  { title: 'server', of: ({ server }: Row) => server },
  { title: 'holder', of: ({ holder }: Row) => holderCell(holder) },
  { title: 'verdict', of: ({ verdict }: Row) => verdict },
  { title: 'state', of: ({ state }: Row) => state },
  { title: 'says', of: ({ says }: Row) => says },
]

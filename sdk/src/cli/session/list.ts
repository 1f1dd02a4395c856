import type { z } from 'zod'
import type { Client } from '../../client.ts'
import type { Session } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { table } from '../output/table.ts'
import { readUserAgent } from '../../sender/user-agent.ts'

type Row = z.infer<typeof Session>

const pageRows = 500

/** `bir session list` shows where people are signed in. */
export const sessionList: Define = (parent, act) => {
  parent
    .command('list')
    .summary('where people are signed in')
    .description(
      'Lists the sessions that go on, newest first: your own, or those of --user. The operator of this machine\'s gateway gets everybody\'s without it. "used" says when a page was opened, or an access token given, last: single calls are in the audit. "ends" is when it ends unless it is used before. "from" is where it began, and the program; --json has its whole User-Agent.',
    )
    .option('--user <person>', 'only those of this person or service account')
    .option('--json', 'a line of JSON a session')
    .addHelpText(
      'after',
      '\nExamples:\n  bir session list\n  bir session list --user dave\n  bir session list --user dave --json | jq -r .sid | xargs -n 1 bir session end',
    )
    .action(
      act<[{ user?: string; json?: true }]>(async (context, { user, json }) => {
        const { client } = await context.gateway()
        const rows: Row[] = []
        for await (const row of readSessions(client, user)) {
          if (json) context.printJson(row)
          else rows.push(row)
        }
        if (json) return EXIT.ok
        if (rows.length === 0) context.print(user === undefined ? 'There is no session.' : `There is no session of ${user}.`)
        else for (const line of table(columns, rows, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

async function* readSessions(client: Client, user: string | undefined): AsyncGenerator<Row> {
  let after: string | null | undefined
  while (after !== null) {
    const page = await client.sessions.list({ first: pageRows, ...(user !== undefined && { user }), ...(after && { after }) })
    yield* page.items
    after = page.next
  }
}

const columns = [
  { title: 'sid', of: ({ sid }: Row) => sid },
  { title: 'person', of: ({ user, actor }: Row) => (actor === null ? user : `${user} (by ${actor})`) },
  { title: 'client', of: ({ client, clientName }: Row) => clientName ?? client },
  { title: 'since', of: ({ since }: Row) => since },
  { title: 'used', of: ({ lastUsed }: Row) => lastUsed },
  { title: 'from', of: ({ ip, userAgent }: Row) => [ip, programOf(userAgent)].filter((part) => part !== null).join(', ') || null },
  { title: 'ends', of: ({ until }: Row) => until },
]

const maxProgramChars = 40

/** Such as `Chrome 142 on Windows`. Null when the program did not say what it is. */
function programOf(userAgent: string | null): string | null {
  const { program, version, system } = readUserAgent(userAgent ?? '')
  if (program === '') return null
  const text = [program, version, system && `on ${system}`].filter((part) => part !== undefined).join(' ')
  return text.length > maxProgramChars ? `${text.slice(0, maxProgramChars - 1)}…` : text
}

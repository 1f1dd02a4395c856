import { Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import type { Client } from '../../client.ts'
import type { api } from '../../contract/api.ts'
import type { AuditRow } from '../../contract/entities.ts'
import { Outcome, RecordKind } from '../../contract/audit.ts'
import type { Context } from '../base/context.ts'
import { instantOf } from '../base/duration.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import { table } from '../output/table.ts'
import type { Act } from '../base/verb.ts'

type Row = z.infer<typeof AuditRow>
type Filters = z.input<typeof api.audit.search.input>

interface Flags {
  id?: string
  token?: string
  session?: string
  user?: string
  server?: string
  tool?: string
  outcome?: Outcome
  reason?: string
  kind?: string
  since?: string
  until?: string
  limit: string
  json?: true
}

/** `bir audit search` lists calls and their outcome. */
export function auditSearch(audit: Command, act: Act): void {
  audit
    .command('search')
    .summary('who called what, and what came of it')
    .description('Lists what is recorded, newest first.')
    .option('--id <id>', 'of this request: the reference that an error, or a page with an error, names')
    .option('--token <id>', 'with this token, or about it; of the last 31 days without --since')
    .option('--session <sid>', 'with a token of this session, or about it; of the last 31 days without --since')
    .option('--user <handle>', 'by this person')
    .option('--server <id>', 'on this server')
    .option('--tool <name>', 'of this tool')
    .addOption(new Option('--outcome <outcome>', 'that ended so').choices(Outcome.options))
    .option('--reason <reason>', 'refused for this reason, such as no-grant')
    .addOption(new Option('--kind <kind>', 'of this kind').choices(RecordKind.options))
    .option('--since <moment>', 'from then on: 2026-11-22, 2026-11-22T08:00:00Z, or 2h for two hours ago')
    .option('--until <moment>', 'before then')
    .option('--limit <count>', 'at most so many; 0 = all', '50')
    .option('--json', 'a line of JSON a record, with arguments and result')
    .addHelpText(
      'after',
      '\nExamples:\n  bir audit search --user alice --since 1h\n  bir audit search --outcome refused --limit 10\n  bir audit search --token 01a2237b-7ff3-7093-91e8-aedd233c79cd --since 7d\n  bir audit search --kind change          who changed the policy\n  bir audit search --user alice --json | jq -r .args',
    )
    .action(
      act<[Flags]>(async (context, flags) => {
        const filters = filtersOf(flags, context.environment.nowMs())
        const limit = limitOf(flags.limit)
        const { client } = await context.gateway()
        const rows = search(client, filters, limit)
        await (flags.json ? printLines(context, rows) : printTable(context, rows))
        return EXIT.ok
      }),
    )
}

function filtersOf({ id, token, session, user, server, tool, outcome, reason, kind, since, until }: Flags, nowMs: number): Filters {
  return { id, token, session, user, server, tool, outcome, reason, kind, ...spanOf(since, until, nowMs) }
}

/** A time in which nothing can be recorded is a mistake: nobody takes it for "nothing happened". */
function spanOf(since: string | undefined, until: string | undefined, nowMs: number): Pick<Filters, 'since' | 'until'> {
  const moment = (text: string | undefined) => (text === undefined ? undefined : instantOf(text, nowMs))
  const [from, to] = [moment(since), moment(until)]
  if (from !== undefined && Date.parse(from) > nowMs) throw badUsage(`--since ${since} is yet to come: nothing is recorded from then on.`)
  if (from !== undefined && to !== undefined && from >= to) throw badUsage(`--until ${until} is not after --since ${since}.`)
  return { since: from, until: to }
}

function limitOf(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw badUsage(`--limit takes a number, not "${text}".`)
  return Number(text) || Infinity
}

const pageRows = 500

async function* search(client: Client, filters: Filters, limit: number): AsyncGenerator<Row> {
  let remaining = limit
  let after: string | null | undefined
  while (remaining > 0 && after !== null) {
    const page = await client.audit.search({ ...filters, first: Math.min(remaining, pageRows), ...(after ? { after } : {}) })
    yield* page.items
    remaining -= page.items.length
    after = page.next
  }
}

async function printLines(context: Context, rows: AsyncIterable<Row>): Promise<void> {
  for await (const row of rows) context.printJson(row)
}

async function printTable(context: Context, results: AsyncIterable<Row>): Promise<void> {
  const rows: Row[] = []
  for await (const row of results) rows.push(row)
  if (rows.length === 0) return context.note('Nothing is recorded that fits.')
  const [title = '', ...lines] = table(columns, rows, context.environment.terminal?.columns)
  context.print(context.paint('dim', title))
  for (const line of lines) context.print(line)
}

const columns = [
  { title: 'at', of: ({ at }: Row) => at },
  { title: 'who', of: ({ user, actor }: Row) => (user && actor ? `${user} (${actor})` : (user ?? actor)) },
  { title: 'what', of: whatOf },
  { title: 'outcome', of: ({ outcome, kind }: Row) => outcome ?? kind },
  { title: 'ms', of: ({ durationMs }: Row) => (durationMs === null ? null : Math.round(durationMs)) },
  { title: 'why', of: whyOf },
]

function whyOf({ reason, detail, kind, args }: Row): string | null {
  const changed = kind === 'change' && args !== null ? changeIn(args) : undefined
  const to = changed?.target === detail ? changed?.detail : undefined
  return [...new Set([reason, detail, to])].filter(Boolean).join(': ') || null
}

const maxChangeChars = 200

/** What a record of a change tells beside its header, unless that was erased: of what, and to what. */
function changeIn(args: string): { target: string; detail?: string | undefined } | undefined {
  const body = ChangeBody.safeParse(args).data
  if (!body?.detail || body.detail.length <= maxChangeChars) return body
  return { ...body, detail: `${body.detail.slice(0, maxChangeChars)}…` }
}

const ChangeBody = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      context.addIssue('is no JSON')
      return z.NEVER
    }
  })
  .pipe(z.looseObject({ target: z.string(), detail: z.string().optional() }))

function whatOf({ server, tool, method, kind }: Row): string {
  if (tool) return server ? `${server}/${tool}` : tool
  return [method ?? kind, server].filter(Boolean).join(' ')
}

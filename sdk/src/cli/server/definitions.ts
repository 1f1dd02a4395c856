import type { z } from 'zod'
import type { ToolDefinition } from '../../contract/entities.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import { faultLines } from '../output/list-faults.ts'
import { printable } from '../output/printable.ts'
import { serverId } from '../base/server-id.ts'
import { table } from '../output/table.ts'
import { definitionLines } from './definition-lines.ts'
import type { Define } from '../base/verb.ts'
import { hashOfAll, isWaiting } from './waiting.ts'

type Tool = z.infer<typeof ToolDefinition>

/** `bir server definitions` lists the tools of a remote server, and what changed about them. */
export const serverDefinitions: Define = (parent, act) => {
  parent
    .command('definitions')
    .summary('the tools of a remote server, and what changed about them')
    .description(
      'Lists the tools of a remote server: what each needs, whether it was approved, and what is suspicious about it, and the hash of its definition; then, for each that waits for somebody to look, what changed, and all that a model would read of it; and what is wrong with the lists of the server. A definition that is too long for a terminal is shown by --json alone, and so is its hash.',
    )
    .argument('<id>', 'the server')
    .option('--exit-code', 'exit with 3 when something waits')
    .option('--json', 'everything, with the definitions as approved and as offered')
    .addHelpText(
      'after',
      '\nStates:\n  approved    what is offered was approved\n  unreviewed  new or changed since somebody looked, and served\n  held        new or changed, and held back\n  retired     no longer offered\n  hidden      the policy hides it: nobody may call it, approved or not\n\n"bir server approve" takes the hash: it approves what you have looked at, and nothing else.\n\nExamples:\n  bir server definitions everything\n  bir server definitions everything --exit-code > /dev/null || echo "have a look"',
    )
    .action(
      act<[string, { exitCode?: true; json?: true }]>(async (context, id, { exitCode, json }) => {
        const target = { id: serverId(id, 'server') }
        const { client } = await context.gateway()
        const answer = await client.servers.definitions(target)
        if (json) context.printJson(answer)
        if (json) return exitCode && answer.items.some(isWaiting) ? EXIT.no : EXIT.ok
        printTools(context, id, answer.items)
        const heading = `The lists of ${id} have faults, which are the server's own:`
        for (const line of faultLines(heading, answer.listFaults ?? [])) context.print(line)
        return exitCode && answer.items.some(isWaiting) ? EXIT.no : EXIT.ok
      }),
    )
}

/** A tool, and its definition as lines when it waits and is short enough to be read here. */
interface Row {
  tool: Tool
  lines: string[] | undefined
}

/** What cannot be read here gets no hash, because the hash says that somebody has looked at it. */
const hashOf = ({ tool, lines }: Row) => (isWaiting(tool) && !lines ? 'see --json' : tool.shortHash)

const columns = [
  { title: 'tool', of: ({ tool }: Row) => tool.name },
  { title: 'needs', of: ({ tool }: Row) => tool.level },
  { title: 'state', of: ({ tool }: Row) => (tool.hidden ? `${tool.state}, hidden` : tool.state) },
  { title: 'hash', of: hashOf },
  { title: 'approved by', of: ({ tool }: Row) => tool.decidedBy },
  { title: 'flags', of: ({ tool: { flags } }: Row) => (flags.length === 0 ? null : flags.join('; ')) },
]

function printTools(context: Context, id: string, tools: readonly Tool[]): void {
  if (tools.length === 0) return context.print(`No plane has found ${id} to offer a tool yet: "bir server health ${id}" says how it is.`)
  const rows = tools.map((tool) => ({ tool, lines: isWaiting(tool) ? definitionLines(tool.offered ?? {}) : undefined }))
  for (const line of table(columns, rows, context.environment.terminal?.columns)) context.print(line)
  const waiting = rows.filter(({ tool }) => isWaiting(tool))
  for (const row of waiting) printWaitingTool(context, row)
  const read = waiting.filter(({ lines }) => lines).map(({ tool }) => tool)
  const approve = `bir server approve ${id}`
  if (read.length > 0)
    context.note(`To approve what you have looked at: ${approve} ${read.map(({ name, shortHash }) => `${name}@${shortHash}`).join(' ')}`)
  if (read.length < waiting.length) context.note(`What is too long to be shown, with its hash: bir server definitions ${id} --json`)
  else if (read.length > 1) context.note(`To approve all of it: ${approve} --all ${hashOfAll(read)}`)
}

function printWaitingTool(context: Context, { tool: { name, state, flags, difference }, lines }: Row): void {
  context.print('')
  context.print(context.paint('bad', `${name} is ${state === 'held' ? 'held back' : 'served unreviewed'}:`))
  for (const flag of flags) context.print(`  ${printable(flag)}`)
  for (const line of difference) context.print(`  ${printable(line)}`)
  context.print(lines ? '  It is offered as:' : '  Its definition is too long to be shown here: --json shows all of it, and its hash.')
  for (const line of lines ?? []) context.print(`    ${line}`)
}

import type { z } from 'zod'
import type { ToolDefinition } from '../../contract/entities.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import { printable } from '../output/printable.ts'
import { serverId } from '../base/server-id.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'
import { hashOfAll, isWaiting } from './waiting.ts'

type Tool = z.infer<typeof ToolDefinition>

/** `bir server definitions` lists the tools of a remote server, and what changed about them. */
export const serverDefinitions: Define = (parent, act) => {
  parent
    .command('definitions')
    .summary('the tools of a remote server, and what changed about them')
    .description(
      'Lists the tools of a remote server: what each needs, whether it was approved, and what is suspicious about it, and the hash of its definition; then, for each that waits for somebody to look, what changed.',
    )
    .argument('<id>', 'the server')
    .option('--exit-code', 'exit with 3 when something waits')
    .option('--json', 'everything, with the definitions as approved and as offered')
    .addHelpText(
      'after',
      '\nStates:\n  approved    what is offered was approved\n  unreviewed  new or changed since somebody looked, and served\n  held        new or changed, and held back\n  retired     no longer offered\n\n"bir server approve" takes the hash: it approves what you have looked at, and nothing else.\n\nExamples:\n  bir server definitions everything\n  bir server definitions everything --exit-code > /dev/null || echo "have a look"',
    )
    .action(
      act<[string, { exitCode?: true; json?: true }]>(async (context, id, { exitCode, json }) => {
        const target = { id: serverId(id, 'server') }
        const { client } = await context.gateway()
        const answer = await client.servers.definitions(target)
        if (json) context.printJson(answer)
        if (!json) printTools(context, id, answer.items)
        return exitCode && answer.items.some(isWaiting) ? EXIT.no : EXIT.ok
      }),
    )
}

const columns = [
  { title: 'tool', of: ({ name }: Tool) => name },
  { title: 'needs', of: ({ level }: Tool) => level },
  { title: 'state', of: ({ state }: Tool) => state },
  { title: 'hash', of: ({ shortHash }: Tool) => shortHash },
  { title: 'approved by', of: ({ decidedBy }: Tool) => decidedBy },
  { title: 'flags', of: ({ flags }: Tool) => (flags.length === 0 ? null : flags.join('; ')) },
]

function printTools(context: Context, id: string, tools: readonly Tool[]): void {
  if (tools.length === 0) return context.print(`No plane has found ${id} to offer a tool yet: "bir server health ${id}" says how it is.`)
  for (const line of table(columns, tools, context.environment.terminal?.columns)) context.print(line)
  const waiting = tools.filter(isWaiting)
  for (const tool of waiting) printWaitingTool(context, tool)
  if (waiting.length === 0) return
  const approve = `bir server approve ${id}`
  context.note(`To approve what you have looked at: ${approve} ${waiting.map(({ name, shortHash }) => `${name}@${shortHash}`).join(' ')}`)
  if (waiting.length > 1) context.note(`To approve all of it: ${approve} --all ${hashOfAll(waiting)}`)
}

function printWaitingTool(context: Context, { name, state, flags, difference, approved, offered }: Tool): void {
  context.print('')
  context.print(context.paint('bad', `${name} is ${state === 'held' ? 'held back' : 'served unreviewed'}:`))
  for (const flag of flags) context.print(`  ${printable(flag)}`)
  for (const line of difference) context.print(`  ${printable(line)}`)
  if (approved === null && typeof offered?.description === 'string') context.print(`  ${printable(JSON.stringify(offered.description))}`)
}

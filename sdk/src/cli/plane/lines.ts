import type { z } from 'zod'
import type { Client } from '../../client.ts'
import type { JoinLine } from '../../contract/entities.ts'
import { EXIT } from '../base/exit.ts'
import { table } from '../output/table.ts'
import type { Define } from '../base/verb.ts'

type Line = z.infer<typeof JoinLine>

const pageRows = 500

/** `bir plane lines` shows the lines that let planes join, and who joined with which. */
export const planeLines: Define = (parent, act) => {
  parent
    .command('lines')
    .summary('the lines that let planes join, and which planes did')
    .description(
      'Lists the lines that let data planes join, newest first: who made each, how many uses are left, and which planes joined with it. "after an expulsion" marks a plane that joined in the week after another was expelled, or took over its name.',
    )
    .option('--open', 'only those that still admit a plane')
    .option('--json', 'a line of JSON a line')
    .addHelpText(
      'after',
      '\nExamples:\n  bir plane lines\n  bir plane lines --open\n  bir plane lines --json | jq -r ".planes[] | select(.joinedAfter).name"',
    )
    .action(
      act<[{ open?: true; json?: true }]>(async (context, { open, json }) => {
        const { client } = await context.gateway()
        const lines: Line[] = []
        for await (const line of readLines(client, open)) {
          if (json) context.printJson(line)
          else lines.push(line)
        }
        if (json) return EXIT.ok
        if (lines.length === 0) context.print('There is no such line.')
        else for (const line of table(columns, lines, context.environment.terminal?.columns)) context.print(line)
        return EXIT.ok
      }),
    )
}

async function* readLines(client: Client, open: true | undefined): AsyncGenerator<Line> {
  let after: string | null | undefined
  while (after !== null) {
    const page = await client.planes.lines({ first: pageRows, ...(open && { open }), ...(after && { after }) })
    yield* page.items
    after = page.next
  }
}

const columns = [
  { title: 'line', of: ({ id }: Line) => id },
  { title: 'made by', of: ({ madeBy, origin }: Line) => (origin === 'file' ? 'JOIN_FILE' : madeBy) },
  { title: 'for', of: ({ name }: Line) => name },
  { title: 'left', of: ({ state, uses, used }: Line) => `${state === 'open' ? uses - used : 0} of ${uses}` },
  { title: 'until', of: ({ until }: Line) => until },
  { title: 'state', of: ({ state, voidReason }: Line) => (voidReason === null ? state : `${state}: ${voidReason}`) },
  { title: 'planes', of: ({ planes }: Line) => (planes.length === 0 ? null : planes.map(useText).join(', ')) },
]

function useText({ name, expelled, joinedAfter }: Line['planes'][number]): string {
  const notes = [...(expelled ? ['expelled'] : []), ...(joinedAfter === null ? [] : ['after an expulsion'])]
  return notes.length === 0 ? name : `${name} (${notes.join(', ')})`
}

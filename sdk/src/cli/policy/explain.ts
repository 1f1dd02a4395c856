import type { z } from 'zod'
import type { Explanation } from '../../contract/entities.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import { printable } from '../output/printable.ts'
import type { Define } from '../base/verb.ts'

/** `bir explain` says whether a person may call a tool, and why. */
export const explain: Define = (parent, act) => {
  parent
    .command('explain')
    .summary('may a person call a tool, and why')
    .description(
      'Says whether a person may call a tool now, and why. It asks the very function that enforces it. Exits with 3 when the answer is no, with 2 when there is no such person, server or tool.',
    )
    .requiredOption('--user <handle>', 'the person')
    .requiredOption('--server <id>', 'the server')
    .requiredOption('--tool <name>', 'the tool, by the name that its server or the policy gives it')
    .option('--json', 'the whole explanation')
    .addHelpText(
      'after',
      '\nExamples:\n  bir explain --user alice --server sql --tool execute_query\n  bir explain --user dave --server sql --tool execute_query --json | jq -r .reason',
    )
    .action(
      act<[{ user: string; server: string; tool: string; json?: true }]>(async (context, { json, ...question }) => {
        const { client } = await context.gateway()
        const answer = await client.policy.explain(question)
        if (answer.missing) throw new CliFault('not_found', notFoundMessage(answer), { exit: EXIT.badInput })
        if (json) context.printJson(answer)
        if (!json) printExplanation(context, answer)
        return answer.allow ? EXIT.ok : EXIT.no
      }),
    )
}

/** A misspelt name is bad input, so that a script does not take it for a refusal. */
const notFoundMessage = ({ missing, server, tool }: z.infer<typeof Explanation>) =>
  missing === 'server' ? `There is no server ${server}.` : `The server ${server} has no tool ${tool}.`

function printExplanation(context: Context, { allow, user, server, tool, reason, because, revision }: z.infer<typeof Explanation>): void {
  const verdict = `${user} may ${allow ? '' : 'not '}call ${tool} on ${server}${reason ? ` (${reason})` : ''}.`
  context.print(context.paint(allow ? 'good' : 'bad', verdict))
  for (const step of because) context.print(`  ${printable(step)}`)
  context.print(context.paint('dim', `  By revision ${revision} of the policy.`))
}

import type { z } from 'zod'
import type { Explanation } from '../contract/api.ts'
import type { Reason } from '../contract/decide.ts'
import type { Context } from './context.ts'
import { EXIT } from './exit.ts'
import { printable } from './printable.ts'
import type { Define } from './verb.ts'

/** `bir explain`: may they, and why. */
export const explain: Define = (parent, act) => {
  parent
    .command('explain')
    .summary('may a person call a tool, and why')
    .description(
      'Says whether a person may call a tool now, and why. It asks the very function that enforces it. Exits with 3 when the answer is no.',
    )
    .requiredOption('--user <handle>', 'the person')
    .requiredOption('--server <id>', 'the server')
    .requiredOption('--tool <name>', 'the tool, by the name its server gives it')
    .option('--json', 'the whole explanation')
    .addHelpText(
      'after',
      '\nExamples:\n  bir explain --user alice --server sql --tool execute_query\n  bir explain --user dave --server sql --tool execute_query --json | jq -r .reason',
    )
    .action(
      act<[{ user: string; server: string; tool: string; json?: true }]>(async (context, { json, ...question }) => {
        const { client } = await context.gateway()
        const answer = await client.policy.explain(question)
        if (json) context.json(answer)
        if (!json) tell(context, answer)
        return answer.allow ? EXIT.ok : EXIT.no
      }),
    )
}

function tell(context: Context, { allow, user, server, tool, needs, level, reason, because, revision }: z.infer<typeof Explanation>): void {
  const question = `${user} may ${allow ? '' : 'not '}call ${printable(tool)} on ${server}`
  const why = allow ? `the tool needs ${needs ?? 'nothing'} and ${user} has ${level}` : reasonWords(reason)
  context.say(`${context.paint(allow ? 'good' : 'bad', question)}: ${why}.`)
  for (const step of because) context.say(`  - ${printable(step)}`)
  context.say(context.paint('dim', `(policy revision ${revision})`))
}

const reasonWords = (reason: Reason | null) => (reason ? `${words[reason]} (${reason})` : 'no reason was given')

const words: Record<Reason, string> = {
  'unknown-person': 'the policy does not know this person',
  'person-disabled': 'this account is disabled',
  'unknown-server': 'there is no such server',
  'server-killed': 'an administrator has switched this server off for everyone',
  'unknown-tool': 'this server has no such tool',
  'tool-hidden': 'an administrator has hidden this tool',
  'no-grant': 'nothing is granted on this server, neither in person, nor by a group, nor to everyone',
  'grants-expired': 'every grant on this server has expired',
  'disabled-for-user': 'a grant in person sets this server to disabled',
  'disabled-for-group': 'the groups of this person have this server disabled',
  'tool-denied': 'a grant that applies denies this very tool',
  'tool-not-in-list': 'the grants that apply name the tools they allow, and this is not one of them',
  'level-too-low': 'the level granted is lower than the tool needs',
  'switched-off': 'this person has switched the tool off',
  'selected-lower': 'this person has chosen a lower level than the tool needs',
}

import { Handle } from '../../contract/names.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'

const verbs = [
  {
    verb: 'disable',
    disabled: true,
    summary: 'end all that a person does, at once',
    description:
      'Disables a person: no token issued to them so far is good any more, their open streams end within a second, and they cannot sign in. Their grants stay as they are.',
    done: 'is disabled; what they had open ends, and no token of theirs is good any more',
  },
  {
    verb: 'enable',
    disabled: false,
    summary: 'let a disabled person back in',
    description: 'Lets a disabled person sign in again, with the grants they have. Tokens from before stay void.',
    done: 'may sign in again',
  },
] as const

/** `bir user disable` and `bir user enable` end and restore the access of a person. */
export const userDisable: Define = (parent, act) => {
  for (const { verb, disabled, summary, description, done } of verbs) {
    parent
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('<person>', 'their handle')
      .option('--json', 'the person')
      .addHelpText('after', `\nExamples:\n  bir user ${verb} dave`)
      .action(
        act<[string, { json?: true }]>(async (context, person, { json }) => {
          const handle = handleOf(person)
          const { client } = await context.gateway()
          const answer = await client.users.setDisabled({ handle, disabled })
          if (json) context.printJson(answer)
          else context.print(`${handle} ${done}.`)
          return EXIT.ok
        }),
      )
  }
}

function handleOf(text: string): string {
  const { success, error } = Handle.safeParse(text)
  if (success) return text
  throw badUsage(`person "${text}": ${error.issues[0]?.message ?? 'no handle'}.`)
}

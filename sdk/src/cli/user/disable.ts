import { Handle } from '../../contract/names.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { awaitEnforcement, exitOf, reportEnforcement } from '../plane/enforcement.ts'

const verbs = [
  {
    verb: 'disable',
    disabled: true,
    summary: 'end all that a person does, at once',
    description:
      'Disables a person, or a service account: they cannot sign in, and every data plane that enforces it refuses all tokens issued to them so far and ends their open streams within a second. Says which planes do; exits with 3 unless all do. Their grants stay as they are.',
    done: 'is disabled',
    whenAll: ' What they had open ends, and no token of theirs is good any more.',
  },
  {
    verb: 'enable',
    disabled: false,
    summary: 'let a disabled person back in',
    description: 'Lets a disabled person, or a service account, sign in again, with the grants they have. Tokens from before stay void.',
    done: 'may sign in again',
    whenAll: '',
  },
] as const

/** `bir user disable` and `bir user enable` end and restore the access of a person. */
export const userDisable: Define = (parent, act) => {
  for (const { verb, disabled, summary, description, done, whenAll } of verbs) {
    parent
      .command(verb)
      .summary(summary)
      .description(description)
      .argument('<person>', 'their handle, or that of a service account')
      .option('--json', 'the person, and "enforcement": {"enforcedBy","of","missing"}')
      .addHelpText('after', `\nExamples:\n  bir user ${verb} dave`)
      .action(
        act<[string, { json?: true }]>(async (context, person, { json }) => {
          const handle = handleOf(person)
          const { client } = await context.gateway()
          const answer = await client.users.setDisabled({ handle, disabled })
          const enforcement = await awaitEnforcement(client)
          if (!json) return reportEnforcement(context, `${handle} ${done}`, enforcement, whenAll)
          context.printJson({ ...answer, ...(enforcement && { enforcement }) })
          return exitOf(enforcement)
        }),
      )
  }
}

function handleOf(text: string): string {
  const { success, error } = Handle.safeParse(text)
  if (success) return text
  throw badUsage(`person "${text}": ${error.issues[0]?.message ?? 'no handle'}.`)
}

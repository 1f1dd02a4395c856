import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'

interface Flags {
  user?: string
  group?: string
  yes?: true
  json?: true
}

/** `bir secret erase` destroys all secrets of a person or a group, with the key that sealed them. */
export const secretErase: Define = (parent, act) => {
  parent
    .command('erase')
    .summary('destroy all secrets of a person or a group')
    .description(
      'For administrators. Destroys all secrets of a person or a group, for every server, and the key that sealed them: what copies of the store hold cannot be opened without that key. The history names them still, never a value. They stay good at their services: revoke them there too.',
    )
    .option('--user <person>', "this person's, or this service account's")
    .option('--group <group>', "this group's")
    .option('--yes', 'do not ask')
    .option('--json', '{"revision","removed"}')
    .addHelpText('after', '\nExamples:\n  bir secret erase --user bob\n  bir secret erase --group contractors --yes')
    .action(
      act<[Flags]>(async (context, { user, group, yes, json }) => {
        const name = user ?? group
        if (name === undefined || (user !== undefined && group !== undefined)) throw badUsage('Say whose secrets: --user or --group.')
        const whose = group === undefined ? name : `the group ${group}`
        const { ask } = context.environment
        if (!yes && !ask) throw badUsage('Nobody can be asked here: add --yes.')
        const { client } = await context.gateway()
        if (!yes && !(await ask?.confirm(`Destroy all secrets of ${whose}?`))) {
          context.note('Nothing was changed.')
          return EXIT.no
        }
        const answer = await client.secrets.erase(group === undefined ? { user: name } : { group })
        if (json) context.printJson(answer)
        else {
          const servers = (answer.removed ?? []).map((text) => text.replace('secret for ', ''))
          context.print(
            servers.length === 0
              ? `There were no secrets of ${whose}; a key of theirs is gone too.`
              : `Destroyed from revision ${answer.revision} on: the secrets of ${whose} for ${servers.join(', ')}. At their services they are still good: revoke them there.`,
          )
        }
        return EXIT.ok
      }),
    )
}

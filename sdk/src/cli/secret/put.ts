import { SecretResultVerdict } from '../../contract/secret-entities.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { holderOf, withHolderOptions, wordsFor } from './holder.ts'
import type { HolderFlags } from './holder.ts'
import { printResult } from './result.ts'
import { serverOf } from './given/server.ts'
import { fieldOf, readValues } from './given/values.ts'

interface Flags extends HolderFlags {
  field?: string[]
  unchecked?: true
  json?: true
}

const words = SecretResultVerdict.options

/** `bir secret put` tries a secret against the real service, and saves it when it is good. */
export const secretPut: Define = (parent, act) => {
  const command = parent
    .command('put')
    .summary('try a secret against its service, and save it when it is good')
    .description(
      `Reads a secret from stdin, or asks for it on a terminal without showing it; tries it against the real service; and saves it only when it is good. Prints what the service said: ${words.slice(0, -1).join(', ')} or ${words.at(-1)}. With unchecked, nothing could try it, and it was saved all the same. Exits with 0 when it is saved and with 3 when it is not. A value is never given on the command line. One line end at its end is not part of it.`,
    )
    .argument('<server>', 'the server that uses it, such as gitlab')
    .option(
      '--field <name>=-',
      'the field that stdin gives, where the secret has several; may be repeated, then stdin has a line for each',
      (text, former: string[] | undefined) => [...(former ?? []), fieldOf(text)],
    )
  withHolderOptions(command)
    .option('--unchecked', 'save it although the service cannot be asked now; for administrators, where the policy of the server allows it')
    .option('--json', '{"saved","verdict","says","owner","scopes","level","expiresAt","missing","warnings","state","revision"}')
    // Whatever else stands on the command line may be the secret: commander would repeat it.
    .allowUnknownOption()
    .allowExcessArguments()
    .addHelpText(
      'after',
      '\nExamples:\n  bir secret put gitlab                            asks for it\n  bir secret put gitlab < token.txt\n  pass show gitlab | bir secret put gitlab --user bob\n  bir secret put crm --field user=- --field key=- < two-lines.txt\n  bir secret put gitlab --group developers --json < token.txt | jq -r .verdict',
    )
    .action(
      act<[string, Flags]>(async (context, text, { field = [], unchecked, json, ...whose }) => {
        if (command.args.length > 1) throw badUsage(onCommandLine)
        const server = serverOf(text)
        const gateway = await context.gateway()
        const holder = holderOf(whose, gateway)
        const { client } = gateway
        const form = await client.secrets.form({ server, ...(holder.shared && { shared: true }) })
        const fields = await readValues(context.environment, form, field)
        const result = await client.secrets.put({ server, ...holder, fields, ...(unchecked && { unchecked }) })
        if (json) context.printJson(result)
        else {
          const after = result.saved ? `Saved as ${wordsFor(holder)} for ${server}.` : 'Nothing was saved.'
          printResult(context, result, { after, createAt: form.createAt })
        }
        return result.saved ? EXIT.ok : EXIT.no
      }),
    )
}

const onCommandLine =
  'Only the server and options of this command may stand on its line. A secret never does, as the shell and other programs can read it there: give it on stdin, or leave it out to be asked. If that was a real secret, make a new one.'

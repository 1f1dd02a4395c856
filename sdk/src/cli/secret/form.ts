import type { SecretField, SecretForm } from '../../contract/secret-form.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import { printable } from '../output/printable.ts'
import type { Define } from '../base/verb.ts'
import { serverOf } from './given/server.ts'

/** `bir secret form` shows what a server asks of people. */
export const secretForm: Define = (parent, act) => {
  parent
    .command('form')
    .summary('what a server asks for, and where you get it')
    .description(
      'Shows the fields of the secret that a server needs, the page of the service on which you make it, and the scopes that it needs for the tools of each level. --shared: with what the settings of the server take from the shared secret.',
    )
    .argument('<server>', 'the server')
    .option('--shared', 'of the secret that all who may use the server share; for administrators')
    .option('--json', '{"server","fields","createAt","page","scopes","order","proven"}')
    .addHelpText('after', '\nExamples:\n  bir secret form gitlab\n  bir secret form gitlab --json | jq -r .createAt')
    .action(
      act<[string, { shared?: true; json?: true }]>(async (context, text, { shared, json }) => {
        const server = serverOf(text)
        const { client } = await context.gateway()
        const form = await client.secrets.form({ server, ...(shared && { shared }) })
        if (json) context.printJson(form)
        else printForm(context, form)
        return EXIT.ok
      }),
    )
}

function printForm(context: Context, { server, fields, createAt, page, scopes, order, proven }: SecretForm): void {
  const print = (line: string) => context.print(printable(line))
  if (fields.length === 0) return print(`${server} needs no secret.`)
  for (const field of fields) print(fieldLine(field))
  if (createAt !== undefined) print(`You make one at ${createAt}`)
  if (page !== undefined) print(`You give it at ${page}, or by "bir secret put ${server}".`)
  for (const [level, names] of Object.entries(scopes ?? {})) print(`The tools of level ${level} need the scopes ${names.join(', ')}.`)
  print(
    order.length === 0
      ? `The settings of ${server} name it: people give none.`
      : `${server} uses the first that there is of: ${order.join(', ')}.`,
  )
  print(proven ? 'It is tried against the service before it is saved.' : 'Nobody can try it: it is saved unchecked.')
}

const fieldLine = ({ name, title, help, lines, required }: SecretField): string => {
  const notes = [lines ? 'with lines, as PEM has' : '', required ? '' : 'may be left out'].filter((note) => note !== '')
  return `${name}: ${title}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}${help === undefined ? '' : `. ${help}`}`
}

import { EXIT } from '../base/exit.ts'
import type { Context } from '../base/context.ts'
import type { Define } from '../base/verb.ts'
import { withKeyFile } from './key-file.ts'
import { printMade } from './made.ts'

interface Flags {
  keyFile?: string
  json?: true
}

/** `bir client rotate` gives a client a new secret, or a portal a new key. */
export const clientRotate: Define = (parent, act) => {
  parent
    .command('rotate')
    .summary('give a client a new secret, or a portal a new key')
    .description(
      'Gives a client a new secret and prints it, for the only time; or, with --key-file, gives a portal a new key. The old one is void at once.',
    )
    .argument('<client>', 'its client id or its handle')
    .option('--key-file <file>', 'of a portal: makes a new key, and writes the private half to this file')
    .option('--json', '{"clientId","handle","clientSecret"}; with --key-file, "keyFile" too')
    .addHelpText(
      'after',
      '\nExamples:\n  bir client rotate ci\n  bir client rotate ci --json | jq -r .clientSecret\n  bir client rotate portal --key-file new-key.json',
    )
    .action(
      act<[string, Flags]>(async (context, name, { keyFile, json }) => {
        if (keyFile !== undefined) await rotateKey(context, name, { keyFile, ...(json && { json }) })
        else {
          const { client } = await context.gateway()
          printMade(context, await client.clients.rotate({ client: name }), { ...(json && { json }) })
        }
        return EXIT.ok
      }),
    )
}

async function rotateKey(context: Context, name: string, { keyFile, json }: Flags & { keyFile: string }): Promise<void> {
  const { client } = await context.gateway()
  const register = (jwks: object) => client.clients.rotate({ client: name, jwks: { ...jwks } })
  const { made, file } = await withKeyFile(keyFile, context.environment.cwd, register)
  printMade(context, made, { keyFile: file, ...(json && { json }) })
  if (!json) context.note('Start the portal anew with PORTAL_KEY_FILE set to this file. Who is signed in there signs in again.')
}

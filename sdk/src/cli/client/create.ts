import { Handle } from '../../contract/names.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { createPortal } from './create-portal.ts'
import { printMade } from './made.ts'

interface Flags {
  serviceAccount?: true
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  handle?: string
  secret?: true
  jwksUri?: string
  portal?: true
  url?: string
  keyFile?: string
  json?: true
}

/** `bir client create` makes an OAuth client, and prints its secret for the only time. */
export const clientCreate: Define = (parent, act) => {
  parent
    .command('create')
    .summary('make a client, and print its secret for the only time')
    .description(
      'Makes an OAuth client: with --service-account for a service account, which is created when there is none of that handle; else for people, whose codes may go to each --redirect-uri. A service account may do nothing until the policy grants it something; for one that is disabled no client is made. With --portal for a portal of the gateway: makes its key here, registers the public half, and writes the private one to a file.',
    )
    .argument('<name>', 'the handle of the service account, or the name that people see')
    .option('--service-account', 'for a service account')
    .option('--redirect-uri <uri>', 'where codes may go; may be repeated', repeated)
    .option('--post-logout-redirect-uri <uri>', 'where it may have people sent who signed out; may be repeated', repeated)
    .option('--handle <handle>', 'what commands call it; else the name, where that is a handle')
    .option('--secret', 'a client for people that can keep a secret, such as a web application, gets one')
    .option('--jwks-uri <url>', 'it signs in with keys that lie there (private_key_jwt), not with a secret')
    .option('--portal', 'for a portal, which needs no consent and signs in with a key that is made now')
    .option('--url <address>', 'with --portal: the address at which people open it (default: one on this machine)')
    .option('--key-file <file>', 'with --portal: where its private key is written (default: portal-key.json)')
    .option('--json', '{"clientId","handle","clientSecret"}; the secret is null where it has none. With --portal, "keyFile" too')
    .addHelpText(
      'after',
      '\nExamples:\n  bir client create ci --service-account --json\n  bir client create "Intranet" --handle intranet --redirect-uri https://intranet.example.com/callback --secret\n  bir client create portal --portal --url https://portal.example.com --key-file portal-key.json',
    )
    .action(
      act<[string, Flags]>(async (context, name, flags) => {
        if (flags.portal) return createPortal(context, name, flags)
        if (flags.url !== undefined || flags.keyFile !== undefined) throw badUsage('--url and --key-file are for a portal: add --portal.')
        const input = inputOf(name, flags)
        const { client } = await context.gateway()
        const made = await client.clients.create(input)
        printMade(context, made, flags)
        if (!flags.json && flags.serviceAccount) context.note(howToUse(name))
        return EXIT.ok
      }),
    )
}

const repeated = (text: string, former: string[] | undefined): string[] => [...(former ?? []), text]

function inputOf(name: string, flags: Flags) {
  const { serviceAccount, redirectUri, postLogoutRedirectUri, handle = handleIn(name), secret, jwksUri } = flags
  if (serviceAccount && redirectUri) throw badUsage('A service account has no browser: leave out --redirect-uri or --service-account.')
  if (serviceAccount && postLogoutRedirectUri)
    throw badUsage('A service account has no browser: leave out --post-logout-redirect-uri or --service-account.')
  if (!serviceAccount && !redirectUri) throw badUsage('Give --redirect-uri, where its codes may go, or --service-account.')
  if (serviceAccount && handleIn(name) === undefined)
    throw badUsage(`"${name}" is no handle for a service account: ${Handle.safeParse(name).error?.issues[0]?.message ?? 'choose another'}.`)
  if (secret && jwksUri !== undefined) throw badUsage('A client signs in with a secret or with keys: leave out --secret or --jwks-uri.')
  const authMethod = jwksUri === undefined ? secret && ('client_secret_basic' as const) : ('private_key_jwt' as const)
  return {
    name,
    ...(handle !== undefined && { handle }),
    ...(redirectUri && { redirectUris: redirectUri }),
    ...(postLogoutRedirectUri && { postLogoutRedirectUris: postLogoutRedirectUri }),
    ...(authMethod && { authMethod }),
    ...(jwksUri !== undefined && { jwksUri }),
    ...(serviceAccount && { serviceAccount: name }),
  }
}

const handleIn = (name: string): string | undefined => Handle.safeParse(name).data

const howToUse = (handle: string) =>
  `bir acts as ${handle} where BIR_URL, BIR_CLIENT_ID and BIR_CLIENT_SECRET (or BIR_CLIENT_SECRET_FILE) are set. Grants are given to it with "service: ${handle}".`

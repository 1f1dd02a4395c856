import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import type { Define } from '../base/verb.ts'
import { apiClient } from '../gateway/api-client.ts'
import { discover } from '../gateway/discovery.ts'
import { signInFile } from '../gateway/sign-in-file.ts'
import { keptOf } from '../gateway/sign-in-token.ts'
import { openBrowser } from './browser.ts'
import { askForCodes, awaitApproval } from './device-flow.ts'
import { issuerOf } from './gateway-address.ts'

interface Flags {
  url?: string
  browser: boolean
  json?: true
}

/** `bir login` signs a person in at a gateway with a code that they approve in a browser (RFC 8628). */
export const login: Define = (parent, act) => {
  parent
    .command('login')
    .summary('sign in at a gateway')
    .description(
      'Signs you in: prints an address and a code, opens a browser where there is one, and waits until you have approved the code there. From then on bir acts as you at that gateway, until "bir logout": it uses neither the operator key of this machine\'s gateway nor asks again. The tokens lie in your folder for configuration (XDG_CONFIG_HOME/bir), for you alone.',
    )
    .option('--url <control plane>', "the gateway's control plane; else that of BIR_URL, or this machine's gateway")
    .option('--no-browser', 'open no browser')
    .option('--json', '{"person","gateway","file"}')
    .addHelpText('after', '\nExamples:\n  bir login\n  bir login --url https://gateway.example.com --no-browser')
    .action(
      act<[Flags]>(async (context, { url, browser, json }) => {
        const { environment } = context
        const issuer = await issuerOf(environment, url)
        const metadata = await discover(issuer)
        const codes = await askForCodes(metadata)
        const page = codes.verification_uri_complete ?? codes.verification_uri
        const opened = browser && openBrowser(environment, page)
        context.note(
          `${opened ? 'A browser opens. If it does not, open' : 'Open'} ${codes.verification_uri} and enter the code ${codes.user_code}.`,
        )
        context.note(`Approve it only if the page shows this code. It is good for ${Math.round(codes.expires_in / 60)} minutes.`)
        const answer = await awaitApproval(context, metadata, codes, progress(context))
        if (environment.terminal) environment.err('\n')

        const kept = keptOf(environment, answer)
        const client = apiClient(environment, issuer, kept.accessToken)
        const { handle: person } = await client.users.me()
        const file = signInFile(environment, issuer)
        await file.write({ issuer, person, ...kept })
        if (json) context.printJson({ person, gateway: issuer, file: file.path })
        else context.print(`You are signed in at ${issuer} as ${context.paint('good', person)}.`)
        context.note(noteOf(environment.env, issuer, person))
        return EXIT.ok
      }),
    )
}

/** A dot for each question, where a person watches. */
const progress =
  ({ environment }: Context) =>
  () =>
    environment.terminal && environment.err('.')

function noteOf(env: Readonly<Record<string, string | undefined>>, issuer: string, person: string): string {
  const stronger = ['BIR_TOKEN', 'BIR_TOKEN_FILE', 'BIR_CLIENT_ID'].find((name) => env[name])
  if (stronger !== undefined) return `${stronger} is set and wins over this sign-in: bir acts as ${person} once it is unset.`
  const where = env['BIR_URL'] ? '' : `, wherever BIR_URL or this machine's gateway is ${issuer}`
  return `bir now acts as ${person} there${where}. "bir logout" ends that.`
}

import { EXIT } from '../base/exit.ts'
import { CliFault } from '../base/fault.ts'
import type { Define } from '../base/verb.ts'
import { discover } from '../gateway/discovery.ts'
import { exchange } from '../gateway/exchange.ts'
import { signInFile } from '../gateway/sign-in-file.ts'
import type { SignInFile } from '../gateway/sign-in-file.ts'
import { CLIENT_ID } from '../gateway/sign-in-token.ts'
import { issuerOf } from './gateway-address.ts'

/** `bir logout` ends what `bir login` began, here and at the gateway. */
export const logout: Define = (parent, act) => {
  parent
    .command('logout')
    .summary('end what "bir login" began')
    .description(
      'Ends your sign-in at a gateway: voids its tokens there, within a second on every plane, and removes them here. Exits with 1 when the gateway could not be told; they are removed here all the same.',
    )
    .option('--url <control plane>', "the gateway's control plane; else that of BIR_URL, or this machine's gateway")
    .option('--json', '{"gateway","person"}; person is null when nobody was signed in')
    .addHelpText('after', '\nExamples:\n  bir logout\n  bir logout --url https://gateway.example.com')
    .action(
      act<[{ url?: string; json?: true }]>(async (context, { url, json }) => {
        const issuer = await issuerOf(context.environment, url)
        const file = signInFile(context.environment, issuer)
        const { person, fault } = await endSignIn(file)
        if (json) context.printJson({ gateway: issuer, person: person ?? null })
        else context.print(person === undefined ? `Nobody was signed in at ${issuer}.` : `${person} is signed out of ${issuer}.`)
        if (fault === undefined) return EXIT.ok
        context.note(
          `The tokens are removed here, but the gateway could not be told (${fault}): end the session there too, with "bir session list" and "bir session end".`,
        )
        return EXIT.failed
      }),
    )
}

/** The file goes whatever the gateway says, and even when it cannot be read. */
async function endSignIn(file: SignInFile): Promise<{ person: string | undefined; fault?: string }> {
  try {
    const signIn = await file.read()
    if (!signIn) return { person: undefined }
    const fault = await revoked(file.issuer, signIn.refreshToken ?? signIn.accessToken).catch(textOf)
    return { person: signIn.person, ...(fault !== undefined && { fault }) }
  } catch (error) {
    return { person: 'Whoever was signed in', fault: textOf(error) }
  } finally {
    await file.remove()
  }
}

/** Voids the refresh token, and with it the whole session (RFC 7009). */
async function revoked(issuer: string, token: string): Promise<undefined> {
  const { revocation_endpoint: address } = await discover(issuer)
  if (address === undefined) throw new CliFault('unsupported', 'it has no revocation endpoint')
  const { status } = await exchange(address, new URLSearchParams({ token, client_id: CLIENT_ID }))
  if (status !== 200) throw new CliFault('unavailable', `it answered ${status}`)
  return undefined
}

const textOf = (error: unknown) => (error instanceof Error ? error.message.replace(/\.$/, '') : String(error))

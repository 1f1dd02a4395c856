import { Handle } from '../../contract/names.ts'
import { portalUris } from '../../portal-key.ts'
import type { Context } from '../base/context.ts'
import { EXIT } from '../base/exit.ts'
import type { ExitCode } from '../base/exit.ts'
import { badUsage } from '../base/fault.ts'
import { withKeyFile } from './key-file.ts'
import { printMade } from './made.ts'

interface Flags {
  serviceAccount?: true
  redirectUri?: string[]
  postLogoutRedirectUri?: string[]
  handle?: string
  secret?: true
  jwksUri?: string
  url?: string
  keyFile?: string
  json?: true
}

/** Where a portal listens unless it is told otherwise. */
const defaultUrl = 'http://127.0.0.1:3000'

/** `bir client create --portal`: the private half of the key stays on this machine. */
export async function createPortal(context: Context, name: string, flags: Flags): Promise<ExitCode> {
  const { handle = Handle.safeParse(name).data, url = defaultUrl, keyFile = 'portal-key.json', json } = flags
  refuseOthers(flags)
  const address = addressOf(url)
  const { client } = await context.gateway()
  const input = { name, ...(handle !== undefined && { handle }), portal: true, ...portalUris(address) }
  const register = (jwks: object) => client.clients.create({ ...input, jwks: { ...jwks } })
  const { made, file } = await withKeyFile(keyFile, context.environment.cwd, register)
  printMade(context, made, { keyFile: file, ...(json && { json }) })
  if (!json) for (const line of howToUse(made.clientId, { address, file })) context.note(line)
  return EXIT.ok
}

function refuseOthers({ serviceAccount, secret, jwksUri, redirectUri, postLogoutRedirectUri }: Flags): void {
  if (serviceAccount) throw badUsage('A portal acts for people: leave out --service-account or --portal.')
  if (secret || jwksUri !== undefined) throw badUsage('A portal signs in with a key that is made now: leave out --secret and --jwks-uri.')
  if (redirectUri || postLogoutRedirectUri)
    throw badUsage('The address of a portal says where codes go: give --url instead of --redirect-uri and --post-logout-redirect-uri.')
}

function addressOf(url: string): string {
  const { protocol, pathname, search, hash, origin } = URL.parse(url) ?? {}
  if ((protocol === 'https:' || protocol === 'http:') && pathname === '/' && !search && !hash) return String(origin)
  throw badUsage(`--url takes the address of the portal, such as https://portal.example.com, not "${url}".`)
}

const howToUse = (clientId: string, { address, file }: { address: string; file: string }) => [
  `Start the portal with PORTAL_KEY_FILE=${file}, PORTAL_URL=${address}${clientId === 'portal' ? '' : ` and PORTAL_CLIENT_ID=${clientId}`}, beside CONTROL_URL and MCP_URL.`,
  'Give the file to the portal alone: whoever has it can open the cookies of the people who sign in there.',
]

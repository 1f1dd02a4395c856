import type { ClientOptions } from '../../client.ts'
import type { Environment } from '../base/environment.ts'
import { CliFault } from '../base/fault.ts'
import type { ActsBy, Gateway } from '../base/gateway.ts'
import { apiClient } from './api-client.ts'
import { serviceAccountToken } from './client-credentials.ts'
import { readConfig } from './config.ts'
import type { Config } from './config.ts'
import { readEndpoints } from './endpoints.ts'
import { openOperator } from './operator.ts'
import { signInFile } from './sign-in-file.ts'
import { signInToken } from './sign-in-token.ts'

/**
 * The gateway that BIR_URL names; without it, the one that `npm start` runs on this machine. A command acts by the
 * first of these that there is: BIR_TOKEN, BIR_CLIENT_ID, the sign-in of `bir login`, the operator key.
 */
export async function findGateway(environment: Environment): Promise<Gateway> {
  const config = readConfig(environment)
  if (config.birUrl !== undefined) {
    const { token, actsBy } = await accessTo(environment, config, config.birUrl)
    const client = apiClient(environment, config.birUrl, token)
    return { client, url: config.birUrl, actsBy, mcpUrl: config.birMcpUrl && mcpUrlOf(config.birMcpUrl), embedded: undefined }
  }

  const { mcp, control, issuer } = await readEndpoints(config.birHome)
  const file = signInFile(environment, issuer)
  const isSignedIn = (await file.read()) !== undefined
  const opened = openOperator(config.birHome, { issuer, osUser: environment.osUser })
  // Who signed in needs no operator key.
  const operator = isSignedIn ? await opened.catch(() => undefined) : await opened
  const embedded = operator && { operator, issuer }
  const bySignIn = { token: signInToken(environment, file), actsBy: 'sign-in' as const }
  const { token, actsBy } =
    operator && !isSignedIn
      ? { token: (request: { method: string; url: string }) => operator.signAssertion(undefined, request), actsBy: 'operator' as const }
      : bySignIn
  return { client: apiClient(environment, control, token), url: issuer, actsBy, mcpUrl: mcpUrlOf(mcp), embedded }
}

interface Access {
  token: ClientOptions['token']
  actsBy: ActsBy
}

async function accessTo(environment: Environment, config: Config, url: string): Promise<Access> {
  if (config.birToken !== undefined) return { token: config.birToken, actsBy: 'token' }
  if (config.birClientId !== undefined && config.birClientSecret !== undefined) {
    const account = { id: config.birClientId, secret: config.birClientSecret }
    return { token: serviceAccountToken(environment, url, account), actsBy: 'service-account' }
  }
  const file = signInFile(environment, url)
  // Whoever only asks for an address, such as `bir connect`, needs nobody to be signed in.
  if ((await file.read()) === undefined) return { token: () => Promise.reject(nobody(url)), actsBy: 'sign-in' }
  return { token: signInToken(environment, file), actsBy: 'sign-in' }
}

const nobody = (url: string) =>
  new CliFault(
    'not_signed_in',
    `Nobody is signed in at ${url}: run "bir login", or set BIR_TOKEN, or BIR_CLIENT_ID and BIR_CLIENT_SECRET of a service account.`,
  )

const mcpUrlOf = (base: string) => `${base.replace(/\/+$/, '').replace(/\/mcp$/, '')}/mcp`

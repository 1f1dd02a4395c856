import type { Environment } from '../base/environment.ts'
import { addressOf, readConfig } from '../gateway/config.ts'
import { readEndpoints } from '../gateway/endpoints.ts'

/** The issuer of the gateway that --url names; without it, of BIR_URL; without that, of this machine's gateway. */
export async function issuerOf(environment: Environment, flag: string | undefined): Promise<string> {
  const named = addressOf(flag, environment)
  if (named !== undefined) return named
  const { issuer } = await readEndpoints(readConfig(environment).birHome)
  return issuer.replace(/\/+$/, '')
}

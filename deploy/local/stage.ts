import type { Config } from './config.ts'
import { StartFault } from './base/fault.ts'

type Env = Record<string, string | undefined>

const isSet = (env: Env, name: string) => Boolean(env[name] || env[`${name}_FILE`])
const isHttps = (env: Env, name: string) => env[name]?.startsWith('https://') === true

const requirements: { isMet(env: Env): boolean; instruction: string }[] = [
  { isMet: (env) => isHttps(env, 'PUBLIC_URL'), instruction: "PUBLIC_URL to the control plane's https:// address" },
  { isMet: (env) => isHttps(env, 'MCP_URL'), instruction: "MCP_URL to the data plane's https:// address" },
  { isMet: (env) => isSet(env, 'DATABASE_URL'), instruction: 'DATABASE_URL (or DATABASE_URL_FILE) to your Postgres' },
  { isMet: (env) => isSet(env, 'MASTER_KEY'), instruction: 'MASTER_KEY_FILE to a file with a key of your own (32 bytes, base64)' },
  { isMet: (env) => isHttps(env, 'IDP_ISSUER'), instruction: "IDP_ISSUER to your identity provider's https:// issuer" },
  { isMet: ({ IDP_PROVIDER: name }) => Boolean(name) && name !== 'demo', instruction: 'IDP_PROVIDER to a handle of its own (not demo)' },
]

/**
 * Outside stage local nothing embedded starts and nothing unsafe
 * is accepted. Throws `StartFault` with every missing setting.
 */
export function refuseUnsafe({ stage }: Pick<Config, 'stage'>, env: Env): void {
  if (stage === 'local') return
  const missing = requirements.filter(({ isMet }) => !isMet(env)).map(({ instruction }) => instruction)
  if (missing.length === 0) return
  throw new StartFault(`In stage ${stage} nothing embedded starts by itself and nothing unsafe is accepted: set ${missing.join('; ')}.`)
}

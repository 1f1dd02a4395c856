import type { Config } from './config.ts'
import { StartFault } from './base/fault.ts'

type Env = Record<string, string | undefined>

const given = (env: Env, name: string) => Boolean(env[name] || env[`${name}_FILE`])
const https = (env: Env, name: string) => env[name]?.startsWith('https://') === true

const needs: { holds(env: Env): boolean; say: string }[] = [
  { holds: (env) => https(env, 'PUBLIC_URL'), say: "PUBLIC_URL to the control plane's https:// address" },
  { holds: (env) => https(env, 'MCP_URL'), say: "MCP_URL to the data plane's https:// address" },
  { holds: (env) => given(env, 'DATABASE_URL'), say: 'DATABASE_URL (or DATABASE_URL_FILE) to your Postgres' },
  { holds: (env) => given(env, 'MASTER_KEY'), say: 'MASTER_KEY_FILE to a file with a key of your own (32 bytes, base64)' },
  { holds: (env) => https(env, 'IDP_ISSUER'), say: "IDP_ISSUER to your identity provider's https:// issuer" },
  { holds: ({ IDP_PROVIDER: name }) => Boolean(name) && name !== 'demo', say: 'IDP_PROVIDER to a handle of its own (not demo)' },
]

/** Outside stage local nothing embedded starts, and nothing unsafe: the start stops with what to set, all of it at once. */
export function refuseUnsafe({ stage }: Pick<Config, 'stage'>, env: Env): void {
  if (stage === 'local') return
  const missing = needs.filter(({ holds }) => !holds(env)).map(({ say }) => say)
  if (missing.length === 0) return
  throw new StartFault(`In stage ${stage} nothing embedded starts by itself and nothing unsafe is accepted: set ${missing.join('; ')}.`)
}

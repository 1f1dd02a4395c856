import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { hostInUrl, LOOPBACK_HOSTS } from '../../contract/loopback.ts'
import { faultWords } from '../../contract/schema-faults.ts'
import { EXIT } from '../base/exit.ts'
import { badUsage, CliFault, codeOf } from '../base/fault.ts'
import type { Environment } from '../base/environment.ts'

const Config = z
  .object({
    /** The folder with the state of the embedded gateway. */
    birHome: z.string().min(1),
    /** The control plane of a gateway on another machine. */
    birUrl: z.url({ protocol: /^https?$/ }).optional(),
    birToken: z.string().trim().min(1).optional(),
    /** A service account of that gateway. */
    birClientId: z.string().trim().min(1).optional(),
    birClientSecret: z.string().trim().min(1).optional(),
    /** The address for that gateway's MCP clients. Only `bir connect` needs it. */
    birMcpUrl: z.url({ protocol: /^https?$/ }).optional(),
  })
  .superRefine(({ birUrl, birToken, birClientId, birClientSecret, birMcpUrl }, { addIssue }) => {
    const fault = (path: string, message: string) => addIssue({ code: 'custom', path: [path], message })
    if (birClientId && !birClientSecret)
      fault('birClientSecret', 'BIR_CLIENT_ID needs a secret: set BIR_CLIENT_SECRET, or BIR_CLIENT_SECRET_FILE')
    if (birClientSecret && !birClientId) fault('birClientId', 'BIR_CLIENT_SECRET needs a client id: set BIR_CLIENT_ID too')
    if (birClientId && birToken) fault('birClientId', 'BIR_CLIENT_ID and BIR_TOKEN are two callers: unset one of them')
    if (birClientId && !birUrl) fault('birUrl', 'BIR_CLIENT_ID is for the gateway of BIR_URL: set BIR_URL too, or unset BIR_CLIENT_ID')
    // Without BIR_URL the command would act as the operator of this machine's gateway, not as the token's owner.
    if (birToken && !birUrl) fault('birUrl', 'BIR_TOKEN is for the gateway of BIR_URL: set BIR_URL too, or unset BIR_TOKEN')
    if (birMcpUrl && !birUrl) fault('birUrl', 'BIR_MCP_URL belongs to the gateway of BIR_URL: set BIR_URL too, or unset BIR_MCP_URL')
    if (birUrl && isUnsafe(birUrl)) fault('birUrl', 'must be https://, because the token is sent to it')
  })
export type Config = z.infer<typeof Config>

/** Plain HTTP to another machine. On this machine nobody listens on the way: a tunnel ends here. */
export const isUnsafe = (address: string) => {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !LOOPBACK_HOSTS.some((host) => hostInUrl(host) === hostname)
}

/** Reads the command's settings. Throws `CliFault` with every fault. */
export function readConfig({ env, cwd, repositoryDir }: Pick<Environment, 'env' | 'cwd' | 'repositoryDir'>): Config {
  const settings = {
    birHome: resolve(cwd, env['BIR_HOME'] || join(repositoryDir, '.bir')),
    birUrl: env['BIR_URL'] || undefined,
    birToken: env['BIR_TOKEN'] || fromFile('BIR_TOKEN_FILE', env),
    birClientId: env['BIR_CLIENT_ID'] || undefined,
    birClientSecret: env['BIR_CLIENT_SECRET'] || fromFile('BIR_CLIENT_SECRET_FILE', env),
    birMcpUrl: env['BIR_MCP_URL'] || undefined,
  }
  const parsed = Config.safeParse(settings)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => ({ path: nameOf(issue.path), message: faultWords(issue) }))
  throw new CliFault('usage', 'The environment does not fit:', { exit: EXIT.badInput, faults })
}

function fromFile(name: string, env: Environment['env']): string | undefined {
  const file = env[name]
  if (!file) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliFault('usage', `${name} names ${file}, which cannot be read (${codeOf(cause)}).`, { exit: EXIT.badInput, cause })
  }
}

/** The address of the gateway to sign in to, without a slash at its end. Undefined: the one of this machine. */
export function addressOf(flag: string | undefined, environment: Pick<Environment, 'env' | 'cwd' | 'repositoryDir'>): string | undefined {
  const { birUrl } = readConfig(environment)
  if (flag === undefined) return birUrl?.replace(/\/+$/, '')
  const url = URL.parse(flag)
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username)
    throw badUsage(`--url takes the address of a control plane, such as https://gateway.example.com, not "${flag}".`)
  if (isUnsafe(flag)) throw badUsage('--url must be https://, because tokens are sent to it.')
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
}

const nameOf = (path: PropertyKey[]) => path.join('.').replaceAll(/[A-Z]/g, '_$&').toUpperCase()

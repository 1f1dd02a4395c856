import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { hostInUrl, LOOPBACK_HOSTS } from '../../contract/loopback.ts'
import { faultWords } from '../../contract/schema-faults.ts'
import { EXIT } from './exit.ts'
import { CliFault, codeOf } from './fault.ts'
import type { Environment } from './environment.ts'

const Config = z
  .object({
    /** The folder with the state of the embedded gateway. */
    birHome: z.string().min(1),
    /** The control plane of a gateway on another machine. */
    birUrl: z.url({ protocol: /^https?$/ }).optional(),
    birToken: z.string().trim().min(1).optional(),
    /** The address for that gateway's MCP clients. Only `bir connect` needs it. */
    birMcpUrl: z.url({ protocol: /^https?$/ }).optional(),
  })
  .superRefine(({ birUrl, birToken, birMcpUrl }, { addIssue }) => {
    const fault = (path: string, message: string) => addIssue({ code: 'custom', path: [path], message })
    if (birUrl && !birToken) fault('birToken', 'BIR_URL needs a token: set BIR_TOKEN too')
    // Without BIR_URL the command would act as the operator of this machine's gateway, not as the token's owner.
    if (birToken && !birUrl) fault('birUrl', 'BIR_TOKEN is for the gateway of BIR_URL: set BIR_URL too, or unset BIR_TOKEN')
    if (birMcpUrl && !birUrl) fault('birUrl', 'BIR_MCP_URL belongs to the gateway of BIR_URL: set BIR_URL too, or unset BIR_MCP_URL')
    if (birUrl && isUnsafe(birUrl)) fault('birUrl', 'must be https://, because the token is sent to it')
  })
export type Config = z.infer<typeof Config>

/** On this machine nobody listens on the way: a tunnel ends here. */
const isUnsafe = (address: string) => {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !LOOPBACK_HOSTS.some((host) => hostInUrl(host) === hostname)
}

/** Reads the command's settings. Throws `CliFault` with every fault. */
export function readConfig({ env, cwd, repositoryDir }: Pick<Environment, 'env' | 'cwd' | 'repositoryDir'>): Config {
  const settings = {
    birHome: resolve(cwd, env['BIR_HOME'] || join(repositoryDir, '.bir')),
    birUrl: env['BIR_URL'] || undefined,
    birToken: env['BIR_TOKEN'] || fromFile(env['BIR_TOKEN_FILE']),
    birMcpUrl: env['BIR_MCP_URL'] || undefined,
  }
  const parsed = Config.safeParse(settings)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map((issue) => ({ path: nameOf(issue.path), message: faultWords(issue) }))
  throw new CliFault('usage', 'The environment does not fit:', { exit: EXIT.badInput, faults })
}

function fromFile(file: string | undefined): string | undefined {
  if (!file) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliFault('usage', `BIR_TOKEN_FILE names ${file}, which cannot be read (${codeOf(cause)}).`, { exit: EXIT.badInput, cause })
  }
}

const nameOf = (path: PropertyKey[]) => path.join('.').replaceAll(/[A-Z]/g, '_$&').toUpperCase()

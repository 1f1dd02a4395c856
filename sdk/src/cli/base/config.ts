import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { EXIT } from './exit.ts'
import { CliFault } from './fault.ts'
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
  .refine(({ birUrl, birToken }) => !birUrl || birToken, { path: ['birToken'], message: 'BIR_URL needs a token: set BIR_TOKEN too' })
export type Config = z.infer<typeof Config>

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
  const faults = parsed.error.issues.map(({ path, message }) => ({ path: nameOf(path), message }))
  throw new CliFault('usage', 'The environment does not fit:', { exit: EXIT.badInput, faults })
}

function fromFile(file: string | undefined): string | undefined {
  if (!file) return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CliFault('usage', `BIR_TOKEN_FILE names ${file}, which cannot be read.`, { exit: EXIT.badInput, cause })
  }
}

const nameOf = (path: PropertyKey[]) => path.join('.').replaceAll(/[A-Z]/g, '_$&').toUpperCase()

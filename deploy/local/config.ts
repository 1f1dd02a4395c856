import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { StartFault } from './base/fault.ts'
import { readConfig } from './base/read-config.ts'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

const port = z.coerce.number('must be a port number').int().min(0).max(65_535)

const Config = z.object({
  stage: z.enum(['local', 'dev', 'preprod', 'prod'], 'must be local, dev, preprod or prod').default('local'),
  home: z
    .string()
    .default('.bir')
    .transform((path) => resolve(repository, path)),
  /** For every port, 0 picks a free one. */
  port: port.default(8080),
  controlPort: port.default(8081),
  portalPort: port.default(3000),
  idpPort: port.default(8082),
})
export type Config = z.infer<typeof Config>

/** Reads the launcher's settings, `BIR_…`. Throws `StartFault`. */
export function readStartConfig(env: Record<string, string | undefined> = process.env): Config {
  try {
    return readConfig(Config, env, 'BIR_')
  } catch (error) {
    throw new StartFault(error instanceof Error ? error.message : String(error))
  }
}

/**
 * True when every line of every part is shown, not warnings
 * alone. It is read before any other setting, so it cannot fail.
 */
export const isVerbose = (env: Record<string, string | undefined> = process.env): boolean => Boolean(env.BIR_VERBOSE)

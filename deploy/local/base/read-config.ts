import { envName, readEnv } from '@bir/sdk/read-env'
import type { Env } from '@bir/sdk/read-env'
import type { z } from 'zod'

/**
 * Reads the settings of a schema from the environment, or from the files that it names (see `readEnv`).
 * Throws one message: every file that cannot be read, or else every fault of a value.
 */
export function readConfig<S extends z.ZodRawShape>(schema: z.ZodObject<S>, env: Env, prefix = '') {
  const { values, unreadable } = readEnv(Object.keys(schema.shape), env, prefix)
  if (unreadable.length > 0) throw new Error(`${unreadable.join('; ')}.`)
  const parsed = schema.safeParse(values)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${envName(String(path[0] ?? ''), prefix)}: ${message}`)
  throw new Error(`These settings stop the start: ${faults.join('; ')}.`)
}

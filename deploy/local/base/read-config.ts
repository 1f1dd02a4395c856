import { readFileSync } from 'node:fs'
import type { z } from 'zod'

/** `fooBarMs` is read from FOO_BAR_MS, or from the file that FOO_BAR_MS_FILE names. Throws one text: every fault, or the file that cannot be read. */
export function readConfig<S extends z.ZodRawShape>(schema: z.ZodObject<S>, env: Record<string, string | undefined>, prefix = '') {
  const nameOf = (key: string) => prefix + key.replace(/[A-Z]/g, '_$&').toUpperCase()
  const given = Object.keys(schema.shape).map((key) => [key, valueOf(env, nameOf(key))])
  const parsed = schema.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${nameOf(String(path[0] ?? ''))}: ${message}`)
  throw new Error(`These settings stop the start: ${faults.join('; ')}.`)
}

function valueOf(env: Record<string, string | undefined>, name: string): string | undefined {
  const file = env[`${name}_FILE`]
  if (env[name] !== undefined || file === undefined) return env[name] === '' ? undefined : env[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (cause) {
    throw new Error(`${name}_FILE names ${file}, which cannot be read.`, { cause })
  }
}

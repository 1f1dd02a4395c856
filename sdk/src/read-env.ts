import { readFileSync } from 'node:fs'

export type Env = Readonly<Record<string, string | undefined>>

export interface EnvReading {
  /** The text of each setting, by its key. Undefined when the setting is absent, empty, or in `unreadable`. */
  values: Record<string, string | undefined>
  /** One sentence, without its full stop, for each file that a setting names and that cannot be read. */
  unreadable: string[]
}

/** The environment variable of a setting: `fooBarMs` is `FOO_BAR_MS`. */
export const envName = (key: string, prefix = ''): string => prefix + key.replace(/[A-Z]/g, '_$&').toUpperCase()

/**
 * Reads settings from the environment. `fooBar` is the value of FOO_BAR, or the trimmed
 * text of the file that FOO_BAR_FILE names. FOO_BAR wins when both are set, even when
 * it is empty. Never throws: the caller decides what to say about `unreadable`.
 */
export function readEnv(keys: readonly string[], env: Env, prefix = ''): EnvReading {
  const unreadable: string[] = []
  const values = keys.map((key) => [key, readSetting(env, envName(key, prefix), unreadable)])
  return { values: Object.fromEntries(values) as EnvReading['values'], unreadable }
}

function readSetting(env: Env, name: string, unreadable: string[]): string | undefined {
  const file = env[`${name}_FILE`]
  if (env[name] !== undefined || file === undefined) return env[name] === '' ? undefined : env[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    unreadable.push(`${name}_FILE names ${file}, which cannot be read`)
    return undefined
  }
}

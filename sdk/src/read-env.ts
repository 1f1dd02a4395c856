import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { faultWords } from './contract/schema-faults.ts'

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
 * it is empty; an empty FOO_BAR_FILE names no file. Never throws: the caller decides what to say about `unreadable`.
 */
export function readEnv(keys: readonly string[], env: Env, prefix = ''): EnvReading {
  const unreadable: string[] = []
  const values = keys.map((key) => [key, readSetting(env, envName(key, prefix), unreadable)])
  return { values: Object.fromEntries(values) as EnvReading['values'], unreadable }
}

function readSetting(env: Env, name: string, unreadable: string[]): string | undefined {
  const file = env[`${name}_FILE`]
  if (env[name] !== undefined || !file) return env[name] === '' ? undefined : env[name]
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    unreadable.push(`${name}_FILE names ${file}, which cannot be read`)
    return undefined
  }
}

/**
 * What a schema found wrong with settings, each named as its variable: `PUBLIC_URL is missing; PORT must be a number`.
 */
export const settingFaults = ({ issues }: Pick<z.ZodError, 'issues'>, prefix = ''): string =>
  issues.map((issue) => `${envName(String(issue.path[0] ?? ''), prefix)} ${faultWords(issue)}`).join('; ')

/**
 * The settings whose address is http://, which shows tokens and keys to whoever is on the way, and lets them answer in
 * its stead. Looks at every setting and every item of a list, so that a new one cannot be forgotten; `exempt` names
 * those that may be so.
 */
export const unencryptedAddresses = (settings: object, exempt: readonly string[] = []): string[] =>
  Object.entries(settings).flatMap(([key, value]) => (!exempt.includes(key) && [value].flat().some(isUnencrypted) ? [key] : []))

const isUnencrypted = (value: unknown) => typeof value === 'string' && /^http:/i.test(value)

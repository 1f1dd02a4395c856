import { kindOfToken } from '@bir/sdk/contract/token-kind'
import { parseDocument } from 'yaml'

/** What one document of the original Bir MCP holds (docs/decisions/0032-what-the-original-kept.md). */
export interface Original {
  tokens: OriginalToken[]
  /** A level that the person had on a system, as it was written. */
  levels: { system: string; level: string }[]
  /** The tables that could be read over a database connection. */
  tables: { connection: string; allow: string[] }[]
  /** Members that mean nothing here. */
  unknown: string[]
}

export interface OriginalToken {
  /** Such as `gitlab`. */
  system: string
  /** The values by field; under '' where the original had no name for it. */
  fields: Record<string, string>
  /** Why it is not tried. oauth: it ends within hours. connection: here a connection is made of settings. */
  unfit?: 'oauth' | 'connection'
}

type Members = Readonly<Record<string, unknown>>

/** Members that hold the others by system. */
const tokenParts = ['secrets', 'tokens']
const levelParts = ['mcp_configs', 'levels', 'permissions']
const tokenName = /^(.+?)_(?:private_token|access_token|api_token|token|pat|api_key)$/
const loginName = /^(.+)_(username|password)$/
/** Addresses and the like: settings of servers here. */
const settingName = /_url$|^ca_file$|^(?:name|email|id|sub|username)$/
const maxChars = 65_536

/** Reads YAML, or JSON, which is YAML. Undefined: it is neither, or no map. */
export function parseOriginal(text: string, systems?: ReadonlySet<string>): Original | undefined {
  const document = parseDocument(text, { schema: 'core', prettyErrors: false })
  if (document.errors.length > 0) return undefined
  try {
    const value: unknown = document.toJS({ maxAliasCount: 100 })
    return isMembers(value) ? readOriginal(value, systems) : undefined
  } catch {
    return undefined
  }
}

/** Knows the documents of both packages, and the plainer ones: tokens by system. `systems`: names that mean a token. */
export function readOriginal(document: Members, systems: ReadonlySet<string> = new Set()): Original {
  const found: Original = { tokens: [], levels: [], tables: [], unknown: [] }
  for (const [name, value] of Object.entries(document)) {
    if (value === null || value === '') continue
    if (tokenParts.includes(name) && isMembers(value)) for (const entry of Object.entries(value)) takeToken(found, entry, () => true)
    else if (levelParts.includes(name) && isMembers(value)) for (const entry of Object.entries(value)) takeLevel(found, entry)
    else if (name === 'sql_contexts' && Array.isArray(value)) for (const one of value) takeContext(found, one)
    else if (name === 'tables' && isMembers(value))
      for (const [connection, allow] of Object.entries(value)) takeTables(found, connection, allow)
    else if (name === 'sql_connections') found.tokens.push({ system: 'sql', fields: {}, unfit: 'connection' })
    else if (name !== 'gitlab_oauth_token') takeToken(found, [name, value], (system) => systems.has(system))
  }
  return withoutOauth(joined(found), document['gitlab_oauth_token'])
}

/** `isSystem`: whether a name without an ending such as `_token` means a token. */
function takeToken({ tokens, unknown }: Original, [name, value]: [string, unknown], isSystem: (name: string) => boolean): void {
  if (value === null || value === '') return
  if (name === 'sql_url') return void tokens.push({ system: 'sql', fields: {}, unfit: 'connection' })
  if (settingName.test(name)) return
  const [, system] = tokenName.exec(name) ?? []
  const [, loginOf, field] = loginName.exec(name) ?? []
  const text = textOf(value)
  if (system !== undefined && text !== undefined) return void tokens.push({ system, fields: { '': text } })
  if (loginOf !== undefined && field !== undefined && text !== undefined)
    return void tokens.push({ system: loginOf, fields: { [field]: text } })
  if (isSystem(name) && text !== undefined) return void tokens.push({ system: name, fields: { '': text } })
  if (isSystem(name) && isMembers(value)) {
    const fields = Object.entries(value).flatMap(([field, inner]) => {
      const innerText = textOf(inner)
      return innerText === undefined ? [] : [[field, innerText] as const]
    })
    if (fields.length > 0) return void tokens.push({ system: name, fields: Object.fromEntries(fields) })
  }
  unknown.push(shownName(name))
}

function takeLevel({ levels, unknown }: Original, [system, value]: [string, unknown]): void {
  const { permission, level = permission }: Members = isMembers(value) ? value : { level: value }
  if (typeof level === 'string' && /^[a-z]{1,20}$/.test(level)) levels.push({ system, level })
  else unknown.push(shownName(system))
}

function takeContext(found: Original, context: unknown): void {
  if (!isMembers(context)) return
  const { connection_name: connection, name, schema_tables: tables } = context
  takeTables(found, textOf(connection) ?? textOf(name) ?? '', tables)
}

function takeTables({ tables, unknown }: Original, connection: string, allow: unknown): void {
  const names = Array.isArray(allow) ? allow.flatMap((name) => textOf(name) ?? []) : []
  if (connection !== '' && names.length > 0) tables.push({ connection, allow: names })
  else unknown.push('tables')
}

/** `grafana_username` and `grafana_password` are one secret. A token goes before a log-in, as in the original. */
function joined(found: Original): Original {
  const bySystem = new Map<string, OriginalToken>()
  for (const token of found.tokens) {
    const before = bySystem.get(token.system)
    const isWhole = (one: OriginalToken) => '' in one.fields
    if (!before || (isWhole(token) && !isWhole(before))) bySystem.set(token.system, token)
    else if (!isWhole(before) && !before.unfit) bySystem.set(token.system, { ...before, fields: { ...before.fields, ...token.fields } })
  }
  return { ...found, tokens: [...bySystem.values()] }
}

/** The original put the access token of a sign-in at GitLab in the place of the personal one. It ends within hours. */
function withoutOauth(found: Original, oauth: unknown): Original {
  if (!isMembers(oauth)) return found
  const unfit = { system: 'gitlab', fields: {}, unfit: 'oauth' as const }
  const isIt = ({ system, fields }: OriginalToken) => system === 'gitlab' && fields[''] === textOf(oauth['access_token'])
  const hasOwn = found.tokens.some((token) => token.system === 'gitlab' && !isIt(token))
  return { ...found, tokens: [...found.tokens.filter((token) => !isIt(token)), ...(hasOwn ? [] : [unfit])] }
}

const isMembers = (value: unknown): value is Members => typeof value === 'object' && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= maxChars ? value : typeof value === 'number' ? String(value) : undefined

/** Somebody may have written a value where a name belongs. */
const shownName = (name: string) =>
  /^[a-z][a-z_.-]{0,31}$/i.test(name) && kindOfToken(name) === undefined ? name : '(a name that is none)'

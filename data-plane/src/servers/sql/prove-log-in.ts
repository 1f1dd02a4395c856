import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { SecretRef } from '@bir/sdk/contract/secret-ref'
import type { SecretVerdict } from '@bir/sdk/contract/secret-verdict'
import type { ProveOptions } from '../../server-kit/secret/define-secret.ts'
import { isPersonal } from './connection/settings.ts'
import type { ConnectionSettings, SqlSettings } from './connection/settings.ts'
import { clientConfig, loadPg, readLogIn } from './postgres/session/log-in.ts'

interface Role {
  login: string
  isSuperuser: boolean
  /** Rights that no tool needs, in PostgreSQL's words. */
  excess: string[]
  /** In seconds since 1970; null for a password without an end. */
  validUntilS: number | null
}

/** `infinity` counts as no end. */
const roleQuery = `
  select rolname as login, rolsuper as "isSuperuser",
    array_remove(array[case when rolcreaterole then 'CREATEROLE' end, case when rolcreatedb then 'CREATEDB' end,
      case when rolreplication then 'REPLICATION' end, case when rolbypassrls then 'BYPASSRLS' end], null) as excess,
    case when isfinite(rolvaliduntil) then extract(epoch from rolvaliduntil)::float8 end as "validUntilS"
  from pg_roles where rolname = current_user`

const connectMs = 5_000

/** Logs in to every database whose log-in takes these fields, and asks each who that is. */
export async function proveLogIn({ connections }: SqlSettings, fields: SecretFields, options: ProveOptions): Promise<SecretVerdict> {
  let proven: SecretVerdict = { verdict: 'service_error', says: 'No connection of this server takes this log-in.' }
  for (const [name, settings] of provable(connections, Object.keys(fields))) {
    const verdict = await proveOne(name, settings, fields, options)
    if (verdict.verdict !== 'ok') return verdict
    proven = verdict
  }
  return proven
}

/**
 * The connections whose log-in takes fields of these names, and no others of a secret of theirs. The password of a role
 * that all share is such a field, unless people give one by the same name: theirs is tried as theirs alone.
 */
export function provable(connections: SqlSettings['connections'], names: readonly string[]): [string, ConnectionSettings][] {
  const all = Object.entries(connections)
  const ofPeople = new Set(all.flatMap(([, one]) => logInRefs(one).flatMap(({ secret, of }) => (of === 'person' ? [secret] : []))))
  return all.filter(([, one]) => {
    const refs = logInRefs(one)
    if (isPersonal(one)) return refs.every(({ secret, of }) => of !== 'person' || names.includes(secret))
    return refs.some(({ secret }) => names.includes(secret) && !ofPeople.has(secret))
  })
}

const logInRefs = ({ user, password }: ConnectionSettings): SecretRef[] => [
  ...(typeof user === 'string' ? [] : [user]),
  ...(password ? [password] : []),
]

async function proveOne(name: string, settings: ConnectionSettings, fields: SecretFields, options: ProveOptions): Promise<SecretVerdict> {
  try {
    return verdictOn(name, await askRole(settings, fields, options))
  } catch (error) {
    return refusalOf(name, error)
  }
}

async function askRole(settings: ConnectionSettings, fields: SecretFields, { signal, readSecret }: ProveOptions): Promise<Role> {
  const isGiven = (ref: SecretRef) => ref.of === 'person' || (!isPersonal(settings) && fields[ref.secret] !== undefined)
  const logIn = await readLogIn(settings, async (ref) => (isGiven(ref) ? (fields[ref.secret] ?? '') : readSecret(ref)))
  const { Client } = await loadPg()
  const client = new Client({ ...clientConfig(settings, logIn), connectionTimeoutMillis: connectMs, query_timeout: connectMs })
  // Without a listener, an error of a connection that breaks would end the process.
  client.on('error', () => undefined)
  const giveUp = () => void client.end().catch(() => undefined)
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    await client.connect()
    const { rows } = await client.query<Role>(roleQuery)
    const [role] = rows
    if (!role) throw new Error('the database does not know who logged in')
    return role
  } finally {
    signal.removeEventListener('abort', giveUp)
    giveUp()
  }
}

function verdictOn(name: string, { login, isSuperuser, excess, validUntilS }: Role): SecretVerdict {
  if (isSuperuser)
    return {
      verdict: 'wrong_kind',
      says: `The log-in for ${name} is a superuser's, who may do everything. Use a role with the right to read the tables that you need, and no other.`,
    }
  return {
    verdict: 'ok',
    says: `The database of ${name} knows you as ${login}.`,
    owner: { login },
    ...(excess.length > 0 && { excess }),
    ...(validUntilS !== null && { expiresAtMs: Math.round(validUntilS * 1000) }),
  }
}

/** What the error of a log-in says of it (PostgreSQL, appendix A). Nothing of its text is repeated. */
function refusalOf(name: string, error: unknown): SecretVerdict {
  const { code } = error as { code?: unknown }
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('E') ? code : undefined
  if (state === '28P01' || state === '28000')
    return {
      verdict: 'invalid',
      says: `The database of ${name} does not accept this log-in: the name or the password is wrong, or its time is over.`,
    }
  if (state === '3D000' || state === '42501')
    return { verdict: 'insufficient_scope', says: `The log-in is good, and may not use the database of ${name}.`, missing: ['CONNECT'] }
  if (state !== undefined)
    return { verdict: 'service_error', says: `The database of ${name} cannot check a log-in now (${state}). Try again later.` }
  return { verdict: 'unreachable', says: `The database of ${name} cannot be reached. The log-in was not checked: try again later.` }
}

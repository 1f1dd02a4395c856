import type { Api } from '@bir/sdk/contract/api'
import { Level } from '@bir/sdk/contract/level'
import { ServerId } from '@bir/sdk/contract/names'
import type { SecretFields } from '@bir/sdk/contract/secret-holder'
import type { ImportedItem, ImportOutcome, SecretImport } from '@bir/sdk/contract/secret-import'
import type { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { Ctx } from '../../base/context.ts'
import { put } from '../operations/put.ts'
import { needsOfAll } from '../rows/needed.ts'
import type { NeededBy } from '../rows/needed.ts'
import { readSecretRow } from '../rows/rows.ts'
import { fieldsFor } from '../saving/fields.ts'
import { StoreFault } from '../stores/store.ts'
import { parseOriginal } from './original.ts'
import type { OriginalToken } from './original.ts'
import { personOfKey } from './person.ts'
import type { NoPerson, Person } from './person.ts'

type Input = z.output<Api['secrets']['import']['input']>
type Servers = ReadonlyMap<string, NeededBy>

const defaultDocuments = 5

/**
 * Takes over what the original Bir MCP kept of people, some documents a call. Each token is tried as if the person gave
 * it now, and only a good one is saved. Who repeats the import finds what is here already.
 */
export async function importSecrets(ctx: Ctx, { from, cursor, limit = defaultDocuments, dryRun = false }: Input): Promise<SecretImport> {
  const source = ctx.secrets.importFrom?.(from)
  if (!source) throw new ApiError('unavailable', 'This control plane imports nothing.')
  try {
    const keys = await source.keys()
    if (keys.length === 0) throw nothingAt(from)
    const begin = cursor === undefined ? 0 : keys.filter((key) => key <= cursor).length
    const servers = new Map((await needsOfAll(ctx.db, ctx.catalog)).map((needed) => [needed.row.id, needed]))
    const report: SecretImport = { items: [], levels: [], tables: [], documents: keys.length, done: begin, resume: null }
    for (const key of keys.slice(begin, begin + limit)) {
      await takeDocument({ ctx, servers, dryRun, report }, key, await source.read(key))
      report.done += 1
    }
    return { ...report, resume: report.done < keys.length ? (keys[report.done - 1] ?? null) : null }
  } finally {
    source.close()
  }
}

/** Consul answers as if there were nothing where a token may read nothing. */
function nothingAt(from: string): ApiError {
  const [, prefix] = /^consul:\/*(.*)$/.exec(from) ?? []
  const hidden = ` Or the token may not read it, for Consul hides such keys: an import needs key_prefix "${prefix}" { policy = "read" }.`
  return new ApiError('not_found', `Nothing lies at ${from}.${prefix === undefined ? '' : hidden}`)
}

interface Run {
  ctx: Ctx
  servers: Servers
  dryRun: boolean
  report: SecretImport
}

async function takeDocument(run: Run, key: string, text: string | undefined): Promise<void> {
  const { items, levels, tables } = run.report
  const whole = (outcome: ImportOutcome, says: string) => void items.push({ key, system: null, user: null, server: null, outcome, says })
  if (text === undefined) return
  const original = parseOriginal(text, new Set(run.servers.keys()))
  if (!original) return whole('unreadable', 'It is no document of the original: no YAML or JSON with names and values.')
  const person = await personOfKey(run.ctx.db, key)
  if (typeof person === 'string') return whole('no_person', noPersonTexts[person])

  for (const token of original.tokens) {
    const server = serverOf(token.system)
    const { outcome, says } = await takeToken(run, person, token)
    items.push({ key, system: token.system, user: person.handle, server: run.servers.has(server) ? server : null, outcome, says })
  }
  for (const name of original.unknown) whole('unfit', `The member ${name} means nothing here.`)
  for (const { system, level } of original.levels) {
    const { data: known } = Level.safeParse(level)
    const { data: server } = ServerId.safeParse(serverOf(system))
    if (known !== undefined && known !== 'disabled' && server !== undefined) levels.push({ user: person.handle, server, level: known })
  }
  for (const { connection, allow } of original.tables) tables.push({ user: person.handle, server: 'sql', connection, allow })
}

const noPersonTexts: Record<NoPerson, string> = {
  none: 'Nobody here has the name at the end of the key, as subject, e-mail address or handle.',
  ambiguous: 'More than one person has the name at the end of the key: give these secrets by hand.',
  unverified:
    'Somebody here has the address at the end of the key, and no provider or administrator says that it is theirs: let them sign in again, or confirm it by putUser of the API.',
}

/** `service_desk` of the original is a server `service-desk` here. */
const serverOf = (system: string) => system.toLowerCase().replaceAll('_', '-')

type Taken = Pick<ImportedItem, 'outcome' | 'says'>

async function takeToken(run: Run, person: Person, token: OriginalToken): Promise<Taken> {
  if (token.unfit !== undefined) return { outcome: 'unfit', says: unfitTexts[token.unfit] }
  const needed = run.servers.get(serverOf(token.system))
  if (!needed) return { outcome: 'no_server', says: 'There is no such server here. Add it, then import again.' }
  const fields = fieldsOf(needed, token)
  if (!fields) return { outcome: 'no_field', says: 'The secret of this server has other fields: give it by hand.' }

  const { ctx, dryRun } = run
  const server = needed.row.id
  try {
    const stored = await ctx.secrets.store.read({ holder: { kind: 'person', id: person.id }, server })
    const row = await readSecretRow(ctx.db, { kind: 'person', holderId: person.id, server })
    if (stored && row) return isSame(stored.fields, fields) ? { outcome: 'same', says: 'It is here already.' } : keptAnother
    if (dryRun) return { outcome: 'would_try', says: 'It would be tried, and saved if it is good.' }
    const { saved, says, verdict } = await put(ctx, { server, user: person.handle, fields }, { act: 'imported' })
    if (saved) return { outcome: 'imported', says }
    const isOpen = verdict === 'unreachable' || verdict === 'service_error' || verdict === 'rate_limited'
    return { outcome: isOpen ? 'failed' : 'refused', says: `${verdict}: ${says}` }
  } catch (error) {
    // Of others, the text may hold anything.
    if (error instanceof StoreFault) return { outcome: 'failed', says: error.message }
    if (error instanceof ApiError && error.code !== 'internal') return { outcome: 'failed', says: error.message }
    return { outcome: 'failed', says: 'The control plane made a mistake with it. Import again later.' }
  }
}

const unfitTexts = {
  oauth: 'It is the token of a sign-in, which ends within hours: let the person make a personal access token.',
  connection: 'A connection to a database is in the settings of the server sql here, with its password as a secret.',
}

const keptAnother: Taken = { outcome: 'kept', says: 'There is another one here, which stays. Delete it first to take this one over.' }

/** Undefined: nobody can say which field it is. */
function fieldsOf({ need }: NeededBy, { fields }: OriginalToken): SecretFields | undefined {
  const allowed = fieldsFor(need, 'person')
  const required = allowed.filter((field) => field.required)
  const [only] = required.length > 0 ? required : allowed
  const whole = fields['']
  if (whole !== undefined) return only && required.length <= 1 ? { [only.name]: whole } : undefined
  const names = Object.keys(fields)
  const isKnown = names.every((name) => allowed.some((field) => field.name === name))
  return isKnown && required.every(({ name }) => names.includes(name)) ? fields : undefined
}

const isSame = (stored: SecretFields, given: SecretFields) => Object.entries(given).every(([name, value]) => stored[name] === value)

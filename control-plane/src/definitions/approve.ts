import type { Api } from '@bir/sdk/contract/api'
import type { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import { change } from '../base/context.ts'
import type { Ctx } from '../base/context.ts'
import { requireRemoteServer } from './definitions.ts'
import { describeDifferences } from './difference.ts'
import { lastOffered } from './judge.ts'
import type { DefinitionRow } from './judge.ts'
import { readDefinitions, writeDefinitions } from './rows.ts'
import type { StoredDefinition } from './rows.ts'
import { shortHashOf } from './short-hash.ts'

type Input = z.output<Api['servers']['approve']['input']>
type Seen = NonNullable<Input['seen']>

/**
 * Approves definitions after an administrator's review: from now on they are served. Only what the administrator has
 * looked at is approved, which its hash says.
 */
export async function approve(ctx: Ctx, { id, names, seen = {} }: Input) {
  const { value: approved, revision } = await change(ctx, { action: 'servers.approve', target: id }, async (trx) => {
    await requireRemoteServer(trx, id)
    const before = await readDefinitions(trx, id)
    const chosen = chosenDefinitions(ctx, before, { id, names: names ?? Object.keys(seen), seen }).filter(isUndecided)
    if (chosen.length === 0) return { value: [], dirty: 'nothing' }

    const replaced = new Set(chosen.map(({ name }) => name))
    const decision = { state: 'approved', mark: null, reviewed: null, decidedBy: ctx.actor.label } as const
    const after = [...before.filter(({ name }) => !replaced.has(name)), ...chosen.map((row) => ({ ...row, ...decision }))]
    await writeDefinitions(trx, id, { before, after })
    return { value: [...replaced].sort(), dirty: [], detail: chosen.map(({ name, hash }) => `${name} ${hash}`).join('\n') }
  })
  return { revision, approved }
}

const isUndecided = ({ state, mark }: DefinitionRow) => state === 'pending' || mark !== null

interface Choice {
  id: string
  names: readonly string[]
  seen: Seen
}

/** The definitions of these tools as the server offers them now, if they are what the administrator has looked at. */
function chosenDefinitions(ctx: Ctx, rows: readonly StoredDefinition[], { id, names, seen }: Choice): DefinitionRow[] {
  const howTo = `name each tool with the hash that "bir server definitions ${id}" prints for it`
  if (names.length === 0) throw new ApiError('invalid_input', `Only what you have looked at can be approved: ${howTo}.`)
  const offered = new Map(lastOffered(rows).map((row) => [row.name, row]))
  const unknown = names.filter((name) => !offered.has(name))
  if (unknown.length > 0) throw new ApiError('not_found', `The server ${id} offers no tool ${unknown.join(', ')}.`)
  const unseen = names.filter((name) => !Object.hasOwn(seen, name))
  if (unseen.length > 0)
    throw new ApiError('invalid_input', `No hash says that you have looked at ${unseen.join(', ')}: ${howTo}, as in ${unseen[0]}@k3v7abcd.`)

  const chosen = [...new Set(names)].flatMap((name) => offered.get(name) ?? [])
  const outdated = chosen.filter((row) => seen[row.name] !== row.hash && seen[row.name] !== shortHashOf(ctx, id, row))
  if (outdated.length === 0) return chosen
  const changes = outdated.slice(0, maxOutdated).map((row) => describeOutdated(rows, row, seen[row.name], shortHashOf(ctx, id, row)))
  const rest = outdated.length > maxOutdated ? `; and ${outdated.length - maxOutdated} more` : ''
  throw new ApiError(
    'conflict',
    `Nothing was approved: the server does not offer what you have looked at. ${changes.join('; ')}${rest}. ` +
      `Look again ("bir server definitions ${id}"), and approve what you see then.`,
  )
}

const maxOutdated = 5
const maxDifferences = 3

function describeOutdated(rows: readonly StoredDefinition[], now: DefinitionRow, seen: string | undefined, shortHash: string): string {
  const known = rows.filter(({ name, hash }) => name === now.name && hash !== now.hash)
  const earlier = known.find(({ hash }) => hash === seen) ?? known.find(({ state }) => state !== 'pending')
  const reference = earlier?.definition ?? now.reviewed
  if (reference === null) return `${now.name} is ${now.name}@${shortHash} now`
  const differences = describeDifferences(JSON.parse(reference), JSON.parse(now.definition)).slice(0, maxDifferences)
  return `${now.name} is ${now.name}@${shortHash} now, and before: ${differences.join(', ')}`
}

import type { Database } from '@bir/db/schema'
import { withNeeds } from '@bir/sdk/contract/needs'
import { BUCKETS, BUCKETS_PER_INDEX } from '@bir/sdk/contract/snapshot'
import type { ChunkNames, KeysChunk } from '@bir/sdk/contract/snapshot'
import { publishedSettings } from '@bir/sdk/contract/settings'
import type { Transaction } from 'kysely'
import { readRoster } from '../planes/roster.ts'
import { readRevocations } from '../tokens/revoked.ts'
import { readClasses, recordClasses } from '../compile/classes.ts'
import { holdersOf } from '../compile/holders.ts'
import type { Holders } from '../compile/holders.ts'
import { readEndedPersonalTokens, readPersonalTokens } from '../personal-tokens/published.ts'
import { compileBucket, compileClasses } from '../compile/people.ts'
import { compileRevocations, compileServers, compileSettings } from '../compile/compile.ts'
import type { Mountable } from '../compile/compile.ts'
import { fillSlots, readSlots } from './publish-chunks.ts'
import { readBuckets, readEpochsAndKilled, readPolicyRows } from '../policy-rows/read.ts'

/** How many buckets are read and stored at a time. */
const batchSize = 128
const smallSlots = ['servers', 'classes', 'settings', 'revocations', 'keys', 'planes'] as const
const indexSlots = Array.from({ length: BUCKETS / BUCKETS_PER_INDEX }, (_, index) => `index/${index}`)

export interface Inputs {
  mountable: Mountable
  keys: KeysChunk
}

/** Compiles the dirty buckets and all other chunks into the slots. Resolves with the names of the replaced chunks. */
export async function compileInto(trx: Transaction<Database>, inputs: Inputs): Promise<string[]> {
  const rows = await readPolicyRows(trx)
  const holders = holdersOf(rows)
  const replaced = await compileBuckets(trx, holders, await takeDirty(trx))

  const { chunk: classes, profiles } = compileClasses(holders, await readClasses(trx))
  const revocations = { ...(await readRevocations(trx)), ...(await readEpochsAndKilled(trx)) }
  const slots = new Map<string, object | undefined>([
    ...(await slotsUnder(trx, 'profile/')).map((slot) => [slot, undefined] as const),
    ...[...profiles].map(([name, profile]) => [`profile/${name}`, profile] as const),
    ['classes', withNeeds('classes', classes)],
    ['servers', withNeeds('servers', compileServers(rows.servers, inputs.mountable, rows.definitions, rows))],
    ['settings', withNeeds('settings', { settings: publishedSettings(compileSettings(rows.settings).settings) })],
    ['revocations', withNeeds('revocations', compileRevocations(revocations))],
    ['keys', withNeeds('keys', inputs.keys)],
    ['planes', withNeeds('planes', { planes: await readRoster(trx) })],
    ['personalTokens', await personalTokensChunk(trx)],
  ])
  return [...replaced, ...(await fillSlots(trx, slots))]
}

/** The chunk names for the manifest, read from the slots. */
export async function chunkNames(trx: Transaction<Database>): Promise<ChunkNames> {
  const slots = await readSlots(trx, [...smallSlots, 'personalTokens', ...indexSlots])
  const name = (slot: string) => {
    const sha256 = slots.get(slot)
    if (!sha256) throw new Error(`no chunk is in ${slot}`)
    return sha256
  }
  const small = Object.fromEntries(smallSlots.map((slot) => [slot, name(slot)])) as Record<(typeof smallSlots)[number], string>
  const personalTokens = slots.get('personalTokens')
  return { ...small, ...(personalTokens === undefined ? {} : { personalTokens }), principals: indexSlots.map(name) }
}

/** None while nobody has, or had, such a token: planes of the time before `needs` refuse a manifest that names it. */
async function personalTokensChunk(trx: Transaction<Database>): Promise<object | undefined> {
  const [personalTokens, ended] = [await readPersonalTokens(trx), await readEndedPersonalTokens(trx)]
  if (Object.keys({ ...personalTokens, ...ended }).length === 0) return undefined
  return withNeeds('personalTokens', { personalTokens, ...(Object.keys(ended).length === 0 ? {} : { ended }) })
}

/**
 * Deletes the dirty marks and resolves with the buckets to compile. Marks that commit later stay for the next time.
 */
async function takeDirty(trx: Transaction<Database>): Promise<number[]> {
  const marks = await trx.deleteFrom('dirty').returning('part').execute()
  const parts = new Set(marks.map(({ part }) => part))
  const wasPublished = (await readSlots(trx, ['index/0'])).size > 0
  if (!wasPublished || parts.has('all')) return Array.from({ length: BUCKETS }, (_, bucket) => bucket)
  return [...parts].filter((part) => part !== 'policy').map(Number)
}

async function compileBuckets(trx: Transaction<Database>, holders: Holders, buckets: readonly number[]): Promise<string[]> {
  const replaced: string[] = []
  for (let at = 0; at < buckets.length; at += batchSize) {
    replaced.push(...(await compileBatch(trx, holders, buckets.slice(at, at + batchSize))))
  }
  const indexes = [...new Set(buckets.map((bucket) => Math.floor(bucket / BUCKETS_PER_INDEX)))]
  for (const index of indexes) replaced.push(...(await compileIndex(trx, index)))
  return replaced
}

async function compileBatch(trx: Transaction<Database>, holders: Holders, buckets: readonly number[]): Promise<string[]> {
  const people = Map.groupBy(await readBuckets(trx, buckets), ({ bucket }) => bucket)
  const compiled = buckets.map((bucket) => [bucket, compileBucket(holders, people.get(bucket) ?? [])] as const)
  await recordClasses(trx, new Map(compiled.map(([bucket, { classes }]) => [bucket, classes])))
  return fillSlots(trx, new Map(compiled.map(([bucket, { chunk }]) => [`bucket/${bucket}`, chunk])))
}

async function compileIndex(trx: Transaction<Database>, index: number): Promise<string[]> {
  const slots = Array.from({ length: BUCKETS_PER_INDEX }, (_, at) => `bucket/${index * BUCKETS_PER_INDEX + at}`)
  const names = await readSlots(trx, slots)
  const chunk = withNeeds('index', { buckets: slots.map((slot) => names.get(slot) ?? null) })
  return fillSlots(trx, new Map([[`index/${index}`, chunk]]))
}

async function slotsUnder(trx: Transaction<Database>, prefix: string): Promise<string[]> {
  const rows = await trx.selectFrom('chunk_slots').select('slot').where('slot', 'like', `${prefix}%`).execute()
  return rows.map(({ slot }) => slot)
}

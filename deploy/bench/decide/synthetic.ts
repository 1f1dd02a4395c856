import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import type { Level } from '@bir/sdk/contract/level'
import { Settings } from '@bir/sdk/contract/settings'
import { BUCKETS, BUCKETS_PER_INDEX } from '@bir/sdk/contract/snapshot'
import type { Alternative, ChunkNames, ProfileChunk } from '@bir/sdk/contract/snapshot'

const serverCount = 50
const toolsPerServer = 40
const profileCount = 200
const levels = ['read', 'write', 'destroy'] as const satisfies Level[]

export const serverIds = Array.from({ length: serverCount }, (_, at) => `server-${at}`)
export const toolNames = Array.from({ length: toolsPerServer }, (_, at) => `get_thing_${at}`)
export const levelOf = (tool: number): Level => levels[tool % levels.length] ?? 'read'

/** A generator of the same random numbers in every run, so that runs can be compared (xorshift32). */
export function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** Collects the chunks of a policy, by name. */
export class Chunks {
  readonly bytes = new Map<string, Uint8Array>()

  add(chunk: object): string {
    const bytes = Buffer.from(canonical(chunk))
    const name = createHash('sha256').update(bytes).digest('hex')
    this.bytes.set(name, bytes)
    return name
  }
}

export interface Company {
  names: ChunkNames
  /** Ids of some people, to ask about. */
  sample: string[]
}

export interface Size {
  people: number
  /** The number of classes. Several classes can have the same profile. */
  classCount: number
}

/** Makes the chunks of a whole company. */
export function company(chunks: Chunks, size: Size, tokenKey: object): Company {
  const tools = Object.fromEntries(toolNames.map((name, at) => [name, { level: levelOf(at) }]))
  const { buckets, sample } = principals(chunks, size)
  const indexes = Array.from({ length: BUCKETS / BUCKETS_PER_INDEX }, (_, at) =>
    chunks.add({ buckets: buckets.slice(at * BUCKETS_PER_INDEX, (at + 1) * BUCKETS_PER_INDEX) }),
  )
  const names = {
    servers: chunks.add({ servers: Object.fromEntries(serverIds.map((id) => [id, { kind: 'mounted', title: id, settings: {}, tools }])) }),
    classes: classes(chunks, size, false),
    settings: chunks.add({ settings: Settings.parse({}) }),
    revocations: chunks.add({ tokens: [], sessions: [], epochs: {}, killed: [] }),
    keys: chunks.add({ issuer: 'https://control.example.com', tokenKeys: [tokenKey] }),
    planes: chunks.add({ planes: [] }),
    principals: indexes,
  }
  return { names, sample }
}

/** Makes the classes chunk and its profiles. With `changed` one profile has one more grant. */
export function classes(chunks: Chunks, { classCount }: Size, changed: boolean): string {
  const profiles = Array.from({ length: profileCount }, (_, at) => chunks.add(profile(at, changed && at === 0)))
  const entries = Array.from({ length: classCount }, (_, at) => [
    classKey(at),
    { profile: profiles[at % profileCount], groups: [`group-${at % 400}`] },
  ])
  return chunks.add({ classes: Object.fromEntries(entries) })
}

const classKey = (at: number) => at.toString(16).padStart(16, '0')

function profile(at: number, changed: boolean): ProfileChunk {
  const next = numbers(at + 1)
  const grants = serverIds.flatMap((id, server) => {
    if (next() % 4 === 0) return []
    const groups: Alternative[] = [{ level: levels[next() % 3] ?? 'read' }]
    if (next() % 3 === 0) groups.push({ level: 'destroy', allow: toolNames.slice(0, 5), expiresAtMs: 4_000_000_000_000 })
    if (next() % 5 === 0) groups.push({ level: 'read', deny: [toolNames[server % toolsPerServer] ?? ''] })
    return [[id, { groups, ...(next() % 10 === 0 && { user: [{ level: 'write' as const }] }) }] as const]
  })
  const addedGrants = changed ? [['server-0', { user: [{ level: 'destroy' as const }] }] as const] : []
  return { servers: Object.fromEntries([...grants, ...addedGrants]) }
}

function principals(chunks: Chunks, { people, classCount }: Size): { buckets: (string | null)[]; sample: string[] } {
  const next = numbers(7)
  const members = Array.from({ length: BUCKETS }, (): string[] => [])
  const sample: string[] = []
  for (let person = 0; person < people; person++) {
    const hex = idOf(person, next)
    members[Number.parseInt(hex.slice(-3), 16)]?.push(hex)
    if (person % (people / 10_000) === 0) sample.push(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
  }
  return { buckets: members.map((ids) => (ids.length === 0 ? null : bucket(chunks, ids.sort(), classCount, next))), sample }
}

/** A UUIDv7. The people joined over the years. */
function idOf(person: number, next: () => number): string {
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0')
  return `${hex(1_700_000_000_000 + person * 60_000, 12)}7${hex(next() & 0xfff, 3)}${hex(0x8000 | (next() & 0x3fff), 4)}${hex(next() & 0xffff, 4)}${hex(next(), 8)}`
}

function bucket(chunks: Chunks, ids: string[], classCount: number, next: () => number): string {
  const bucketClasses = [...new Set(ids.map(() => next() % classCount))].map(classKey)
  const classOf = Buffer.alloc(ids.length * 2)
  for (let at = 0; at < ids.length; at++) classOf.writeUInt16LE(next() % bucketClasses.length, at * 2)
  const selections = ids.flatMap((_, at) =>
    at % 50 === 0 ? [[String(at), { [serverIds[at % serverCount] ?? '']: { level: 'read' } }] as const] : [],
  )
  return chunks.add({
    ids: Buffer.from(ids.join(''), 'hex').toString('base64'),
    handles: ids.map((id) => `person-${id.slice(-8)}`).join('\n'),
    classes: bucketClasses,
    classOf: classOf.toString('base64'),
    flags: Buffer.alloc(ids.length).toString('base64'),
    selections: Object.fromEntries(selections),
  })
}

import { expect, test } from 'vitest'
import type { z } from 'zod'
import { LATER, MAY_BE_LEFT_OUT, unknownNeeds, withNeeds, wordsOf } from './needs.ts'
import type { LaterMembers, Part } from './needs.ts'
import {
  BucketChunk,
  ClassesChunk,
  IndexChunk,
  KeysChunk,
  Manifest,
  PersonalTokensChunk,
  PlanesChunk,
  ProfileChunk,
  RevocationsChunk,
  ServersChunk,
  SettingsChunk,
} from './snapshot.ts'
import { schemaPaths } from './testing.ts'

const schemas: Record<Part, z.ZodType> = {
  manifest: Manifest,
  servers: ServersChunk,
  classes: ClassesChunk,
  profile: ProfileChunk,
  bucket: BucketChunk,
  index: IndexChunk,
  settings: SettingsChunk,
  revocations: RevocationsChunk,
  keys: KeysChunk,
  planes: PlanesChunk,
  personalTokens: PersonalTokensChunk,
}

const levels = ['disabled', 'read', 'write', 'destroy']
const grant = (tier: string) =>
  ['allow.*', 'deny.*', 'expiresAtMs', ...levels.map((level) => `level=${level}`)].map((member) => `servers.*.${tier}.*.${member}`)

/** What every reader of a snapshot has always known. Never add to it: what is new goes into `LATER`. */
const format1: Record<Part, readonly string[]> = {
  manifest: words(`format=1 revision root atMs chunks.servers chunks.classes chunks.settings chunks.revocations chunks.keys chunks.planes
    chunks.principals.*`),
  servers: words(`servers.*.kind=mounted servers.*.kind=remote servers.*.title servers.*.settings.* servers.*.remote.url
    servers.*.remote.headers.* servers.*.remote.headers.*.secret servers.*.remote.era=auto servers.*.remote.era=legacy
    servers.*.remote.era=2026-07-28 servers.*.remote.trust=off servers.*.remote.trust=warn servers.*.remote.trust=hold
    servers.*.remote.callTimeoutMs servers.*.remote.maxResponseBytes servers.*.remote.privateNetwork
    servers.*.tools.*.labelled=true servers.*.tools.*.hidden=true servers.*.tools.*.definition
    ${levels.map((level) => `servers.*.tools.*.level=${level}`).join(' ')}`),
  classes: words('classes.*.profile classes.*.groups.*'),
  profile: [
    ...['user', 'groups', 'everyone'].flatMap(grant),
    ...words(`servers.*.connections.*.allow.* servers.*.connections.*.deny.* servers.*.connections.*.hide.*.*
      servers.*.connections.*.mask.*.* servers.*.connections.*.maxRows servers.*.connections.*.timeoutMs`),
  ],
  bucket: words(`ids handles classes.* classOf flags selections.*.*.off.*
    ${levels.map((level) => `selections.*.*.level=${level}`).join(' ')}`),
  index: words('buckets.*'),
  settings: words(`settings.ratePerSecond settings.rateBurst settings.callsAtOnce settings.streamsAtOnce settings.callTimeoutMs
    settings.sessionIdleMs settings.truncateChars settings.staleReadMs settings.staleWriteMs settings.staleDestroyMs
    settings.auditDurability=default settings.auditDurability=strict`),
  revocations: words('tokens.* sessions.* epochs.* killed.*'),
  keys: words('issuer tokenKeys.*.kty tokenKeys.*.kid tokenKeys.*.alg'),
  planes: words(`planes.*.id planes.*.name planes.*.internalUrl planes.*.publicKey.kty planes.*.publicKey.kid planes.*.publicKey.alg
    planes.*.publicKey.sealingKey.kty planes.*.publicKey.sealingKey.crv planes.*.publicKey.sealingKey.x`),
  // The part came later, and this is what every reader of it has known since.
  personalTokens: words(`personalTokens.*.id personalTokens.*.subject personalTokens.*.servers.* personalTokens.*.networks.*
    personalTokens.*.expiresAtS`),
}

function words(text: string): string[] {
  return text.split(/\s+/)
}

const parts = Object.keys(schemas) as Part[]

test.for(parts)('every member of the %s is of format 1 or in LATER, so whoever adds one decides whether it may be left out', (part) => {
  const later = Object.keys(LATER[part] ?? {})
  const isLater = (path: string) => later.some((known) => path === known || path.startsWith(`${known}.`) || path.startsWith(`${known}=`))
  const known = schemaPaths(schemas[part])
  expect(known.filter((path) => !isLater(path))).toEqual(format1[part].toSorted())
  const unused = later.filter((path) => !known.some((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}=`)))
  expect(unused.filter((path) => !path.includes('.settings.'))).toEqual([])
})

test('a value that came later has a word: a reader cannot leave out what stands in a known place', () => {
  const members = Object.values(LATER).flatMap((members) => Object.entries(members))
  expect(members.filter(([path, word]) => path.includes('=') && word === MAY_BE_LEFT_OUT)).toEqual([])
})

const later: LaterMembers = {
  profile: { 'servers.*.user.*.conditions': 'conditions', 'servers.*.note': MAY_BE_LEFT_OUT },
  servers: { 'servers.*.remote.era=2024-11-05': 'http-sse', 'servers.*.tools.*.hiddenFrom': 'hiding' },
}

test('a chunk names the words of what it says, sorted and once, and is the same as ever without them', () => {
  const grants = (members: object) => ({ servers: { sql: { user: [{ level: 'read' }, { level: 'write', ...members }] } } })
  expect(withNeeds('profile', grants({ conditions: [] }), later)).toEqual({ ...grants({ conditions: [] }), needs: ['conditions'] })
  expect(withNeeds('profile', { servers: { sql: { note: 'x' } } }, later)).not.toHaveProperty('needs')
  const plain = grants({})
  expect(withNeeds('profile', plain, later)).toBe(plain)

  const things = (era: string, tools: object) => ({ servers: { things: { remote: { era }, tools }, other: { remote: { era }, tools } } })
  expect(withNeeds('servers', things('auto', {}), later)).not.toHaveProperty('needs')
  expect(withNeeds('servers', things('2024-11-05', { get: { hiddenFrom: ['ann'] } }), later)).toHaveProperty('needs', [
    'hiding',
    'http-sse',
  ])
})

test('a reader names every word that it lacks, and knows those of its own vocabulary', () => {
  expect(unknownNeeds({ servers: {} })).toEqual([])
  expect(unknownNeeds({ needs: [] })).toEqual([])
  expect(unknownNeeds({ needs: ['conditions', 'hiding'] })).toEqual(['conditions', 'hiding'])
  expect(unknownNeeds({ needs: ['conditions', 'hiding'] }, wordsOf({ profile: later.profile ?? {} }))).toEqual(['hiding'])
  expect(wordsOf(later)).toEqual(new Set(['conditions', 'http-sse', 'hiding']))
})

test.for([
  ['a text', 'conditions'],
  ['a number', 1],
  ['null', null],
  ['a list of other things', [{}]],
  ['an empty word', ['']],
] as const)('needs that are %s are needs that no reader knows', ([, needs]) => {
  expect(unknownNeeds({ needs })).toEqual(['needs'])
})

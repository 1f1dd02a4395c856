import { EVERYONE_ID, SHARED_ID } from '@bir/db/schema'
import { canonical } from '@bir/sdk/contract/canonical'
import { decide } from '@bir/sdk/contract/decide'
import { BucketChunk, ClassesChunk, ProfileChunk, ServersChunk } from '@bir/sdk/contract/snapshot'
import type { Level } from '@bir/sdk/contract/level'
import { personOf } from '@bir/sdk/contract/policy'
import { subjectOf } from '@bir/sdk/contract/subject'
import { columnFate, mayRead } from '@bir/sdk/contract/tables'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { policyOf } from '../policy/in-memory.ts'
import { aServer } from '../testing.ts'
import { holdersOf } from './holders.ts'
import { compileBucket, compileClasses } from './people.ts'
import { compileServers } from './compile.ts'
import type { GrantRow, PersonRow, PolicyRows, RestrictionRow, SecretFacts } from '../policy-rows/types.ts'

const fixedNowMs = 1_000
const rankOf: Record<Level, number> = { disabled: 0, read: 1, write: 2, destroy: 3 }
const levelNames = ['disabled', 'read', 'write', 'destroy'] as const
const catalog = new Map([aServer('sql', { look: 'read', change: 'write', drop: 'destroy' })].map((one) => [one.id, one]))
const toolNames = ['look', 'change', 'drop', 'absent']

const idOf = (digit: number) => `00000000-0000-7000-8000-00000000000${digit}`
const userIds = [1, 2, 3].map(idOf)
const groupIds = [7, 8].map(idOf)
const holderIds = [
  ...userIds.map((holderId) => ({ kind: 'user' as const, holderId })),
  ...groupIds.map((holderId) => ({ kind: 'group' as const, holderId })),
  { kind: 'everyone' as const, holderId: EVERYONE_ID },
]

const anId = fc.uuid()
const aHolder = fc.constantFrom(...holderIds)
const aLevel = fc.constantFrom(...levelNames)
const someTools = fc.option(fc.subarray(toolNames.slice(0, 3)))
const aGrant: fc.Arbitrary<GrantRow> = fc
  .tuple(
    aHolder,
    fc.record({
      id: anId,
      level: aLevel,
      allow: someTools,
      deny: someTools,
      expiresAtMs: fc.option(fc.constantFrom(fixedNowMs - 1, fixedNowMs, fixedNowMs + 1)),
    }),
  )
  .map(([holder, grant]) => ({ ...holder, ...grant, server: 'sql' }))

const tableNames = ['public.a', 'public.b', 'other.a']
const somePatterns = fc.option(fc.subarray([...tableNames, 'public.*', '*.a', '*.*']))
const someColumns = fc.option(
  fc.dictionary(fc.constantFrom(...tableNames, '*.*'), fc.subarray(['x', 'y'], { minLength: 1 }), { maxKeys: 2 }),
)
const aCap = fc.option(fc.integer({ min: 1, max: 5 }))
const aRestriction: fc.Arbitrary<RestrictionRow> = fc
  .tuple(
    aHolder,
    fc.record({
      id: anId,
      connection: fc.constantFrom('bank', 'shop'),
      allow: somePatterns,
      deny: somePatterns,
      hide: someColumns,
      mask: someColumns,
      maxRows: aCap,
      timeoutMs: aCap,
    }),
  )
  .map(([holder, restriction]) => ({ ...holder, ...restriction, server: 'sql' }))

const secretStates = ['ok', 'unchecked', 'expired', 'invalid', 'insufficient_scope', 'wrong_person', 'moved', 'of another version']
const aSecret = (holder: Pick<SecretFacts, 'kind' | 'holderId'>): fc.Arbitrary<SecretFacts> =>
  fc
    .record({
      server: fc.constantFrom('sql', 'other'),
      version: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      state: fc.constantFrom('ok', ...secretStates),
      level: fc.option(fc.constantFrom('read' as const, 'write' as const, 'destroy' as const)),
      expiresAtMs: fc.option(fc.constantFrom(fixedNowMs, fixedNowMs + 1_000)),
    })
    .map((facts) => ({ ...holder, ...facts }))
const atMostOneAServer = (secrets: SecretFacts[]) =>
  secrets.filter(({ holderId, server }, at) => secrets.findIndex((one) => one.holderId === holderId && one.server === server) === at)
const secretsOf = (holder: Pick<SecretFacts, 'kind' | 'holderId'>) => fc.array(aSecret(holder), { maxLength: 3 }).map(atMostOneAServer)
const holdersOfSecrets = [
  ...groupIds.map((holderId) => ({ kind: 'group' as const, holderId })),
  { kind: 'shared' as const, holderId: SHARED_ID },
]

const aPerson = (id: string): fc.Arbitrary<PersonRow> =>
  fc.record({
    id: fc.constant(id),
    handle: fc.constant(`person-${id.at(-1)}`),
    bucket: fc.constant(Number.parseInt(id.slice(-3), 16)),
    disabled: fc.boolean(),
    groups: fc.subarray(groupIds),
    selections: fc.oneof(
      fc.constant({}),
      fc.record({ level: aLevel, off: fc.subarray(toolNames.slice(0, 3)) }, { requiredKeys: [] }).map((sql) => ({ sql })),
    ),
    secrets: secretsOf({ kind: 'person', holderId: id }),
  })

const somePolicy: fc.Arbitrary<PolicyRows> = fc.record({
  servers: fc
    .record({
      killed: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      labels: fc.dictionary(
        fc.constantFrom('look', 'change', 'absent'),
        fc.record({ level: fc.constantFrom('read', 'write', 'destroy'), hidden: fc.boolean() }, { requiredKeys: [] }),
        { maxKeys: 2 },
      ),
      settings: fc.constantFrom({}, { password: { secret: 'password' } }, { password: { secret: 'password', of: 'person' } }),
      secret: fc.option(fc.record({ from: fc.shuffledSubarray(['person', 'group', 'shared'], { minLength: 1 }) })),
    })
    .map((server) => [{ id: 'sql', kind: 'mounted' as const, title: null, ...server }]),
  groups: fc.constant(groupIds.map((id) => ({ id, handle: `group-${id.at(-1)}`, title: null }))),
  grants: fc.array(aGrant, { maxLength: 6 }),
  restrictions: fc.array(aRestriction, { maxLength: 6 }),
  settings: fc.constant({}),
  secrets: fc.tuple(...holdersOfSecrets.map(secretsOf)).map((each) => each.flat()),
}) as fc.Arbitrary<PolicyRows>

/** Decides directly from the rows, without compiling: the reference for the compiled policy. */
function naive(rows: PolicyRows, person: PersonRow, tool: string): Level | 'no' {
  const { servers, grants } = rows
  const [server] = servers
  if (!server || person.disabled || server.killed) return 'no'
  const declared = catalog.get('sql')?.tools.get(tool)?.level
  if (!declared || server.labels[tool]?.hidden) return 'no'
  const needed = rankOf[server.labels[tool]?.level ?? declared]

  const mine = grants.filter(
    ({ kind, holderId }) =>
      kind === 'everyone' || (kind === 'user' && holderId === person.id) || (kind === 'group' && person.groups.includes(holderId)),
  )
  const live = mine.filter(({ expiresAtMs }) => expiresAtMs === null || fixedNowMs < expiresAtMs)
  const tiers = (['user', 'group', 'everyone'] as const).map((kind) => live.filter((grant) => grant.kind === kind))
  const tier = tiers.find((of) => of.length > 0) ?? []

  if (tier.some(({ kind, level }) => kind === 'user' && level === 'disabled')) return 'no'
  if (tier.some(({ deny }) => deny?.includes(tool))) return 'no'
  const granted = tier.filter(({ allow }) => allow === null || allow.includes(tool)).map(({ level }) => rankOf[level])
  const ceiling = Math.max(0, ...granted)

  const chosen = person.selections.sql
  if (chosen?.off?.includes(tool)) return 'no'
  const effective = Math.min(ceiling, chosen?.level === undefined ? Infinity : rankOf[chosen.level])
  const covered = Math.min(effective, coveredBySecret(rows, person))
  return covered === 0 || covered < needed ? 'no' : (levelNames[covered] ?? 'no')
}

/** The level that the secret covers which a call would be made with; 0 where there is none that is good. */
function coveredBySecret({ servers, secrets, groups }: PolicyRows, person: PersonRow): number {
  const [server] = servers
  if (!JSON.stringify(server?.settings).includes('"of":"person"')) return Infinity
  const ofGroups = groups.filter(({ id }) => person.groups.includes(id)).map(({ id }) => id)
  const candidates = (server?.secret?.from ?? ['person', 'group', 'shared']).map((kind) => {
    if (kind === 'person') return person.secrets.find((one) => one.server === 'sql')
    const ids = kind === 'group' ? ofGroups : [SHARED_ID]
    return ids.map((id) => secrets.find(({ holderId, server }) => holderId === id && server === 'sql')).find((one) => one !== undefined)
  })
  const used = candidates.find((one) => one !== undefined)
  if (!used || (used.state !== 'ok' && used.state !== 'unchecked')) return 0
  return used.expiresAtMs !== null && fixedNowMs >= used.expiresAtMs ? 0 : rankOf[used.level ?? 'destroy']
}

test('for any rows, decisions on the compiled policy equal decisions on the rows themselves', () => {
  const everybody = fc.tuple(...userIds.map(aPerson))
  fc.assert(
    fc.property(somePolicy, everybody, (rows, people) => {
      const policy = policyOf(rows, people, catalog)
      for (const person of people) {
        for (const tool of toolNames) {
          const verdict = decide(policy, { subject: subject(person.id), server: 'sql', tool, nowMs: fixedNowMs })
          expect(verdict.allow ? verdict.level : 'no').toBe(naive(rows, person, tool))
        }
      }
    }),
    { numRuns: 1_000 },
  )
})

test('for any rows, a table may be read if a holder allows it and none denies it, and the strictest limit and visibility win', () => {
  fc.assert(
    fc.property(somePolicy, aPerson(userIds[0] ?? ''), (rows, person) => {
      const policy = policyOf(rows, [person], catalog)
      const connections = personOf(policy, subject(person.id))?.grants.get('sql')?.connections ?? {}
      for (const connection of ['bank', 'shop']) {
        const mine = rows.restrictions.filter(
          (row) => row.connection === connection && [person.id, ...person.groups, EVERYONE_ID].includes(row.holderId),
        )
        const rules = connections[connection]
        if (!mine.some(({ allow }) => allow && allow.length > 0)) {
          expect(rules).toBeUndefined()
          continue
        }
        if (!rules) throw new Error(`${connection} is missing`)
        expect(rules.maxRows).toBe(lowest(mine.map(({ maxRows }) => maxRows)))
        expect(rules.timeoutMs).toBe(lowest(mine.map(({ timeoutMs }) => timeoutMs)))
        for (const table of tableNames) {
          const id = { schema: table.split('.')[0] ?? '', table: table.split('.')[1] ?? '' }
          const named = (patterns: string[] | null) => patterns?.some((pattern) => fits(pattern, table)) === true
          expect(mayRead(rules, id)).toBe(mine.some(({ allow }) => named(allow)) && !mine.some(({ deny }) => named(deny)))
          const says = (of: Record<string, string[]> | null) =>
            Object.entries(of ?? {}).some(([pattern, names]) => fits(pattern, table) && names.includes('x'))
          const fate = mine.some(({ hide }) => says(hide)) ? 'hidden' : mine.some(({ mask }) => says(mask)) ? 'masked' : 'plain'
          expect(columnFate(rules, id, 'x')).toBe(fate)
        }
      }
    }),
    { numRuns: 500 },
  )
})

test('the bytes do not depend on the order of rows, and chunks match the contract', () => {
  const everybody = fc.tuple(...userIds.map(aPerson))
  fc.assert(
    fc.property(somePolicy, everybody, (rows, people) => {
      const bytes = (rows: PolicyRows, people: PersonRow[]) => {
        const holders = holdersOf(rows)
        const bucket = compileBucket(holders, people)
        const { chunk, profiles } = compileClasses(holders, bucket.classes)
        BucketChunk.parse(bucket.chunk)
        ClassesChunk.parse(chunk)
        for (const profile of profiles.values()) expect(ProfileChunk.parse(profile)).toEqual(profile)
        const servers = ServersChunk.parse(compileServers(rows.servers, catalog, [], rows))
        return canonical([bucket.chunk, chunk, [...profiles].sort(([a], [b]) => (a < b ? -1 : 1)), servers])
      }
      const turned = {
        ...rows,
        grants: rows.grants.toReversed(),
        restrictions: rows.restrictions.toReversed(),
        secrets: rows.secrets.toReversed(),
      }
      expect(bytes(turned, people.toReversed())).toBe(bytes(rows, people))
    }),
    { numRuns: 200 },
  )
})

test('a grant to a group changes one profile and no bucket of its members', () => {
  const member = {
    id: userIds[0] ?? '',
    handle: 'ann',
    bucket: 1,
    disabled: false,
    groups: [groupIds[0] ?? ''],
    selections: {},
    secrets: [],
  }
  const grant = (level: Level): GrantRow => ({
    id: idOf(9),
    kind: 'group',
    holderId: groupIds[0] ?? '',
    server: 'sql',
    level,
    allow: null,
    deny: null,
    expiresAtMs: null,
  })
  const compiled = (level: Level) => {
    const holders = holdersOf({
      groups: [{ id: groupIds[0] ?? '', handle: 'staff', title: null }],
      grants: [grant(level)],
      restrictions: [],
      secrets: [],
    })
    const { chunk, classes } = compileBucket(holders, [member])
    return { bucket: canonical(chunk), classes: compileClasses(holders, classes) }
  }
  const [before, after] = [compiled('read'), compiled('write')]
  expect(after.bucket).toBe(before.bucket)
  expect(Object.keys(after.classes.chunk.classes)).toEqual(Object.keys(before.classes.chunk.classes))
  expect(Object.values(after.classes.chunk.classes)).toEqual([{ profile: expect.stringMatching(/^[0-9a-f]{64}$/), groups: ['staff'] }])
  expect([...after.classes.profiles.keys()]).not.toEqual([...before.classes.profiles.keys()])
})

test('a person whose groups hold nothing is in the class of people who hold nothing', () => {
  const person = (at: number, groups: string[]): PersonRow => ({
    id: userIds[at] ?? '',
    handle: `p${at}`,
    bucket: at,
    disabled: false,
    groups,
    selections: {},
    secrets: [],
  })
  const { classes } = compileBucket(holdersOf({ groups: [], grants: [], restrictions: [], secrets: [] }), [
    person(0, groupIds),
    person(1, []),
  ])
  expect(classes).toEqual([{ key: 'e3b0c44298fc1c14', holders: [] }])
})

test('a label is compiled as a label, even if it equals the declared level', () => {
  const [server] = [{ id: 'sql', kind: 'mounted' as const, title: 'Bank', settings: {}, killed: false, secret: null }]
  const labels = { look: { level: 'write' as const }, change: { hidden: true }, drop: { level: 'destroy' as const } }
  expect(compileServers([{ ...server, labels }], catalog)).toEqual({
    servers: {
      sql: {
        kind: 'mounted',
        title: 'Bank',
        settings: {},
        tools: {
          look: { level: 'write', labelled: true },
          change: { level: 'write', hidden: true },
          drop: { level: 'destroy', labelled: true },
        },
      },
    },
  })
})

test('a server this version cannot mount has no tools', () => {
  const row = { id: 'gone', kind: 'mounted' as const, title: null, settings: {}, labels: {}, killed: false, secret: null }
  expect(compileServers([row], catalog).servers.gone).toEqual({ kind: 'mounted', title: 'gone', settings: {}, tools: {} })
})

test('approved tools of a remote server are compiled with their hash, and the inferred or labelled level', () => {
  const row = {
    id: 'everything',
    kind: 'remote' as const,
    title: null,
    settings: { url: 'https://tools.example.com/mcp' },
    killed: false,
    secret: null,
  }
  const labels = { wipe: { level: 'read' as const }, echo: { hidden: true }, absent: { level: 'write' as const } }
  const fact = { server: 'everything', readOnly: null, destructive: null, state: 'approved' as const, mark: null }
  const definitions = [
    { ...fact, name: 'echo', hash: 'a'.repeat(64) },
    { ...fact, name: 'wipe', hash: 'b'.repeat(64) },
    { ...fact, name: 'frobnicate', hash: 'c'.repeat(64), destructive: false },
    { ...fact, name: 'held', hash: 'd'.repeat(64), state: 'pending' as const },
    { ...fact, name: 'gone', hash: 'e'.repeat(64), state: 'retired' as const },
    { ...fact, server: 'other', name: 'echo', hash: 'f'.repeat(64) },
  ]
  const compiled = ServersChunk.parse(compileServers([{ ...row, labels }], catalog, definitions))
  expect(compiled.servers.everything).toMatchObject({
    kind: 'remote',
    title: 'everything',
    remote: { url: row.settings.url, trust: 'warn' },
  })
  expect(compiled.servers.everything?.tools).toEqual({
    echo: { level: 'read', hidden: true, definition: 'a'.repeat(64) },
    wipe: { level: 'read', labelled: true, definition: 'b'.repeat(64) },
    frobnicate: { level: 'write', definition: 'c'.repeat(64) },
  })
  expect(compileServers([{ ...row, labels }], catalog, [...definitions].reverse())).toEqual(compiled)
})

function subject(id: string) {
  const subject = subjectOf(id)
  if (!subject) throw new Error(`${id} is no id`)
  return subject
}

function lowest(caps: (number | null)[]): number | undefined {
  const given = caps.filter((cap) => cap !== null)
  return given.length === 0 ? undefined : Math.min(...given)
}

const fits = (pattern: string, table: string) =>
  new RegExp(`^${pattern.replace('.', String.raw`\.`).replaceAll('*', '[a-z]+')}$`).test(table)

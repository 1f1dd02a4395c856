import { writeSecretColumn } from '@bir/sdk/contract/bucket-secrets'
import type { Policy } from '@bir/sdk/contract/policy'
import { readPolicy } from '@bir/sdk/contract/read-policy'
import { Settings } from '@bir/sdk/contract/settings'
import type {
  EndedPersonalToken,
  PersonalTokenEntry,
  PlanesChunk,
  PublicJwk,
  Selection,
  SecretEntry,
  ServerEntry,
  ServerGrants,
} from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'

export const ISSUER = 'http://control.test'

export const ALICE = '01980000-0000-7000-8000-00000000a11c'
export const DAVE = '01980000-0000-7000-8000-0000000da7e0'

const nobody = '0'.repeat(16)
const sha = 'a'.repeat(64)

export interface PolicyParts {
  revision?: number
  servers?: Record<string, ServerEntry>
  /** Everything alice holds. Dave holds nothing, unless told otherwise. */
  grants?: Record<string, ServerGrants>
  daves?: Record<string, ServerGrants>
  settings?: Partial<Settings>
  tokenKeys?: PublicJwk[]
  revoked?: Partial<{ tokens: string[]; sessions: string[]; epochs: Record<string, number>; killed: string[] }>
  disabled?: string[]
  /** What alice chose for herself, by server. */
  selection?: Record<string, Selection>
  /** What the policy says of people's own secrets: by person, then by server. */
  secrets?: Record<string, Record<string, SecretEntry>>
  planes?: PlanesChunk['planes']
  personalTokens?: Record<string, PersonalTokenEntry>
  endedPersonalTokens?: Record<string, EndedPersonalToken>
}

/** A policy of two people: alice of the analysts, and dave. */
export function aPolicy({
  revision = 1,
  servers = {},
  grants = {},
  daves = {},
  settings = {},
  tokenKeys = [],
  revoked = {},
  disabled = [],
  selection,
  secrets = {},
  planes = [],
  personalTokens = {},
  endedPersonalTokens = {},
}: PolicyParts = {}): Policy {
  const people = [
    { id: ALICE, handle: 'alice', classKey: 'a'.repeat(16) },
    { id: DAVE, handle: 'dave', classKey: nobody },
  ]
  return readPolicy({
    revision,
    root: sha,
    servers: { servers },
    serversChunk: sha,
    classes: { classes: { ['a'.repeat(16)]: { profile: sha, groups: ['analysts'] }, [nobody]: { profile: 'b'.repeat(64), groups: [] } } },
    profiles: new Map([
      [sha, { servers: grants }],
      ['b'.repeat(64), { servers: daves }],
    ]),
    buckets: people.reduce<(ReturnType<typeof bucketOf> | undefined)[]>((buckets, person) => {
      buckets[subjectOf(person.id)?.bucket ?? 0] = bucketOf(
        person,
        disabled.includes(person.handle),
        person.id === ALICE ? selection : undefined,
        secrets[person.id],
      )
      return buckets
    }, []),
    settings: { settings: Settings.parse(settings) },
    revocations: { tokens: [], sessions: [], epochs: {}, killed: [], ...revoked },
    keys: { issuer: ISSUER, tokenKeys },
    planes: { planes },
    personalTokens: { personalTokens, ended: endedPersonalTokens },
  })
}

const bucketOf = (
  { id, handle, classKey }: { id: string; handle: string; classKey: string },
  disabled: boolean,
  selection: Record<string, Selection> | undefined,
  secrets: Record<string, SecretEntry> = {},
) => ({
  ...secretColumns(secrets),
  ...(selection && { selections: { '0': selection } }),
  ids: Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64'),
  handles: handle,
  classes: [classKey],
  classOf: Buffer.from([0, 0]).toString('base64'),
  flags: Buffer.from([disabled ? 1 : 0]).toString('base64'),
})

function secretColumns(secrets: Record<string, SecretEntry>) {
  const rows = Object.entries(secrets).map(([server, entry]) => ({ ...entry, server, position: 0 }))
  if (rows.length === 0) return {}
  const { secretServers, secrets: column } = writeSecretColumn(rows)
  return { secretServers, secrets: Buffer.from(column).toString('base64') }
}

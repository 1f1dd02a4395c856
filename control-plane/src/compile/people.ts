import { createHash } from 'node:crypto'
import { canonical } from '@bir/sdk/contract/canonical'
import { withNeeds } from '@bir/sdk/contract/needs'
import { writeSecretColumn } from '@bir/sdk/contract/bucket-secrets'
import type { SecretRow } from '@bir/sdk/contract/bucket-secrets'
import { DISABLED_FLAG } from '@bir/sdk/contract/snapshot'
import type { BucketChunk, ClassesChunk, ProfileChunk } from '@bir/sdk/contract/snapshot'
import { classOf } from './holders.ts'
import type { Class, Holders } from './holders.ts'
import { compileProfile } from './profile.ts'
import { secretEntry } from './secrets.ts'
import type { PersonRow } from '../policy-rows/types.ts'

/** Compiles the people of one bucket into columns, and returns their classes. Without people there is no chunk. */
export function compileBucket(holders: Holders, people: readonly PersonRow[]): { chunk: BucketChunk | undefined; classes: Class[] } {
  if (people.length === 0) return { chunk: undefined, classes: [] }
  const sorted = people.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const personClasses = sorted.map((person) => classOf(holders, person))
  const classes = [...new Map(personClasses.map((personClass) => [personClass.key, personClass])).values()].sort((a, b) =>
    a.key < b.key ? -1 : 1,
  )
  const position = new Map(classes.map(({ key }, at) => [key, at]))

  const classColumn = Buffer.alloc(sorted.length * 2)
  personClasses.forEach(({ key }, at) => classColumn.writeUInt16LE(position.get(key) ?? 0, at * 2))
  const selections = sorted.flatMap(({ selections }, at) =>
    Object.keys(selections).length === 0 ? [] : [[String(at), selections] as const],
  )
  const secrets = sorted.flatMap((person, position) =>
    person.secrets.map((facts) => ({ ...secretEntry(facts), position, server: facts.server })),
  )

  const chunk: BucketChunk = {
    ids: Buffer.from(sorted.map(({ id }) => id.replaceAll('-', '')).join(''), 'hex').toString('base64'),
    handles: sorted.map(({ handle }) => handle).join('\n'),
    classes: classes.map(({ key }) => key),
    classOf: classColumn.toString('base64'),
    flags: Buffer.from(sorted.map(({ disabled }) => (disabled ? DISABLED_FLAG : 0))).toString('base64'),
    ...(selections.length === 0 ? {} : { selections: Object.fromEntries(selections) }),
    ...(secrets.length === 0 ? {} : secretColumns(secrets)),
  }
  return { chunk: withNeeds('bucket', chunk), classes }
}

function secretColumns(rows: readonly SecretRow[]): Pick<BucketChunk, 'secretServers' | 'secrets'> {
  const { secretServers, secrets } = writeSecretColumn(rows)
  return { secretServers, secrets: Buffer.from(secrets).toString('base64') }
}

/**
 * Maps each class to a profile. Classes with equal content share a profile, which is named by the hash of its bytes.
 */
export function compileClasses(holders: Holders, classes: readonly Class[]): { chunk: ClassesChunk; profiles: Map<string, ProfileChunk> } {
  const profiles = new Map<string, ProfileChunk>()
  const entries = classes.map(({ key, holders: ids }) => {
    const profile = withNeeds('profile', compileProfile(holders, ids))
    const name = createHash('sha256').update(canonical(profile)).digest('hex')
    profiles.set(name, profile)
    const groups = ids.flatMap((id) => holders.groupHandles.get(id) ?? []).sort()
    return [key, { profile: name, groups }] as const
  })
  return { chunk: { classes: Object.fromEntries(entries) }, profiles }
}

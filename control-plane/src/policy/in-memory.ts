import { readPolicy } from '@bir/sdk/contract/read-policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { BucketChunk } from '@bir/sdk/contract/snapshot'
import { compileRevocations, compileServers, compileSettings } from '../compile/compile.ts'
import type { Mountable } from '../compile/compile.ts'
import { holdersOf } from '../compile/holders.ts'
import type { Class } from '../compile/holders.ts'
import { compileBucket, compileClasses } from '../compile/people.ts'
import type { PersonRow, PolicyRows } from '../policy-rows/types.ts'

/**
 * Compiles rows for some people and reads the result as a data plane does. So `explain` and `plan` ask the same
 * policy that the data planes enforce.
 */
export function policyOf(rows: PolicyRows, people: readonly PersonRow[], catalog: Mountable): Policy {
  const holders = holdersOf(rows)
  const buckets: (BucketChunk | undefined)[] = []
  const classes = new Map<string, Class>()
  for (const [bucket, bucketPeople] of Map.groupBy(people, ({ bucket }) => bucket)) {
    const compiled = compileBucket(holders, bucketPeople)
    buckets[bucket] = compiled.chunk
    for (const personClass of compiled.classes) classes.set(personClass.key, personClass)
  }
  const { chunk, profiles } = compileClasses(holders, [...classes.values()])
  const killed = rows.servers.filter((server) => server.killed).map(({ id }) => id)
  return readPolicy({
    revision: 0,
    root: '',
    servers: compileServers(rows.servers, catalog, rows.definitions, rows),
    serversChunk: '',
    classes: chunk,
    profiles,
    buckets,
    settings: compileSettings(rows.settings),
    revocations: compileRevocations({ tokens: [], sessions: [], epochs: {}, killed }),
    keys: { issuer: '', tokenKeys: [] },
    planes: { planes: [] },
  })
}

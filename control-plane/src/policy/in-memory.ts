import { readPolicy } from '@bir/sdk/contract/read-policy'
import type { Policy } from '@bir/sdk/contract/policy'
import type { BucketChunk } from '@bir/sdk/contract/snapshot'
import { compileRevocations, compileServers, compileSettings } from '../compile/compile.ts'
import type { Mountable } from '../compile/compile.ts'
import { holdersOf } from '../compile/holders.ts'
import type { Class } from '../compile/holders.ts'
import { compileBucket, compileClasses } from '../compile/people.ts'
import type { PersonRow, PolicyRows } from '../policy-rows/types.ts'

/** Rows compiled and read back as a data plane does, for some people: what explains and predicts asks the policy that enforces. */
export function policyOf(rows: PolicyRows, people: readonly PersonRow[], catalog: Mountable): Policy {
  const holders = holdersOf(rows)
  const buckets: (BucketChunk | undefined)[] = []
  const classes = new Map<string, Class>()
  for (const [bucket, of] of Map.groupBy(people, ({ bucket }) => bucket)) {
    const compiled = compileBucket(holders, of)
    buckets[bucket] = compiled.chunk
    for (const one of compiled.classes) classes.set(one.key, one)
  }
  const { chunk, profiles } = compileClasses(holders, [...classes.values()])
  const killed = rows.servers.filter((server) => server.killed).map(({ id }) => id)
  return readPolicy({
    revision: 0,
    root: '',
    servers: compileServers(rows.servers, catalog, rows.definitions),
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

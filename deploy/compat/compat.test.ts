import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { laterMigrations, migrate } from '@bir/db/migrate'
import { testDb } from '@bir/db/testing'
import { createClient } from '@bir/sdk'
import { faultOf } from '@bir/sdk/chain'
import { AuditRecord, FIRST_PREV } from '@bir/sdk/contract/audit'
import { decide } from '@bir/sdk/contract/decide'
import type { Policy } from '@bir/sdk/contract/policy'
import { PublicJwk } from '@bir/sdk/contract/snapshot'
import { subjectOf } from '@bir/sdk/contract/subject'
import { createOperator, OperatorKey } from '@bir/sdk/operator'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { readConfig } from '../../control-plane/src/config.ts'
import { startControlPlane } from '../../control-plane/src/start.ts'
import { recover } from '../../data-plane/src/audit/segments.ts'
import { postJoin } from '../../data-plane/src/control/client.ts'
import { acceptJoin, joinRequest, newKeys } from '../../data-plane/src/control/identity.ts'
import { assemble, nothingParsed } from '../../data-plane/src/policy/reading/assemble.ts'
import { gather } from '../../data-plane/src/policy/reading/chunks.ts'
import type { FetchChunk } from '../../data-plane/src/policy/reading/chunks.ts'
import { verifyManifest } from '../../data-plane/src/policy/verify-manifest.ts'
import { TimeSlice } from '../../data-plane/src/runtime/time-slice.ts'
import { Dump, loadTables } from './load-tables.ts'

/* Today's code reads what every release left behind. `make.ts` wrote it, and it is never changed. */

const here = new URL('./', import.meta.url)
const releases = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

const textOf = (release: string, file: string) => readFileSync(new URL(`${release}/${file}`, here), 'utf8')
const read = <T>(release: string, file: string, schema: z.ZodType<T>): T => schema.parse(JSON.parse(textOf(release, file)))

const Snapshot = z.object({ manifestKey: PublicJwk, manifest: z.string(), chunks: z.record(z.string(), z.string()) })
const Chains = z.object({ plane: z.string(), publicKey: PublicJwk, control: z.object({ plane: z.string(), publicKey: PublicJwk }) })
/** A person, a server, a tool, and the level that the person has there or the reason why they may not call it. */
const Verdicts = z.array(z.tuple([z.string(), z.string(), z.string(), z.string()]))

async function policyOf(manifest: string, key: PublicJwk, fetch: FetchChunk): Promise<Policy> {
  const { value } = await verifyManifest(manifest, key)
  const slice = new TimeSlice()
  const gathered = await gather(value, { bytes: new Map(), indexes: new Map() }, fetch, slice)
  return (await assemble(value, gathered, nothingParsed(), slice)).policy
}

function policyOfRelease(release: string): Promise<Policy> {
  const { manifest, manifestKey, chunks } = read(release, 'snapshot.json', Snapshot)
  return policyOf(manifest, manifestKey, async (name) => Buffer.from(chunks[name] ?? ''))
}

/** What the policy says of the same questions, in the same form. */
function decided(release: string, policy: Policy): z.infer<typeof Verdicts> {
  const ids = new Map(read(release, 'tables.json', Dump).tables['users']?.map(({ handle, id }) => [handle, String(id)]))
  return read(release, 'verdicts.json', Verdicts).map(([user, server, tool]) => {
    const subject = subjectOf(ids.get(user) ?? '')
    if (!subject) throw new Error(`${user} is not in the tables`)
    const verdict = decide(policy, { subject, server, tool, nowMs: Date.now() })
    return [user, server, tool, verdict.allow ? verdict.level : verdict.reason]
  })
}

test('there is something of a release to read', () => {
  expect(releases.length).toBeGreaterThan(0)
})

test.for(releases)('the snapshot of %s is verified and read, and decides as it did', async (release) => {
  expect(decided(release, await policyOfRelease(release))).toEqual(read(release, 'verdicts.json', Verdicts))
})

test.for(releases)('the spool of %s is continued, and its signatures are right', (release) => {
  const dir = mkdtempSync(joinPath(tmpdir(), 'bir-compat-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  copyFileSync(new URL(`${release}/spool.ndjson`, here), joinPath(dir, '0000000000000001.ndjson'))
  const records = textOf(release, 'spool.ndjson').trimEnd().split('\n')
  const { plane, publicKey } = read(release, 'chain.json', Chains)
  let head = { seq: 0, hash: FIRST_PREV }
  for (const line of records) {
    const record = AuditRecord.parse(JSON.parse(line))
    expect(faultOf(head, record, createPublicKey({ key: publicKey, format: 'jwk' }))).toBeUndefined()
    expect(record.header.plane).toBe(plane)
    head = { seq: record.header.seq, hash: record.hash }
  }
  expect(recover(dir).head).toEqual(head)
})

/** Today's control plane on the tables of a release. */
async function aControlPlaneOn(release: string) {
  const made = await testDb({ migrated: false })
  const home = mkdtempSync(joinPath(tmpdir(), 'bir-compat-'))
  const dump = read(release, 'tables.json', Dump)
  const known = Object.entries(laterMigrations).filter(([name]) => dump.migrations.includes(name))
  await migrate(made.db, Object.fromEntries(known))
  await loadTables(made.url, dump)
  const key = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  const issuer = 'http://control.test'
  const running = await startControlPlane(
    readConfig({
      PORT: '0',
      PUBLIC_URL: issuer,
      MCP_URL: 'http://mcp.test',
      DATABASE_URL: made.url,
      HOME_DIR: home,
      JOIN_FILE: joinPath(home, 'join'),
      OPERATOR_KEY: JSON.stringify(key),
      DRAIN_MS: '1000',
    }),
    () => undefined,
  )
  const operator = await createOperator(OperatorKey.parse(key), { issuer, osUser: 'tester' })
  const api = createClient({ url: running.url, token: () => operator.signAssertion() })
  const close = async () => {
    await running.close()
    await made.drop()
    rmSync(home, { recursive: true })
  }
  /** A new plane joins, and is told the key that verifies manifests. */
  const join = async () => {
    const [secret = '', fingerprint = ''] = readFileSync(joinPath(home, 'join'), 'utf8').trim().split('#')[1]?.split('.') ?? []
    const keys = newKeys()
    const answer = await postJoin(running.url, await joinRequest({ secret, name: 'compat' }, keys))
    return acceptJoin(answer, running.url, fingerprint, keys).manifestKey
  }
  return { api, db: made.db, join, [Symbol.asyncDispose]: close }
}

test.for(releases)('the tables of %s are migrated, and give the same policy and the same audit', async (release) => {
  await using control = await aControlPlaneOn(release)
  const { api, db } = control
  const manifestKey = await control.join()
  const { manifest } = await db.selectFrom('revisions').select('manifest').orderBy('revision', 'desc').limit(1).executeTakeFirstOrThrow()
  const policy = await policyOf(manifest, manifestKey, async (name) => {
    const { bytes } = await db.selectFrom('chunks').select('bytes').where('sha256', '=', name).executeTakeFirstOrThrow()
    return bytes
  })
  const before = await policyOfRelease(release)
  expect(policy.revision).toBeGreaterThan(before.revision)

  // The tools of a server in the gateway are those of today's code.
  const toolOf = ({ servers }: Policy, server: string, tool: string) => JSON.stringify(servers.get(server)?.tools.get(tool))
  const isSame = ([, server, tool]: z.infer<typeof Verdicts>[number]) => toolOf(policy, server, tool) === toolOf(before, server, tool)
  const expected = read(release, 'verdicts.json', Verdicts).filter(isSame)
  expect(decided(release, policy).filter(isSame)).toEqual(expected)
  expect(expected.filter(([, server]) => server === 'things').length).toBeGreaterThan(50)

  const { plane, publicKey, control: controlChain } = read(release, 'chain.json', Chains)
  for (const [id, key] of [
    [plane, publicKey],
    [controlChain.plane, controlChain.publicKey],
  ] as const) {
    const { records, misfiled } = await api.audit.chain({ plane: id, afterSeq: 0, first: 1000 })
    expect(records.length).toBeGreaterThan(10)
    expect(misfiled).toEqual([])
    let head = { seq: 0, hash: FIRST_PREV }
    for (const record of records) {
      expect(faultOf(head, record, createPublicKey({ key, format: 'jwk' }))).toBeUndefined()
      head = { seq: record.header.seq, hash: record.hash }
    }
  }
})
